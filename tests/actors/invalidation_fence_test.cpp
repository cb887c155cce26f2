#include "tests/actors/invalidation_fixture.hpp"

namespace larder::test {

namespace {

TEST_F(InvalidationTest, CountsAFenceFromWhenItWasAskedFor) {
  start();
  auto nonce = newest_nonce();
  run_for(300ms);
  fenced(1, {nonce});
  apply_all();
  EXPECT_TRUE(fence_holds());
  EXPECT_EQ(stats().fence_age_ms, 300);
  EXPECT_EQ(freshness->current_epoch.load(), epoch{"one"});
  run_for(1'700ms);
  EXPECT_FALSE(fence_holds());
}

TEST_F(InvalidationTest, AsksForAFenceEveryHalfSecond) {
  start();
  auto asked = signals->nonces.size();
  run_for(5s);
  EXPECT_EQ(signals->nonces.size(), asked + 10);
}

TEST_F(InvalidationTest, CountsAFenceOnlyWhenEveryChangeBeforeItIsApplied) {
  start();
  fenced(1, {});
  apply_all();
  changed(2, 7);
  fenced(3, {newest_nonce()});
  EXPECT_FALSE(fence_holds());
  EXPECT_EQ(stats().applied, 1u);
  next(changes()).answer(done_atom::value);
  run();
  EXPECT_TRUE(fence_holds());
  EXPECT_EQ(stats().applied, 3u);
}

TEST_F(InvalidationTest, CountsNoFenceOfAnotherNodeOrOfAnotherRun) {
  start();
  fenced(1, {"m:1", "", "n:999", "n"});
  apply_all();
  EXPECT_FALSE(fence_holds());
  EXPECT_EQ(stats().fence_age_ms, -1);
}

TEST_F(InvalidationTest, DoesNotGoBackToAnOlderFence) {
  start();
  auto older = newest_nonce();
  run_for(600ms);
  auto newer = newest_nonce();
  ASSERT_NE(older, newer);
  fenced(1, {newer});
  apply_all();
  auto until = freshness->fence_until.load();
  fenced(2, {older, newer});
  apply_all();
  EXPECT_EQ(freshness->fence_until, until);
}

TEST_F(InvalidationTest, TakesAFenceOfASlowRelayAfterALongTimeWithoutOne) {
  start();
  run_for(1min);
  // Asked for a second ago, when more had been asked for since than are kept.
  auto nonce = newest_nonce();
  run_for(1'100ms);
  fenced(1, {nonce});
  apply_all();
  EXPECT_TRUE(fence_holds());
}

TEST_F(InvalidationTest, CountsAFenceOnlyInALogThatHoldsWhatItSpeaksOf) {
  start();
  fence_of(9, {"one", {newest_nonce()}, 7, "seven"});
  apply_all();
  EXPECT_FALSE(fence_holds());
  ASSERT_EQ(log->anchors.size(), 1u);
  EXPECT_EQ(log->anchors[0].sequence, 7u);
  stands(log_identity{at(7), "seven"});
  EXPECT_TRUE(fence_holds());
  // Once is enough.
  fence_of(10, {"one", {newest_nonce()}, 7, "seven"});
  EXPECT_TRUE(log->anchors.empty());
}

TEST_F(InvalidationTest, EndsTheEpochOfALogThatHoldsAnotherRecordThere) {
  start();
  fence_of(9, {"one", {newest_nonce()}, 7, "seven"});
  apply_all();
  stands(log_identity{at(7), "other"});
  EXPECT_FALSE(fence_holds());
  EXPECT_EQ(relay.ended, std::vector<epoch>{epoch{"one"}});
  EXPECT_EQ(freshness->generation, 1u);
}

TEST_F(InvalidationTest, EndsTheEpochOfALogThatHoldsNothingThere) {
  start();
  fence_of(9, {"one", {newest_nonce()}, 7, "seven"});
  apply_all();
  stands(std::nullopt);
  EXPECT_EQ(relay.ended.size(), 1u);
}

TEST_F(InvalidationTest, EndsTheEpochOfAFenceThatStandsBeforeWhatItSpeaksOf) {
  start();
  fence_of(5, {"one", {newest_nonce()}, 7, "seven"});
  apply_all();
  EXPECT_FALSE(fence_holds());
  EXPECT_EQ(relay.ended.size(), 1u);
}

TEST_F(InvalidationTest, LeavesAFenceAloneThatItCannotCheck) {
  start();
  fence_of(9, {"one", {newest_nonce()}, 7, "seven"});
  apply_all();
  auto call = std::move(log->anchors.front());
  log->anchors.pop_front();
  call.done(fail(ec::deadline_exceeded, "as the test has it"));
  run();
  EXPECT_FALSE(fence_holds());
  EXPECT_TRUE(relay.ended.empty());
  EXPECT_EQ(stats().applied, 9u);
}

TEST_F(InvalidationTest, IgnoresTheFenceOfAnEpochThatIsOver) {
  start();
  fenced(1, {newest_nonce()}, "7-1-2");
  apply_all();
  run_for(600ms);
  auto until = freshness->fence_until.load();
  fenced(2, {newest_nonce()}, "7-1-1");
  apply_all();
  EXPECT_EQ(freshness->current_epoch.load(), epoch{"7-1-2"});
  EXPECT_EQ(freshness->fence_until, until);
}

TEST_F(InvalidationTest, TakesASourceOfTruthThatWasSetBackForWhatItIs) {
  start();
  fenced(1, {newest_nonce()}, "7-1-2");
  apply_all();
  run_for(11s);
  fenced(2, {newest_nonce()}, "7-1-1");
  apply_all();
  EXPECT_EQ(freshness->current_epoch.load(), epoch{"7-1-1"});
  EXPECT_TRUE(fence_holds());
}

TEST_F(InvalidationTest, TrustsTheBucketsGenerationThatTheFenceNames) {
  start();
  EXPECT_EQ(freshness->bucket_generation, 0u);
  fence_of(1, {"one", {}, 0, "", 3});
  apply_all();
  EXPECT_EQ(freshness->bucket_generation, 3u);
  fence_of(2, {"one", {}, 0, "", 2});
  EXPECT_EQ(freshness->bucket_generation, 3u) << "of a relay that was held up";
  fence_of(3, {"one", {}, 0, "", 0});
  EXPECT_EQ(freshness->bucket_generation, 0u) << "the bucket is left out";
  fence_of(4, {"one", {}, 0, "", 4});
  EXPECT_EQ(freshness->bucket_generation, 4u);
  // A source of truth that was restored counts anew.
  fence_of(5, {"two", {}, 0, "", 1});
  EXPECT_EQ(freshness->bucket_generation, 1u);
}

}  // namespace

}  // namespace larder::test
