#include "actors/patience.hpp"

#include "tests/support/actor_fixture.hpp"

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace larder::test {

namespace {

using namespace std::chrono_literals;

using waiting_actor = caf::typed_actor<caf::reacts_to<continuation>>;

struct waiting_state {
  using pointer = waiting_actor::stateful_pointer<waiting_state>;
  [[maybe_unused]] static inline const char* name = "waiting";
  explicit waiting_state(pointer self) : waits(self) {}
  patience<pointer> waits;
};

class PatienceTest : public actor_fixture {
 protected:
  PatienceTest() { actors_.set_time(time_point{24h}); }

  /// Runs in the actor.
  void in_actor(std::function<void(patience<waiting_state::pointer>&)> f) {
    caf::anon_send(subject, continuation{[this, f] { f(*waits); }});
    run();
  }
  void wait(std::chrono::milliseconds for_so_long, int number) {
    in_actor([=, this](auto& waits) {
      tickets[number] = waits.wait(
          now() + for_so_long, [this, number] { given_up.push_back(number); });
    });
  }
  bool answer(int number) {
    bool in_time = false;
    in_actor([&](auto& waits) { in_time = waits.kept(tickets[number]); });
    return in_time;
  }

  patience<waiting_state::pointer>* waits = nullptr;
  std::map<int, patience<waiting_state::pointer>::ticket> tickets;
  std::vector<int> given_up;
  waiting_actor subject = own(sys().spawn(
      [this](waiting_state::pointer self) -> waiting_actor::behavior_type {
        waits = &self->state.waits;
        return {[](const continuation& go_on) { go_on(); }};
      }));
};

TEST_F(PatienceTest, GivesUpWhenTheTimeIsOver) {
  run();
  wait(100ms, 1);
  run_for(99ms);
  EXPECT_TRUE(given_up.empty());
  run_for(1ms);
  EXPECT_EQ(given_up, std::vector<int>{1});
  EXPECT_FALSE(answer(1));
}

TEST_F(PatienceTest, DoesNotGiveUpWhatWasAnswered) {
  run();
  wait(100ms, 1);
  EXPECT_TRUE(answer(1));
  run_for(1s);
  EXPECT_TRUE(given_up.empty());
}

TEST_F(PatienceTest, GivesEachUpInItsOwnTime) {
  run();
  wait(100ms, 1);
  wait(300ms, 2);
  wait(50ms, 3);
  wait(300ms, 4);
  run_for(50ms);
  EXPECT_EQ(given_up, std::vector<int>{3});
  run_for(50ms);
  EXPECT_EQ(given_up, (std::vector<int>{3, 1}));
  EXPECT_TRUE(answer(2));
  run_for(200ms);
  EXPECT_EQ(given_up, (std::vector<int>{3, 1, 4}));
}

TEST_F(PatienceTest, MayWaitAnewWhenItGivesUp) {
  run();
  in_actor([this](auto& waits) {
    waits.wait(now() + 10ms, [this, &waits] {
      given_up.push_back(1);
      waits.wait(now() + 10ms, [this] { given_up.push_back(2); });
    });
  });
  run_for(10ms);
  EXPECT_EQ(given_up, std::vector<int>{1});
  run_for(10ms);
  EXPECT_EQ(given_up, (std::vector<int>{1, 2}));
}

}  // namespace

}  // namespace larder::test
