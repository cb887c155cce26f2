#include "tests/support/world.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace larder::test {
namespace {

using tick_atom = caf::atom_constant<caf::atom("tick")>;

// Three nodes of three actors each, all with timers, all noting what they do.
std::uint64_t history(std::uint64_t seed) {
  world w{seed};
  for (int node = 0; node < 3; ++node) {
    auto p = w.start_node();
    auto& actors = w.actors(p);
    for (int i = 0; i < 3; ++i)
      actors.own(actors.system().spawn(
          [&w, node, i](caf::event_based_actor* self) -> caf::behavior {
            caf::anon_send(self, tick_atom::value);
            return {[&w, node, i, self](tick_atom) {
              w.note(std::to_string(node) + "/" + std::to_string(i));
              self->delayed_send(self, 10ms, tick_atom::value);
            }};
          }));
  }
  w.run_for(1s);
  return w.hash();
}

TEST(WorldTest, RepeatsTheHistoryOfASeed) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed)
    EXPECT_EQ(history(seed), history(seed));
  EXPECT_NE(history(1), history(2));
  EXPECT_NE(history(2), history(3));
}

TEST(WorldTest, RunsEventsInTheOrderOfTheirTimes) {
  world w{1};
  std::vector<int> seen;
  w.after(2ms, [&] { seen.push_back(2); });
  w.after(1ms, [&] {
    seen.push_back(1);
    w.after(5ms, [&] { seen.push_back(4); });
  });
  w.after(3ms, [&] { seen.push_back(3); });
  w.run_until(3ms);
  EXPECT_EQ(seen, (std::vector{1, 2, 3}));
  EXPECT_EQ(w.now(), 3ms);
  w.run_for(1h);
  EXPECT_EQ(seen, (std::vector{1, 2, 3, 4}));
  EXPECT_EQ(w.now(), 1h + 3ms);
}

TEST(WorldTest, RunsAnActorsTimeoutsAtTheirWorldTime) {
  world w{1};
  auto p = w.start_node();
  auto& actors = w.actors(p);
  std::vector<world::duration> at;
  actors.own(
      actors.system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
        self->delayed_send(self, 1500ms, tick_atom::value);
        return {[&](tick_atom) { at.push_back(w.now()); }};
      }));
  w.run_for(5s);
  ASSERT_EQ(at.size(), 1u);
  EXPECT_GE(at[0], 1500ms);
  EXPECT_LE(at[0], 1510ms);
}

struct frozen_node : ::testing::Test {
  world w{1};
  process p = w.start_node();
  std::vector<std::string> seen;
  caf::actor_clock::time_point woke_at;

  void SetUp() override {
    auto& actors = w.actors(p);
    actors.own(actors.system().spawn(
        [this](caf::event_based_actor* self) -> caf::behavior {
          self->delayed_send(self, 1s, tick_atom::value);
          return {[this, self](tick_atom) {
            seen.push_back("tick");
            woke_at = self->clock().now();
          }};
        }));
    w.run_for(500ms);
  }
};

TEST_F(frozen_node, DoesNothingAndCatchesUpInOrder) {
  auto before = w.actors(p).now();
  w.freeze(p);
  w.after_in(p, 2s, [this] { seen.push_back("b"); });
  w.after_in(p, 1s, [this] { seen.push_back("a"); });
  w.run_for(10s);
  EXPECT_TRUE(seen.empty());
  w.thaw(p);
  w.after_in(p, 0s, [this] { seen.push_back("c"); });
  w.run_for(1ms);
  std::erase(seen, "tick");
  EXPECT_EQ(seen, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_GE(woke_at - before, 10s) << "a stopped process's clock runs on";
}

TEST_F(frozen_node, HasMissedTheTimeOfASuspendedMachine) {
  auto before = w.actors(p).now();
  w.freeze(p, true);
  w.run_for(10s);
  w.thaw(p);
  EXPECT_EQ(w.actors(p).now(), before);
  w.run_for(400ms);
  EXPECT_TRUE(seen.empty()) << "by its own clock the second is not over";
  w.run_for(200ms);
  EXPECT_EQ(seen.size(), 1u);
}

TEST_F(frozen_node, SeesItsClockSkip) {
  w.skip_clock(p, 15min);
  w.run_for(1ms);
  EXPECT_EQ(seen.size(), 1u) << "the timeout is overdue";
}

TEST(WorldTest, ForgetsWhatAKilledProcessWasAboutToDo) {
  world w{1};
  auto p = w.start_node();
  bool happened = false, ended = false, buried = false;
  auto& actors = w.actors(p);
  actors.own(
      actors.system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
        self->delayed_send(self, 1s, tick_atom::value);
        return {[&](tick_atom) { happened = true; }};
      }));
  w.after_in(p, 1s, [&] { happened = true; });
  w.on_end(p, [&] { ended = true; });
  w.run_for(500ms);
  w.kill(p, [&] {
    EXPECT_TRUE(ended);
    buried = true;
  });
  EXPECT_FALSE(w.alive(p));
  auto again = w.start_again(p.node);
  EXPECT_TRUE(w.alive(again));
  EXPECT_FALSE(w.alive(p));
  w.after(1s, [] {});
  w.run_for(2s);
  EXPECT_TRUE(buried);
  EXPECT_FALSE(happened);
}

// An actor whose handler takes `d`, as seen by the world.
caf::actor sleeper(world& w, process p, world::duration d,
                   std::vector<std::string>& seen) {
  auto& actors = w.actors(p);
  return actors.own(
      actors.system().spawn([&w, p, d, &seen](caf::event_based_actor*) {
        return caf::behavior{[&w, p, d, &seen](const std::string& name) {
          seen.push_back(name + " begins");
          auto alive = w.block(p, d);
          seen.push_back(name + (alive ? " ends" : " dies"));
        }};
      }));
}

TEST(WorldTest, GoesOnWhileAnActorBlocksItsThread) {
  world w{1};
  auto p = w.start_node();
  std::vector<std::string> seen;
  auto slow = sleeper(w, p, 2s, seen);
  caf::anon_send(slow, std::string{"one"});
  caf::anon_send(slow, std::string{"two"});
  w.after(1s, [&] { seen.push_back("event"); });
  w.run_for(1ns);
  w.run_until(10s);
  EXPECT_EQ(seen, (std::vector<std::string>{"one begins", "event", "one ends",
                                            "two begins", "two ends"}));
}

TEST(WorldTest, LetsABlockedActorDieWithItsProcess) {
  world w{1};
  auto p = w.start_node();
  std::vector<std::string> seen;
  caf::anon_send(sleeper(w, p, 2s, seen), std::string{"one"});
  bool buried = false;
  w.after(1s, [&] { w.kill(p, [&] { buried = true; }); });
  w.run_until(5s);
  EXPECT_EQ(seen, (std::vector<std::string>{"one begins", "one dies"}));
  EXPECT_TRUE(buried);
}

TEST(WorldTest, LengthensACallWhileItsProcessIsFrozen) {
  world w{1};
  auto p = w.start_node();
  std::vector<std::string> seen;
  caf::anon_send(sleeper(w, p, 1s, seen), std::string{"one"});
  w.after(500ms, [&] { w.freeze(p); });
  w.after(8s, [&] {
    seen.push_back("thaw");
    w.thaw(p);
  });
  w.run_until(20s);
  EXPECT_EQ(seen, (std::vector<std::string>{"one begins", "thaw", "one ends"}));
}

TEST(WorldTest, KeepsTheLastLinesOfItsHistory) {
  world w{1};
  w.keep_lines(2);
  w.note("a");
  w.run_for(1500ms);
  w.note("b");
  w.note("c");
  ASSERT_EQ(w.tail().size(), 2u);
  EXPECT_EQ(w.tail()[1], "    1.500000 s  c");
}

}  // namespace
}  // namespace larder::test
