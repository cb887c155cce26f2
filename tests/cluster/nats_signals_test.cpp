#include "cluster/nats_signals.hpp"

#include "storage/error.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/nats_server.hpp"

#include <gtest/gtest.h>

#include <atomic>

namespace larder {

namespace {

using namespace larder::test;

std::shared_ptr<nats::client> connected_to(const nats_server& s) {
  auto c = nats::client::connect_now(s.settings(), "test");
  if (!c)
    throw std::runtime_error(message_of(c.error()));
  return *c;
}

}  // namespace

TEST(NatsSignalsTest, CarriesANonceToTheRelayOfItsCluster) {
  nats_server server;
  auto relay = connected_to(server);
  auto node = connected_to(server);
  mailbox<std::string> nonces;
  mailbox<std::string> elsewhere;
  nats_signals a{relay, "blue"};
  a.listen([&](std::string n) { nonces.put(std::move(n)); }, [] {});
  nats_signals b{relay, "green"};
  b.listen([&](std::string n) { elsewhere.put(std::move(n)); }, [] {});
  ASSERT_TRUE(relay->flush(2s));
  nats_signals asking{node, "blue"};
  asking.ask_fence("n1-17");
  EXPECT_EQ(nonces.next(), "n1-17");
  EXPECT_EQ(elsewhere.next(50ms), std::nullopt);
}

TEST(NatsSignalsTest, MakesOneWakeOfABurstAndLosesNotItsLast) {
  nats_server server;
  auto relay = connected_to(server);
  auto node = connected_to(server);
  std::atomic<int> wakes{0};
  std::atomic<int> written{0};
  std::atomic<int> seen{0};
  nats_signals listening{relay, "larder"};
  listening.listen([](std::string) {},
                   [&] {
                     seen = written.load();
                     ++wakes;
                   });
  ASSERT_TRUE(relay->flush(2s));
  nats_signals waking{node, "larder"};
  for (int i = 0; i < 100'000; ++i) {
    ++written;
    waking.wake_relay();
  }
  EXPECT_TRUE(eventually([&] { return seen == written; }));
  EXPECT_GE(wakes, 1);
  EXPECT_LT(wakes, 5'000);
}

TEST(NatsSignalsTest, SaysNothingOnceItIsGone) {
  nats_server server;
  auto c = connected_to(server);
  std::atomic<int> got{0};
  {
    nats_signals s{c, "larder"};
    s.listen([&](std::string) { ++got; }, [&] { ++got; });
    ASSERT_TRUE(c->flush(2s));
  }
  nats_signals other{c, "larder"};
  other.ask_fence("x");
  other.wake_relay();
  ASSERT_TRUE(c->flush(2s));
  EXPECT_FALSE(eventually([&] { return got > 0; }, 100ms));
}

}  // namespace larder
