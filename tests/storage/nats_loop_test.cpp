#include "storage/nats_loop.hpp"

#include "storage/nats_client.hpp"
#include "storage/nats_nkey.hpp"
#include "tests/storage/nats_client_peers.hpp"
#include "tests/support/certificate.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/ports.hpp"

#include <atomic>
#include <fstream>
#include <thread>

namespace larder::nats {

using namespace larder::test;

namespace {

constexpr auto header = "NATS/1.0\r\nSeen: yes\r\n\r\n";

/// A loop that runs and answers every request on "ask.>" with its own body.
class echoing {
 public:
  explicit echoing(const config::nats_settings& settings) {
    auto made = loop::open(settings, "echoing");
    if (!made)
      throw std::runtime_error(message_of(made.error()));
    loop_ = std::move(*made);
    loop_->subscribe("ask.>", "queue", [this](const request& r) {
      ++asked;
      last_header = std::string{r.header("Ask").value_or("none")};
      if (!loop_->publish(r.reply(), header, r.data()))
        loop_->publish(r.reply(), "", "too large");
    });
    thread_ = std::thread{[this] {
      while (!ended_)
        loop_->turn(1s);
      loop_->flush(500ms);
    }};
  }
  ~echoing() {
    ended_ = true;
    loop_->wake();
    thread_.join();
  }

  loop& operator*() { return *loop_; }
  loop* operator->() { return loop_.get(); }
  bool comes_up() {
    return eventually([this] { return loop_->connected(); }, 10s);
  }

  std::atomic<int> asked{0};
  /// Written by the loop's thread before it answers.
  std::string last_header;

 private:
  std::unique_ptr<loop> loop_;
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

std::string ask(client& c, const std::string& body, const headers& lines = {}) {
  auto reply = c.request_sync("ask.me", lines, body, 5s);
  return reply ? std::string{reply->data()} : message_of(reply.error());
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream{path} << text;
}

}  // namespace

TEST(NatsLoopTest, AnswersWithHeadersAndBody) {
  nats_server server;
  echoing service{server.settings()};
  ASSERT_TRUE(service.comes_up());
  auto c = connected_to(server);
  auto reply = c->request_sync("ask.me", {{"Ask", "a b"}}, "body", 5s);
  ASSERT_TRUE(reply) << message_of(reply.error());
  EXPECT_EQ(reply->data(), "body");
  EXPECT_EQ(reply->header("Seen"), "yes");
  EXPECT_EQ(service.last_header, "a b");
}

TEST(NatsLoopTest, KeepsEveryByteOf512KiBAndRefusesWhatTheServerWould) {
  nats_server server;
  echoing service{server.settings()};
  ASSERT_TRUE(service.comes_up());
  auto c = connected_to(server);
  std::string body(512 << 10, '\0');
  for (std::size_t i = 0; i < body.size(); ++i)
    body[i] = static_cast<char>(i * 7 + i / 256);
  EXPECT_TRUE(ask(*c, body) == body);
  // With our header it would be more than max_payload.
  EXPECT_EQ(ask(*c, std::string(service->max_payload(), 'x')), "too large");
  EXPECT_EQ(ask(*c, "still here"), "still here");
}

TEST(NatsLoopTest, AnswersManyRequestsAtOnce) {
  nats_server server;
  echoing service{server.settings()};
  ASSERT_TRUE(service.comes_up());
  auto c = connected_to(server);
  constexpr int many = 5'000;
  std::atomic<int> right{0};
  mailbox<int> done;
  for (int i = 0; i < many; ++i) {
    auto body = std::string(static_cast<std::size_t>(i), 'x');
    c->request("ask.me", {}, body, 10s, [&, body](auto reply) {
      if (reply && reply->data() == body)
        ++right;
      done.put(0);
    });
  }
  for (int i = 0; i < many; ++i)
    ASSERT_TRUE(done.next(10s)) << i;
  EXPECT_EQ(right, many);
}

TEST(NatsLoopTest, ComesBackWhenTheServerDoes) {
  nats_server server;
  echoing service{server.settings()};
  ASSERT_TRUE(service.comes_up());
  server.kill();
  ASSERT_TRUE(eventually([&] { return !service->connected(); }));
  server.start();
  ASSERT_TRUE(service.comes_up());
  EXPECT_EQ(service->reconnects(), 1u);
  auto c = connected_to(server);
  EXPECT_EQ(ask(*c, "back"), "back");
}

TEST(NatsLoopTest, StartsBeforeItsServer) {
  nats_server server;
  server.stop();
  echoing service{server.settings()};
  EXPECT_FALSE(service->connected());
  server.start();
  EXPECT_TRUE(service.comes_up());
}

TEST(NatsLoopTest, GoesOnToTheNextServer) {
  nats_server server;
  auto settings = server.settings();
  settings.url = "nats://127.0.0.1:" + std::to_string(free_port())
                 + ",nats://nowhere.invalid:1," + settings.url;
  echoing service{settings};
  EXPECT_TRUE(service.comes_up());
}

TEST(NatsLoopTest, NoticesAServerThatNoLongerAnswers) {
  nats_server server;
  auto settings = server.settings();
  settings.ping_interval = 100ms;
  settings.connect_timeout = 500ms;
  echoing service{settings};
  ASSERT_TRUE(service.comes_up());
  server.freeze();
  EXPECT_TRUE(eventually([&] { return !service->connected(); }, 5s));
  server.thaw();
  EXPECT_TRUE(service.comes_up());
}

TEST(NatsLoopTest, HandsOutEverythingBeforeItIsDrained) {
  nats_server server;
  echoing service{server.settings()};
  ASSERT_TRUE(service.comes_up());
  auto c = connected_to(server);
  constexpr int many = 1'000;
  mailbox<int> answered;
  for (int i = 0; i < many; ++i)
    c->request("ask.me", {}, "x", 10s,
               [&](auto reply) { answered.put(reply ? 1 : 0); });
  // The server has them all, and hears of the drain after them.
  ASSERT_TRUE(c->flush(5s));
  service->drain();
  ASSERT_TRUE(eventually([&] { return service->drained(); }));
  EXPECT_EQ(service.asked, many);
  for (int i = 0; i < many; ++i)
    EXPECT_EQ(answered.next(), 1);
  auto late = c->request_sync("ask.me", {}, "", 2s);
  ASSERT_TRUE(late);
  EXPECT_TRUE(late->is_no_responders());
}

TEST(NatsLoopTest, LogsInWithEveryKindOfCredentials) {
  auto seed = "SUAMLK2ZNL35WSMW37E7UD4VZ7ELPKW7DHC3BWBSD2GCZ7IUQQXZIORRBU";
  {
    nats_server server{"authorization { user: u, password: \"p w\" }"};
    auto settings = server.settings();
    settings.user = "u";
    settings.password = "p w";
    EXPECT_TRUE(echoing{settings}.comes_up());
    settings = server.settings();
    settings.url.insert(7, "u:p%20w@");
    EXPECT_TRUE(echoing{settings}.comes_up());
  }
  {
    nats_server server{"authorization { token: t0ken }"};
    auto settings = server.settings();
    settings.token = "t0ken";
    EXPECT_TRUE(echoing{settings}.comes_up());
  }
  nats_server server{"authorization { users: [ { nkey: " + *public_nkey(seed)
                     + " } ] }"};
  auto settings = server.settings();
  settings.nkey_seed_file = server.directory() + "/seed";
  write_file(settings.nkey_seed_file, seed);
  EXPECT_TRUE(echoing{settings}.comes_up());
}

TEST(NatsLoopTest, IsNotConnectedWithWrongCredentials) {
  nats_server server{"authorization { user: u, password: right }"};
  auto settings = server.settings();
  settings.user = "u";
  settings.password = "wrong";
  echoing service{settings};
  ASSERT_TRUE(eventually([&] {
    return server.log().find("authentication error") != std::string::npos;
  }));
  EXPECT_FALSE(service->connected());
}

TEST(NatsLoopTest, SpeaksTlsWithAServerThatItCanVerify) {
  nats_server server{"", false};
  write_certificate(server.directory());
  server.stop();
  server.configure("tls { cert_file: \"DIRECTORY/cert.pem\", key_file: "
                   "\"DIRECTORY/key.pem\" }");
  server.start();
  auto settings = server.settings();
  settings.tls_ca_file = server.directory() + "/cert.pem";
  {
    echoing service{settings};
    ASSERT_TRUE(service.comes_up());
    auto c = client::connect_now(settings, "test");
    ASSERT_TRUE(c) << message_of(c.error());
    std::string body(300'000, 'x');
    EXPECT_TRUE(ask(**c, body) == body);
  }
  // Nobody vouches for the certificate here.
  settings.tls_ca_file.clear();
  settings.tls_required = true;
  settings.connect_timeout = 500ms;
  echoing stranger{settings};
  ASSERT_TRUE(eventually([&] {
    return server.log().find("TLS handshake error") != std::string::npos;
  }));
  EXPECT_FALSE(stranger->connected());
}

TEST(NatsLoopTest, RefusesSettingsThatCannotBeUsed) {
  config::nats_settings settings;
  settings.url = "nats://h:x";
  auto made = loop::open(settings, "x");
  ASSERT_FALSE(made);
  EXPECT_EQ(code_of(made.error()), ec::configuration);
}

}  // namespace larder::nats
