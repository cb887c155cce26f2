#include "storage/registry_http.hpp"

#include "storage/error.hpp"
#include "tests/support/archives.hpp"
#include "tests/support/peak_memory.hpp"
#include "tests/support/raw_http_server.hpp"

#include <gtest/gtest.h>

namespace larder::test {

namespace {

using namespace std::chrono_literals;

std::string answer(const std::string& body, const std::string& lines = {},
                   const std::string& status = "200 OK") {
  return "HTTP/1.1 " + status
         + "\r\nContent-Length: " + std::to_string(body.size())
         + "\r\nConnection: close\r\n" + lines + "\r\n" + body;
}

class RegistryHttpTest : public ::testing::Test {
 protected:
  caf::expected<http_response> get(const std::string& path) {
    request.url = server.url() + path;
    return http.get(request);
  }

  ec code_of_get(const std::string& path) {
    auto got = get(path);
    if (got)
      return ec::none;
    said = message_of(got.error());
    return code_of(got.error());
  }

  std::function<void(const std::string&, const raw_http_server::sender&)>
      script = [](auto&, auto& send) { send(answer("hello")); };
  std::string head;
  std::atomic<bool> answered{false};
  raw_http_server server{[this](auto& got, auto& send) {
    head = got;
    script(got, send);
  }};
  std::shared_ptr<std::atomic<bool>> stop =
      std::make_shared<std::atomic<bool>>(false);
  registry_http http{"larder/1.2.3", stop};
  http_request request;
  std::string said;
};

TEST_F(RegistryHttpTest, NamesTheProductAndPassesHeadersOn) {
  script = [](auto&, auto& send) {
    send(answer("hello", "ETag: \"1\"\r\nlast-modified: yesterday\r\n"
                         "Content-Type: text/x\r\nRetry-After: 7\r\n"));
  };
  request.headers = {"Accept: text/y"};
  auto got = get("/a");
  ASSERT_TRUE(got) << message_of(got.error());
  EXPECT_EQ(got->status, 200);
  EXPECT_EQ(got->body, "hello");
  EXPECT_EQ(got->etag, "\"1\"");
  EXPECT_EQ(got->last_modified, "yesterday");
  EXPECT_EQ(got->content_type, "text/x");
  EXPECT_EQ(got->retry_after, 7s);
  EXPECT_EQ(got->url, server.url() + "/a");
  EXPECT_EQ(got->wire_bytes, 5u);
  EXPECT_NE(head.find("User-Agent: larder/1.2.3\r\n"), std::string::npos);
  EXPECT_NE(head.find("Accept: text/y\r\n"), std::string::npos);
  EXPECT_NE(head.find("Accept-Encoding: "), std::string::npos);
}

TEST_F(RegistryHttpTest, UnpacksTheTransferUnlessItIsTheFile) {
  auto packed = gzip(std::string(100'000, 'x'));
  script = [&](auto&, auto& send) {
    send(answer(packed, "Content-Encoding: gzip\r\n"));
  };
  auto got = get("/");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->body, std::string(100'000, 'x'));
  EXPECT_EQ(got->wire_bytes, packed.size());
  request.as_it_is = true;
  got = get("/");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->body, packed);
  EXPECT_EQ(head.find("Accept-Encoding"), std::string::npos);
}

TEST_F(RegistryHttpTest, TakesNoMoreThanItWasAllowed) {
  request.max_bytes = 1'000;
  script = [](auto&, auto& send) { send(answer(std::string(1'001, 'x'))); };
  EXPECT_EQ(code_of_get("/"), ec::too_large);
  EXPECT_NE(said.find("1000 bytes"), std::string::npos) << said;
  // Not announced.
  script = [](auto&, auto& send) {
    send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
         + std::string(1'001, 'x'));
  };
  EXPECT_EQ(code_of_get("/"), ec::too_large);
  // Small on the wire.
  auto bomb = gzip(std::string(1'000'000, 'x'));
  script = [&](auto&, auto& send) {
    send(answer(bomb, "Content-Encoding: gzip\r\n"));
  };
  EXPECT_EQ(code_of_get("/"), ec::too_large);
}

TEST_F(RegistryHttpTest, AnEndlessAnswerTakesLittleMemory) {
  request.max_bytes = 4 << 20;
  script = [](auto&, auto& send) {
    auto more = std::string(1 << 16, 'x');
    send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    while (send(more))
      continue;
  };
  EXPECT_LT(peak_growth_of([&] { EXPECT_EQ(code_of_get("/"), ec::too_large); }),
            16u << 10);
}

TEST_F(RegistryHttpTest, TakesNoEndlessHeader) {
  script = [](auto&, auto& send) {
    send("HTTP/1.1 200 OK\r\n");
    while (send("X: " + std::string(1'000, 'x') + "\r\n"))
      continue;
  };
  EXPECT_EQ(code_of_get("/"), ec::too_large);
}

TEST_F(RegistryHttpTest, EndsInACircleOfRedirects) {
  script = [&](auto&, auto& send) {
    send(answer("", "Location: /again\r\n", "302 Found"));
  };
  EXPECT_EQ(code_of_get("/"), ec::invalid_request);
  EXPECT_NE(said.find("redirects"), std::string::npos);
  EXPECT_EQ(server.connections(), 6);
}

TEST_F(RegistryHttpTest, FollowsRedirectsButNotToFiles) {
  script = [&](const std::string& got, auto& send) {
    if (got.find("GET /there ") != std::string::npos)
      send(answer("found", "ETag: new\r\n"));
    else
      send(answer("", "ETag: old\r\nLocation: /there\r\n", "301 Moved"));
  };
  auto got = get("/here");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->body, "found");
  EXPECT_EQ(got->etag, "new");
  EXPECT_EQ(got->url, server.url() + "/there");
  script = [&](auto&, auto& send) {
    send(answer("", "Location: file:///etc/passwd\r\n", "302 Found"));
  };
  EXPECT_EQ(code_of_get("/"), ec::invalid_request);
  EXPECT_EQ(said.find("root:"), std::string::npos);
}

TEST_F(RegistryHttpTest, ACredentialStaysWithItsHost) {
  std::string seen;
  raw_http_server other{[&](auto& got, auto& send) {
    seen = got;
    send(answer("x"));
  }};
  script = [&](auto&, auto& send) {
    send(answer("", "Location: " + other.url() + "/\r\n", "302 Found"));
  };
  request.headers = {"Authorization: Bearer secret"};
  ASSERT_TRUE(get("/"));
  EXPECT_NE(head.find("secret"), std::string::npos);
  EXPECT_EQ(seen.find("secret"), std::string::npos);
}

TEST_F(RegistryHttpTest, WhatEndsTooSoonIsNoAnswer) {
  for (auto& whole :
       {answer("0123456789"),
        std::string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "5\r\nhello\r\n0\r\n\r\n"}}) {
    // The last bytes of a chunked body's end do not matter.
    for (std::size_t size = 0; size + 4 < whole.size(); ++size) {
      script = [&](auto&, auto& send) { send(whole.substr(0, size)); };
      EXPECT_EQ(code_of_get("/"), ec::unavailable) << whole.substr(0, size);
    }
  }
}

TEST_F(RegistryHttpTest, TakesNothingElseForHttp) {
  script = [](auto&, auto& send) { send("220 ready\r\n"); };
  EXPECT_EQ(code_of_get("/"), ec::unavailable);
  EXPECT_NE(said.find("HTTP"), std::string::npos) << said;
}

TEST_F(RegistryHttpTest, WaitsNoLongerThanItIsTold) {
  script = [&](auto&, auto&) { answered.wait(false); };
  request.timeout = 50ms;
  EXPECT_EQ(code_of_get("/"), ec::deadline_exceeded);
  answered = true;
  answered.notify_all();
}

TEST_F(RegistryHttpTest, EndsWhenTheNodeStops) {
  script = [&](auto&, auto& send) {
    send("HTTP/1.1 200 OK\r\n\r\n");
    *stop = true;
    while (send("X"))
      std::this_thread::yield();
  };
  EXPECT_EQ(code_of_get("/"), ec::unavailable);
}

TEST_F(RegistryHttpTest, SaysThatNobodyIsThereWithoutTheLogin) {
  request.url = "http://me:secret@127.0.0.1:1/x";
  auto got = http.get(request);
  ASSERT_FALSE(got);
  EXPECT_EQ(code_of(got.error()), ec::unavailable);
  EXPECT_EQ(message_of(got.error()).find("secret"), std::string::npos);
  request.url = "no url";
  EXPECT_EQ(code_of(http.get(request).error()), ec::invalid_request);
}

TEST(RetryAfterTest, IsSecondsOrADate) {
  auto now = std::chrono::system_clock::from_time_t(784'111'777);
  EXPECT_EQ(parse_retry_after(" 120 ", now), 120s);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:47 GMT", now), 10s);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now), 0s);
  EXPECT_FALSE(parse_retry_after("soon", now));
  EXPECT_FALSE(parse_retry_after("", now));
}

TEST(UrlTest, IsTakenApart) {
  EXPECT_EQ(without_login("http://u:p@h/x@y"), "http://h/x@y");
  EXPECT_EQ(without_login("http://h/x@y"), "http://h/x@y");
  EXPECT_EQ(origin_of("https://h:1/x"), "https://h:1");
  EXPECT_EQ(origin_of("x"), "");
  EXPECT_EQ(resolve_url("http://h/a/b/", "../c#d"), "http://h/a/c#d");
  EXPECT_EQ(resolve_url("http://h/a/", "http://i/c"), "http://i/c");
  EXPECT_FALSE(resolve_url("", "x"));
}

}  // namespace

}  // namespace larder::test
