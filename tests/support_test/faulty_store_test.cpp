#include "tests/support/faulty_store.hpp"

#include "tests/support/memory_store.hpp"

#include <gtest/gtest.h>

#include <set>

namespace larder::test {
namespace {

struct FaultyStoreTest : ::testing::Test {
  world w{1};
  process p = w.start_node();
  std::shared_ptr<memory_database> database =
      std::make_shared<memory_database>([this] { return w.now().count(); });
  std::shared_ptr<store_link> link = std::make_shared<store_link>(w, p);
  faulty_store store{link, std::make_unique<memory_store>(database)};
  faulty_outbox box{link, std::make_unique<memory_outbox>(database)};
  key k{"framework", "phoenix"};

  std::int64_t revision() {
    memory_store direct{database};
    return direct.get({&k, 1})->front().info.revision;
  }

  caf::expected<version_info> put(std::string content) {
    write_request request{k, std::move(content), {}, {}, {}};
    auto result = store.write({&request, 1});
    if (!result)
      return result.error();
    return result->front();
  }
};

TEST_F(FaultyStoreTest, PassesCallsOnAndTakesTime) {
  auto before = w.now();
  auto done = put("one");
  ASSERT_TRUE(done) << message_of(done.error());
  EXPECT_GT(w.now(), before);
  EXPECT_LE(w.now() - before, 1ms);
  EXPECT_EQ(store.get({&k, 1})->front().value->content(), "one");
  EXPECT_EQ(box.unpublished(10)->rows.size(), 1u);
}

TEST_F(FaultyStoreTest, LetsTheWorldGoOnDuringACall) {
  link->conditions.fastest = link->conditions.slowest = 100ms;
  ASSERT_TRUE(put("old"));
  // Whether a read that is under way during a write sees it, is for the seed.
  std::set<std::string> seen;
  for (int i = 0; i < 40; ++i) {
    database->put(k, "old");
    w.after(50ms, [this] { database->put(k, "new"); });
    seen.insert(std::string{store.get({&k, 1})->front().value->content()});
  }
  EXPECT_EQ(seen, (std::set<std::string>{"new", "old"}));
}

TEST_F(FaultyStoreTest, RefusesHavingDoneNothing) {
  link->conditions.refuse = 1;
  EXPECT_EQ(code_of(put("one").error()), ec::unavailable);
  EXPECT_EQ(revision(), 0);
}

TEST_F(FaultyStoreTest, TimesOutHavingDoneNothing) {
  link->conditions.hang = 1;
  auto before = w.now();
  EXPECT_EQ(code_of(put("one").error()), ec::deadline_exceeded);
  EXPECT_EQ(w.now() - before, 2s);
  EXPECT_EQ(revision(), 0);
}

TEST_F(FaultyStoreTest, LeavesACommitInDoubtEitherWay) {
  link->conditions.doubt = 1;
  int committed = 0;
  for (int i = 0; i < 40; ++i) {
    auto before = revision();
    EXPECT_EQ(code_of(put("x").error()), ec::unavailable);
    committed += revision() > before;
  }
  EXPECT_GT(committed, 5);
  EXPECT_LT(committed, 35);
}

TEST_F(FaultyStoreTest, CannotBeReachedWhileCutOff) {
  link->conditions.reachable = false;
  EXPECT_EQ(code_of(store.get({&k, 1}).error()), ec::unavailable);
  EXPECT_EQ(code_of(box.unpublished(1).error()), ec::unavailable);
  link->conditions.reachable = true;
  EXPECT_TRUE(store.get({&k, 1}));
}

TEST_F(FaultyStoreTest, LosesCallsUnderWayWhenItIsCutOff) {
  link->conditions.fastest = link->conditions.slowest = 100ms;
  w.after(50ms, [this] { link->conditions.reachable = false; });
  EXPECT_EQ(code_of(store.get({&k, 1}).error()), ec::unavailable);
}

TEST_F(FaultyStoreTest, CompetesForTheLeaseByTheDatabasesClock) {
  EXPECT_EQ(box.hold_lease("relay", "a", 1500ms), true);
  EXPECT_EQ(box.hold_lease("relay", "b", 1500ms), false);
  w.run_for(2s);
  EXPECT_EQ(box.hold_lease("relay", "b", 1500ms), true);
}

TEST_F(FaultyStoreTest, DoesNothingForAProcessThatHasEnded) {
  w.kill(p);
  EXPECT_EQ(code_of(put("one").error()), ec::unavailable);
  EXPECT_EQ(revision(), 0);
}

}  // namespace
}  // namespace larder::test
