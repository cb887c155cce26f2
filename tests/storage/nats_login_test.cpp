#include "storage/nats_login.hpp"

#include "storage/error.hpp"

#include <gtest/gtest.h>

namespace larder::nats {

namespace {

server_address at(std::string_view url) {
  auto a = parse_address(url);
  EXPECT_TRUE(a) << url;
  return a ? *a : server_address{};
}

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST(NatsLoginTest, TakesUrlsApart) {
  EXPECT_EQ(at("nats://h"), (server_address{"h", "4222", false, "", ""}));
  EXPECT_EQ(at("tls://u:p%40ss%2@h.example:1/"),
            (server_address{"h.example", "1", true, "u", "p@ss%2"}));
  EXPECT_EQ(at("nats://tok%65n@[::1]:4333"),
            (server_address{"::1", "4333", false, "token", ""}));
  EXPECT_EQ(at("10.0.0.1:4"), (server_address{"10.0.0.1", "4", false, "", ""}));
  EXPECT_EQ(at("nats://[::1]").port, "4222");
}

TEST(NatsLoginTest, RefusesWhatIsNoAddress) {
  for (auto url : {"", "nats://", "nats://:1", "nats://h:x", "nats://h:0",
                   "nats://h:65536", "nats://[::1", "nats://h:"})
    EXPECT_FALSE(parse_address(url)) << url;
}

TEST(NatsLoginTest, ReadsWhatTheServerSaysOfItself) {
  auto info = parse_info(R"({"server_id":"X","max_payload":77,"nonce":"n",)"
                         R"("tls_required":true,"connect_urls":["a:1"]})");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->max_payload, 77u);
  EXPECT_EQ(info->nonce, "n");
  EXPECT_TRUE(info->tls_required);
  EXPECT_FALSE(info->tls_available);
  EXPECT_EQ(info->connect_urls, std::vector<std::string>{"a:1"});
  for (auto text : {"", "HTTP/1.1 400", "[]", R"({"nonce":1})"})
    EXPECT_FALSE(parse_info(text)) << text;
}

TEST(NatsLoginTest, PrefersTheCredentialsOfTheUrl) {
  config::nats_settings s;
  s.user = "configured";
  s.password = "secret";
  auto own = connect_line(s, at("nats://h"), {}, "name");
  ASSERT_TRUE(own);
  EXPECT_TRUE(holds(*own, R"("user":"configured")"));
  EXPECT_TRUE(holds(*own, R"("pass":"secret")"));
  auto of_url = connect_line(s, at("nats://u:p@h"), {}, "name");
  ASSERT_TRUE(of_url);
  EXPECT_TRUE(holds(*of_url, R"("user":"u")"));
  auto token = connect_line(s, at("nats://t@h"), {}, "name");
  ASSERT_TRUE(token);
  EXPECT_TRUE(holds(*token, R"("auth_token":"t")"));
}

TEST(NatsLoginTest, IsOneLineWhateverTheNameHolds) {
  auto line = connect_line({}, at("nats://h"), {}, "a\r\nPUB x 0\xff");
  ASSERT_TRUE(line);
  EXPECT_TRUE(line->starts_with("CONNECT {"));
  EXPECT_EQ(line->find('\n'), line->size() - 1);
}

TEST(NatsLoginTest, WantsTlsWhenAnySettingSaysSo) {
  EXPECT_FALSE(wants_tls({}, at("nats://h")));
  EXPECT_TRUE(wants_tls({}, at("tls://h")));
  config::nats_settings s;
  s.tls_ca_file = "ca.pem";
  EXPECT_TRUE(wants_tls(s, at("nats://h")));
}

}  // namespace larder::nats
