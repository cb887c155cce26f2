// The client while its server dies, is silent, refuses it, and comes back.
#include "tests/storage/nats_client_peers.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/ports.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

namespace larder::nats {

using namespace larder::test;
using std::chrono::steady_clock;

TEST(NatsClientFaultsTest, FailsWhatIsPendingWhenTheServerDies) {
  nats_server server;
  auto c = connected_to(server);
  auto silent = c->subscribe("slow", {}, [](message) {});
  ASSERT_TRUE(c->flush(2s));
  mailbox<ec> outcome;
  for (int i = 0; i < 10; ++i)
    c->request("slow", {}, "", 30s, [&](caf::expected<message> m) {
      outcome.put(m ? ec::none : code_of(m.error()));
    });
  auto begin = steady_clock::now();
  server.kill();
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(outcome.next(), ec::unavailable);
  EXPECT_LT(steady_clock::now() - begin, 1s);
}

TEST(NatsClientFaultsTest, FailsAtOnceWhileDisconnectedAndSendsNothingLater) {
  nats_server server;
  auto c = connected_to(server);
  server.stop();
  ASSERT_TRUE(eventually([&] { return !c->connected(); }));
  auto begin = steady_clock::now();
  auto reply = c->request_sync("svc", {}, "", 30s);
  ASSERT_FALSE(reply);
  EXPECT_EQ(code_of(reply.error()), ec::unavailable);
  EXPECT_FALSE(c->publish("later", {}, "x"));
  EXPECT_LT(steady_clock::now() - begin, 200ms);
  std::atomic<int> got{0};
  auto sub = c->subscribe("later", {}, [&](message) { ++got; });
  ASSERT_TRUE(sub);
  server.start();
  ASSERT_TRUE(c->wait_connected(5s));
  ASSERT_TRUE(c->publish("later", {}, "y"));
  ASSERT_TRUE(eventually([&] { return got == 1; }));
  EXPECT_FALSE(eventually([&] { return got > 1; }, 50ms));
}

TEST(NatsClientFaultsTest, IsBackWithinASecondOfTheServerWithItsSubscriptions) {
  nats_server server;
  auto c = connected_to(server);
  auto service = echo(*c, "svc");
  mailbox<bool> news;
  auto watch = c->watch([&](bool up) { news.put(up); });
  server.kill();
  EXPECT_EQ(news.next(), false);
  server.start();
  auto begin = steady_clock::now();
  EXPECT_EQ(news.next(), true);
  EXPECT_LT(steady_clock::now() - begin, 1s);
  auto reply = c->request_sync("svc", {}, "again", 2s);
  ASSERT_TRUE(reply) << message_of(reply.error());
  EXPECT_EQ(reply->data(), "again");
}

TEST(NatsClientFaultsTest, ConnectsInTheBackgroundToAServerThatComesLater) {
  nats_server server;
  auto settings = server.settings();
  server.stop();
  auto c = client::connect(settings, "test");
  ASSERT_TRUE(c);
  std::atomic<int> got{0};
  auto sub = (*c)->subscribe("early", {}, [&](message) { ++got; });
  ASSERT_TRUE(sub);
  auto not_yet = (*c)->wait_connected(300ms);
  ASSERT_FALSE(not_yet);
  EXPECT_NE(message_of(not_yet.error()).find("no NATS server answers"),
            std::string::npos);
  server.start();
  ASSERT_TRUE((*c)->wait_connected(5s));
  ASSERT_TRUE((*c)->publish("early", {}, ""));
  EXPECT_TRUE(eventually([&] { return got == 1; }));
}

TEST(NatsClientFaultsTest, NoticesASilentServer) {
  nats_server server;
  auto c = connected_to(server);
  server.freeze();
  auto begin = steady_clock::now();
  EXPECT_TRUE(eventually([&] { return !c->connected(); }, 10s));
  EXPECT_LT(steady_clock::now() - begin, 5s);
  server.thaw();
  EXPECT_TRUE(c->wait_connected(5s));
}

TEST(NatsClientFaultsTest, DoesNotBlockItsCallersOnASilentServer) {
  nats_server server;
  auto c = connected_to(server);
  auto silent = c->subscribe("slow", {}, [](message) {});
  ASSERT_TRUE(c->flush(2s));
  server.freeze();
  std::string body(64 << 10, 'x');
  // What the socket takes, then the refusal: 16 MiB at 8 MiB/s.
  milliseconds longest{0};
  for (int i = 0; i < 256; ++i) {
    auto begin = steady_clock::now();
    c->request("slow", {}, body, 5s, [](auto) {});
    longest = std::max(longest, std::chrono::duration_cast<milliseconds>(
                                    steady_clock::now() - begin));
    std::this_thread::sleep_for(8ms);
  }
  EXPECT_LT(longest, 200ms);
  server.thaw();
}

TEST(NatsClientFaultsTest, ComesBackWhenItsCredentialsAreAcceptedAgain) {
  nats_server server{"authorization { user: u, password: first }"};
  auto settings = server.settings();
  settings.user = "u";
  settings.password = "first";
  auto made = client::connect_now(settings, "test");
  ASSERT_TRUE(made) << message_of(made.error());
  auto c = *made;
  std::atomic<int> got{0};
  auto sub = c->subscribe("s", {}, [&](message) { ++got; });
  server.stop();
  server.configure("authorization { user: u, password: other }");
  server.start();
  // nats.c ends a connection for good after two refusals.
  ASSERT_TRUE(eventually(
      [&] {
        auto state = c->wait_connected(1ms);
        return !state
               && message_of(state.error()).find("refused the credentials")
                      != std::string::npos;
      },
      10s));
  server.stop();
  server.configure("authorization { user: u, password: first }");
  server.start();
  ASSERT_TRUE(c->wait_connected(10s));
  ASSERT_TRUE(c->publish("s", {}, ""));
  EXPECT_TRUE(eventually([&] { return got == 1; }));
}

TEST(NatsClientFaultsTest, NamesWhyItCannotConnect) {
  nats_server server{"authorization { user: u, password: right }"};
  auto settings = server.settings();
  settings.user = "u";
  settings.password = "wrong-secret";
  auto said = refusal(settings);
  EXPECT_NE(said.find("refused the credentials"), std::string::npos) << said;
  EXPECT_EQ(said.find("wrong-secret"), std::string::npos);
  settings.password = "right";
  EXPECT_EQ(refusal(settings), "connected");

  settings.tls_required = true;
  EXPECT_NE(refusal(settings).find("does not offer TLS"), std::string::npos);

  config::nats_settings nobody;
  nobody.url = "nats://u:secret@127.0.0.1:" + std::to_string(free_port());
  said = refusal(nobody);
  EXPECT_NE(said.find("no NATS server answers at nats://127.0.0.1"),
            std::string::npos)
      << said;
  EXPECT_EQ(said.find("secret"), std::string::npos);

  nobody.url = "http://127.0.0.1";
  EXPECT_NE(refusal(nobody).find("not a scheme"), std::string::npos);
  nobody.url = "nats://no-such-host.invalid:4222";
  EXPECT_NE(refusal(nobody), "connected");
}

TEST(NatsClientFaultsTest, FindsTheServerThatLivesAmongSeveral) {
  nats_server server;
  auto settings = server.settings();
  settings.url =
      "nats://127.0.0.1:" + std::to_string(free_port()) + ", " + settings.url;
  EXPECT_EQ(refusal(settings), "connected");
}

}  // namespace larder::nats
