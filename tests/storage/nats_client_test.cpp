#include "storage/nats_client.hpp"

#include "storage/nats_nkey.hpp"
#include "tests/storage/nats_client_peers.hpp"
#include "tests/support/eventually.hpp"

#include <atomic>
#include <fstream>
#include <thread>

namespace larder::nats {

using namespace larder::test;
using std::chrono::steady_clock;

TEST(NatsClientTest, CarriesBodyAndHeadersOfARequestAndItsReply) {
  nats_server server;
  auto c = connected_to(server);
  auto service = echo(*c, "svc");
  auto reply = c->request_sync("svc", {{"Ask", "a b"}}, "body", 2s);
  ASSERT_TRUE(reply) << message_of(reply.error());
  EXPECT_EQ(reply->data(), "body");
  EXPECT_EQ(reply->header("Seen"), "a b");
  EXPECT_EQ(reply->header("Other"), std::nullopt);
  EXPECT_EQ(reply->status(), 0);
}

TEST(NatsClientTest, KeepsEveryByteOf512KiB) {
  nats_server server;
  auto c = connected_to(server);
  auto service = echo(*c, "svc");
  std::string body(512 << 10, '\0');
  for (std::size_t i = 0; i < body.size(); ++i)
    body[i] = static_cast<char>(i * 7 + i / 256);
  auto reply = c->request_sync("svc", {}, body, 5s);
  ASSERT_TRUE(reply) << message_of(reply.error());
  EXPECT_TRUE(reply->data() == body);
}

TEST(NatsClientTest, SaysWhenNobodyListens) {
  nats_server server;
  auto c = connected_to(server);
  auto reply = c->request_sync("nobody", {}, "", 2s);
  ASSERT_TRUE(reply);
  EXPECT_TRUE(reply->is_no_responders());
  EXPECT_EQ(reply->status(), 503);
}

TEST(NatsClientTest, GivesUpAtTheDeadlineAndIgnoresALateReply) {
  nats_server server;
  auto c = connected_to(server);
  mailbox<std::string> asked;
  auto service = c->subscribe(
      "slow", {}, [&](message m) { asked.put(std::string{m.reply()}); });
  ASSERT_TRUE(service);
  auto begin = steady_clock::now();
  auto reply = c->request_sync("slow", {}, "", 100ms);
  auto took = steady_clock::now() - begin;
  ASSERT_FALSE(reply);
  EXPECT_EQ(code_of(reply.error()), ec::deadline_exceeded);
  EXPECT_GE(took, 100ms);
  EXPECT_LT(took, 500ms);
  c->publish(*asked.next(), {}, "late");
  EXPECT_TRUE(eventually([&] { return c->counters().late_replies == 1; }));
  EXPECT_EQ(c->counters().pending, 0u);
}

TEST(NatsClientTest, CompletesTheShorterDeadlineFirst) {
  nats_server server;
  auto c = connected_to(server);
  auto silent = c->subscribe("slow", {}, [](message) {});
  mailbox<int> order;
  c->request("slow", {}, "", 400ms, [&](auto) { order.put(2); });
  c->request("slow", {}, "", 50ms, [&](auto) { order.put(1); });
  EXPECT_EQ(order.next(), 1);
  EXPECT_EQ(order.next(), 2);
}

TEST(NatsClientTest, AnswersThousandsOfRequestsInFlightEachOnce) {
  nats_server server;
  auto c = connected_to(server);
  auto service = echo(*c, "svc");
  constexpr int n = 5'000;
  std::vector<std::atomic<int>> seen(n);
  std::atomic<int> all{0};
  for (int i = 0; i < n; ++i)
    c->request("svc", {}, std::to_string(i), 10s,
               [&, i](caf::expected<message> m) {
                 if (m && m->data() == std::to_string(i))
                   ++seen[static_cast<std::size_t>(i)];
                 ++all;
               });
  ASSERT_TRUE(eventually([&] { return all == n; }, 10s));
  for (auto& s : seen)
    ASSERT_EQ(s, 1);
}

TEST(NatsClientTest, CollectsTheRepliesOfMany) {
  nats_server server;
  auto a = connected_to(server);
  auto b = connected_to(server);
  auto sa = echo(*a, "all");
  auto sb = echo(*b, "all");
  auto replies = a->request_many("all", {}, "x", 2s, 200ms);
  ASSERT_TRUE(replies);
  EXPECT_EQ(replies->size(), 2u);
  auto first = a->request_many("all", {}, "x", 2s, 200ms,
                               [](const message&) { return true; });
  ASSERT_TRUE(first);
  EXPECT_EQ(first->size(), 1u);
  auto none = a->request_many("nobody", {}, "x", 2s, 200ms);
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
}

TEST(NatsClientTest, GivesAMessageToOneMemberOfAQueue) {
  nats_server server;
  auto c = connected_to(server);
  std::atomic<int> got{0};
  auto one = c->subscribe("q", "group", [&](message) { ++got; });
  auto two = c->subscribe("q", "group", [&](message) { ++got; });
  ASSERT_TRUE(one && two);
  for (int i = 0; i < 100; ++i)
    ASSERT_TRUE(c->publish("q", {}, "x"));
  ASSERT_TRUE(c->flush(2s));
  EXPECT_TRUE(eventually([&] { return got == 100; }));
  EXPECT_FALSE(eventually([&] { return got > 100; }, 50ms));
}

TEST(NatsClientTest, EndsASubscriptionWhileMessagesPourIn) {
  nats_server server;
  auto c = connected_to(server);
  auto sender = connected_to(server);
  std::atomic<bool> done{false};
  std::thread pour{[&] {
    while (!done)
      sender->publish("flood", {}, "x");
  }};
  for (int i = 0; i < 200; ++i) {
    std::atomic<bool> ended{false};
    std::atomic<int> after{0};
    std::atomic<int> got{0};
    auto sub = c->subscribe("flood", {}, [&](message) {
      ++got;
      if (ended)
        ++after;
    });
    ASSERT_TRUE(sub);
    ASSERT_TRUE(eventually([&] { return got > 0; }));
    sub->reset();
    ended = true;
    ASSERT_EQ(after, 0);
  }
  done = true;
  pour.join();
}

TEST(NatsClientTest, LetsAHandlerEndItsOwnSubscription) {
  nats_server server;
  auto c = connected_to(server);
  subscription sub;
  mailbox<int> got;
  auto made = c->subscribe("once", {}, [&](message) {
    got.put(1);
    sub.reset();
  });
  ASSERT_TRUE(made);
  sub = std::move(*made);
  c->publish("once", {}, "");
  c->publish("once", {}, "");
  EXPECT_EQ(got.next(), 1);
  EXPECT_EQ(got.next(100ms), std::nullopt);
}

TEST(NatsClientTest, FailsWhatIsPendingWhenItIsClosed) {
  nats_server server;
  auto c = connected_to(server);
  auto silent = c->subscribe("slow", {}, [](message) {});
  std::atomic<int> failed{0};
  c->request("slow", {}, "", 30s, [&](caf::expected<message> m) {
    failed += !m && code_of(m.error()) == ec::unavailable;
  });
  c->close();
  EXPECT_EQ(failed, 1);
  auto reply = c->request_sync("slow", {}, "", 30s);
  ASSERT_FALSE(reply);
  EXPECT_EQ(code_of(reply.error()), ec::unavailable);
}

TEST(NatsClientTest, MayEndInItsOwnCompletion) {
  nats_server server;
  auto c = connected_to(server);
  auto service = echo(*c, "svc");
  auto done = std::make_shared<mailbox<bool>>();
  auto raw = c.get();
  // The completion is the last owner.
  raw->request("svc", {}, "", 200ms, [c, done](auto) mutable {
    c.reset();
    done->put(true);
  });
  service.reset();
  c.reset();
  EXPECT_TRUE(done->next());
}

TEST(NatsClientTest, RefusesWhatWouldBreakTheProtocol) {
  nats_server server;
  auto c = connected_to(server);
  for (auto subject : {"", "a b", "a\r\nPUB b 0\r\n", "a\tb"}) {
    auto r = c->publish(subject, {}, "x");
    ASSERT_FALSE(r) << subject;
    EXPECT_EQ(code_of(r.error()), ec::invalid_request);
  }
  auto r = c->publish("a", {{"H", "x\r\nEvil: y"}}, "x");
  ASSERT_FALSE(r);
  EXPECT_EQ(code_of(r.error()), ec::invalid_request);
  auto big = c->publish("a", {}, std::string(c->max_payload() + 1, 'x'));
  ASSERT_FALSE(big);
  EXPECT_EQ(code_of(big.error()), ec::too_large);
  EXPECT_TRUE(c->connected());
}

TEST(NatsClientTest, CallsLaterInOrderOfTime) {
  nats_server server;
  auto c = connected_to(server);
  mailbox<int> order;
  c->run_after(60ms, [&] { order.put(2); });
  c->run_after(10ms, [&] { order.put(1); });
  EXPECT_EQ(order.next(), 1);
  EXPECT_EQ(order.next(), 2);
}

TEST(NatsClientTest, LogsInWithAnNkeySeedAlone) {
  constexpr auto seed =
      "SUAMLK2ZNL35WSMW37E7UD4VZ7ELPKW7DHC3BWBSD2GCZ7IUQQXZIORRBU";
  auto half = public_nkey(seed);
  ASSERT_TRUE(half) << message_of(half.error());
  // The server checks a signature: it accepts the pair only if it is one.
  nats_server server{"authorization { users = [ { nkey: " + *half + " } ] }"};
  auto settings = server.settings();
  EXPECT_NE(refusal(settings), "connected");
  settings.nkey_seed_file = server.directory() + "/user.nk";
  std::ofstream{settings.nkey_seed_file} << "# a comment\n" << seed << '\n';
  EXPECT_EQ(refusal(settings), "connected");
}

}  // namespace larder::nats
