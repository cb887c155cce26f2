#include "tests/support/simulated_signals.hpp"

#include <gtest/gtest.h>

namespace larder::test {
namespace {

struct SimulatedSignalsTest : ::testing::Test {
  world w{1};
  simulated_signal_bus bus{w};
  process a = w.start_node();
  process b = w.start_node();
  simulated_signals to_a{bus, w, a};
  simulated_signals to_b{bus, w, b};
  std::vector<std::string> heard_a, heard_b;

  SimulatedSignalsTest() {
    to_a.listen([this](std::string n) { heard_a.push_back(n); },
                [this] { heard_a.push_back("wake"); });
    to_b.listen([this](std::string n) { heard_b.push_back(n); },
                [this] { heard_b.push_back("wake"); });
  }
  ~SimulatedSignalsTest() override { w.end(); }
};

TEST_F(SimulatedSignalsTest, ReachEveryListenerTheSenderIncluded) {
  to_a.ask_fence("n1");
  w.run_for(1s);
  to_b.wake_relay();
  w.run_for(1s);
  EXPECT_EQ(heard_a, (std::vector<std::string>{"n1", "wake"}));
  EXPECT_EQ(heard_b, heard_a);
}

TEST_F(SimulatedSignalsTest, GetLostAndComeTwice) {
  bus.lose = 0.5;
  for (int i = 0; i < 100; ++i)
    to_a.wake_relay();
  w.run_for(1s);
  EXPECT_GT(heard_b.size(), 25u);
  EXPECT_LT(heard_b.size(), 75u);
  heard_b.clear();
  bus.lose = 0;
  bus.repeat = 1;
  to_a.wake_relay();
  w.run_for(1s);
  EXPECT_EQ(heard_b.size(), 2u);
}

TEST_F(SimulatedSignalsTest, DoNotReachTheDisconnected) {
  to_b.wire().disconnect();
  to_a.wake_relay();
  w.run_for(1s);
  EXPECT_EQ(heard_a.size(), 1u);
  EXPECT_TRUE(heard_b.empty());
  to_b.wake_relay();
  to_b.wire().reconnect();
  w.run_for(1s);
  EXPECT_EQ(heard_a.size(), 1u) << "nothing is kept for later";
  to_a.wake_relay();
  w.run_for(1s);
  EXPECT_EQ(heard_b.size(), 1u);
}

TEST_F(SimulatedSignalsTest, DoNotReachTheDead) {
  w.kill(b);
  to_a.wake_relay();
  w.run_for(1s);
  EXPECT_EQ(heard_a.size(), 1u);
  EXPECT_TRUE(heard_b.empty());
}

}  // namespace
}  // namespace larder::test
