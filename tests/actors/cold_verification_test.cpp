// How the cold tier verifies: in few queries.
#include "actors/cold.hpp"

#include "tests/actors/scripted_tiers.hpp"
#include "tests/support/actor_fixture.hpp"

#include <array>

namespace larder::test {

namespace {

using namespace std::chrono_literals;

class ColdVerificationTest : public actor_fixture {
 protected:
  ColdVerificationTest() {
    actors_.set_time(time_point{24h});
    cold_context context;
    context.max_batch = 100;
    for (auto& worker : workers)
      context.workers.push_back(own(worker.spawn(sys())));
    subject = own(sys().spawn(cold, std::move(context)));
    run();
  }

  /// So many keys that nobody has asked for, each by one caller.
  void verify(int count) {
    for (int i = 0; i < count; ++i)
      asked.push_back(ask(subject, 1h, verify_atom::value,
                          key{"t", std::to_string(asked.size())}, now() + 10s));
    run();
  }
  /// The sizes of the queries under way.
  std::vector<std::size_t> queries() const {
    std::vector<std::size_t> sizes;
    for (auto& w : workers)
      for (auto& one : w.reads)
        sizes.push_back(one.what.keys.size());
    return sizes;
  }
  /// Answers these, and none that come of it.
  void answer() {
    for (auto& w : workers)
      for (auto n = w.reads.size(); n > 0; --n) {
        auto one = next(w.reads);
        one.answer(std::vector<lookup>(one.what.keys.size()));
      }
    run();
  }
  bool all_answered() const {
    return std::all_of(asked.begin(), asked.end(),
                       [](auto& one) { return one.ready(); });
  }

  std::array<scripted_worker, 3> workers;
  cold_actor subject;
  std::vector<pending<lookup>> asked;
};

using sizes = std::vector<std::size_t>;

TEST_F(ColdVerificationTest, AsksAtOnceWhenNothingIsUnderWay) {
  verify(1);
  EXPECT_EQ(queries(), sizes{1});
}

TEST_F(ColdVerificationTest, GathersWhileAQueryIsUnderWay) {
  verify(1);
  verify(30);
  verify(30);
  EXPECT_EQ(queries(), sizes{1});
  run_for(20ms);
  EXPECT_EQ(queries(), sizes{1});
  answer();
  EXPECT_EQ(queries(), sizes{60});
  answer();
  EXPECT_TRUE(all_answered());
}

TEST_F(ColdVerificationTest, SendsAFullQueryAtOnceAndKeepsTheRest) {
  verify(1);
  verify(250);
  EXPECT_EQ(queries(), (sizes{100, 100, 1}));
  answer();
  run_for(10ms);
  EXPECT_EQ(queries(), sizes{50});
  answer();
  EXPECT_TRUE(all_answered());
}

TEST_F(ColdVerificationTest, AsksNotMoreThanOnceAnInterval) {
  verify(1);
  answer();
  verify(1);
  EXPECT_EQ(queries(), sizes{});
  run_for(5ms);
  verify(1);
  EXPECT_EQ(queries(), sizes{});
  run_for(5ms);
  EXPECT_EQ(queries(), sizes{2});
}

TEST_F(ColdVerificationTest, WaitsNotLongForAQueryThatHangs) {
  verify(1);
  verify(1);
  run_for(49ms);
  EXPECT_EQ(queries(), sizes{1});
  run_for(1ms);
  EXPECT_EQ(queries(), (sizes{1, 1}));
}

}  // namespace

}  // namespace larder::test
