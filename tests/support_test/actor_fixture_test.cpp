#include "tests/support/actor_fixture.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <gtest/gtest-spi.h>

#include <string>
#include <vector>

namespace larder::test {
namespace {

using namespace std::chrono_literals;

using ask_atom = caf::atom_constant<caf::atom("ask")>;
using tick_atom = caf::atom_constant<caf::atom("tick")>;

using echo_actor =
    caf::typed_actor<caf::replies_to<ask_atom, int>::with<int>,
                     caf::replies_to<ask_atom>::with<caf::unit_t>,
                     caf::replies_to<ask_atom, std::string>::with<int, int>>;

echo_actor::behavior_type echo() {
  return {[](ask_atom, int x) { return x; }, [](ask_atom) { return caf::unit; },
          [](ask_atom, const std::string&) -> caf::result<int, int> {
            return {1, 2};
          }};
}

using ActorFixtureTest = actor_fixture;

TEST_F(ActorFixtureTest, AsksAndReturnsTheReply) {
  auto a = sys().spawn(echo);
  EXPECT_EQ(request(a, 1s, ask_atom::value, 42), 42);
  EXPECT_TRUE(request(a, 1s, ask_atom::value));
  auto two = request(a, 1s, ask_atom::value, std::string{"x"});
  ASSERT_TRUE(two);
  EXPECT_EQ(*two, std::tuple(1, 2));
}

TEST_F(ActorFixtureTest, CountsARequestsTimeoutInVirtualTime) {
  using silent_actor =
      caf::typed_actor<caf::replies_to<ask_atom, int>::with<int>>;
  std::vector<caf::typed_response_promise<int>> promises;
  auto a = sys().spawn(
      [&promises](silent_actor::pointer self) -> silent_actor::behavior_type {
        return {[&promises, self](ask_atom, int) {
          promises.push_back(self->make_response_promise<int>());
          return promises.back();
        }};
      });
  auto before = now();
  auto got = request(a, 90s, ask_atom::value, 1);
  ASSERT_FALSE(got);
  EXPECT_EQ(code_of(got.error()), ec::deadline_exceeded);
  EXPECT_EQ(now() - before, 90s);
  promises.clear();
}

// Sends itself a message every second, for ever.
caf::behavior ticker(caf::event_based_actor* self, std::vector<int>* seen,
                     int name) {
  self->delayed_send(self, 1s, tick_atom::value);
  return {[=](tick_atom) {
    seen->push_back(name);
    self->delayed_send(self, 1s, tick_atom::value);
  }};
}

TEST_F(ActorFixtureTest, FiresTimeoutsOnTheWayAndStopsAtTheGivenTime) {
  std::vector<int> seen;
  own(sys().spawn(ticker, &seen, 1));
  run();
  auto before = now();
  run_for(3500ms);
  EXPECT_EQ(seen.size(), 3u);
  EXPECT_EQ(now() - before, 3500ms);
  EXPECT_TRUE(run_to_next_timeout());
  EXPECT_EQ(now() - before, 4s);
  EXPECT_EQ(seen.size(), 4u);
}

TEST_F(ActorFixtureTest, EndsActorsThatWouldNeverEndThemselves) {
  // Each holds the other, and both have a timer that never runs out.
  std::vector<int> seen;
  auto a = own(sys().spawn(ticker, &seen, 1));
  auto b = own(sys().spawn(
      [](caf::event_based_actor* self, std::vector<int>* seen,
         caf::actor other) {
        return caf::message_handler{[other](int) {}}.or_else(
            ticker(self, seen, 2));
      },
      &seen, a));
  caf::anon_send(a, b);
  run_for(10s);
  EXPECT_EQ(seen.size(), 20u);
}

TEST(TestSystemTest, ReportsActorsThatOutliveIt) {
  EXPECT_NONFATAL_FAILURE(
      {
        test_system system;
        static std::vector<int> seen;
        // In a cycle with itself.
        system.system().spawn(
            [](caf::event_based_actor* self) -> caf::behavior {
              auto me = caf::actor_cast<caf::actor>(self);
              return {[me](int) {}};
            });
      },
      "1 actors outlive");
}

std::vector<int> order_of(std::optional<std::uint64_t> seed) {
  std::vector<int> order;
  test_system system{seed};
  for (int i = 0; i < 8; ++i) {
    auto a = system.system().spawn([&order, i](caf::event_based_actor*) {
      return caf::behavior{[&order, i](int) { order.push_back(i); }};
    });
    caf::anon_send(a, 1);
  }
  system.run();
  return order;
}

TEST(TestSystemTest, LetsActorsTakeTurnsInTheOrderOfTheirMessages) {
  EXPECT_EQ(order_of(std::nullopt), (std::vector{0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST(TestSystemTest, DrawsTheOrderOfActorsFromTheSeed) {
  EXPECT_EQ(order_of(1), order_of(1));
  EXPECT_EQ(order_of(2), order_of(2));
  EXPECT_NE(order_of(1), order_of(2));
}

TEST(TestSystemTest, KeepsTheOrderOfMessagesToOneActor) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    std::vector<int> seen;
    test_system system{seed};
    auto a = system.system().spawn([&seen](caf::event_based_actor*) {
      return caf::behavior{[&seen](int i) { seen.push_back(i); }};
    });
    for (int i = 0; i < 5; ++i)
      caf::anon_send(a, i);
    system.run();
    EXPECT_EQ(seen, (std::vector{0, 1, 2, 3, 4}));
  }
}

}  // namespace
}  // namespace larder::test
