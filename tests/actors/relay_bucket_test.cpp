#include "tests/actors/relay_fixture.hpp"

namespace larder::test {

namespace {

TEST_F(RelayTest, SaysInTheFenceWhatTheLogMustHold) {
  start();
  sequence = 10;
  auto info = database->put(k, "{}");
  round(one);
  ask_fence(one, "n:1");
  auto fence = newest_fence();
  EXPECT_EQ(fence.after, 11u);
  EXPECT_EQ(fence.after_id, std::string{info.epoch.text()}
                                + ":t.a:" + std::to_string(info.revision));
  acknowledge();
}

TEST_F(RelayTest, KnowsWhatTheOneBeforeItHasPublished) {
  start();
  sequence = 10;
  database->put(k, "{}");
  round(one);
  ASSERT_TRUE(request(one.relay, 1s, stop_atom::value));
  start(other, "other");
  ask_fence(other, "n:1");
  EXPECT_EQ(newest_fence().after, 11u);
  acknowledge();
}

TEST_F(RelayTest, MarksNothingInALogThatHasLostWhatWasMarked) {
  start();
  sequence = 100;
  database->put(k, "{}");
  round(one);
  auto before = database->current_epoch();
  // It uses the sequence again.
  places.clear();
  sequence = 99;
  database->put(k, "[1]");
  wake(one);
  shared(one);
  places[101] = "somebody else's";
  sequence = 101;
  acknowledge();
  EXPECT_EQ(backlog(), 1u);
  EXPECT_NE(database->current_epoch(), before);
  run_for(600ms);
  shared(one);
  acknowledge();
  EXPECT_EQ(backlog(), 0u);
}

TEST_F(RelayTest, MarksTheBucketBehindItsEntriesBeforeTheLog) {
  start();
  database->put(k, "{}");
  wake(one);
  EXPECT_EQ(bucket->mark.sequence, 0u);
  shared(one);
  EXPECT_EQ(bucket->mark.sequence, 1u);
  EXPECT_EQ(log->published.size(), 1u);
  EXPECT_EQ(kept().bucket_mark, 0u);
  acknowledge();
  EXPECT_EQ(kept().bucket_mark, 1u);
}

TEST_F(RelayTest, PublishesNoFenceOfABucketThatHasLostItsMark) {
  start();
  database->put(k, "{}");
  round(one);
  auto before = kept();
  bucket->mark = {};
  ask_fence(one, "n:1");
  EXPECT_TRUE(log->published.empty());
  EXPECT_EQ(kept().bucket_generation, before.bucket_generation + 1);
  // Asked again, as a node does.
  run_for(600ms);
  ask_fence(one, "n:2");
  ASSERT_FALSE(log->published.empty());
  EXPECT_EQ(newest_fence().bucket, before.bucket_generation + 1);
  acknowledge();
}

TEST_F(RelayTest, PublishesNoRowsOverAnOlderMarkOfTheBucket) {
  start();
  database->put(k, "{}");
  round(one);
  auto older = bucket->mark;
  database->put(k, "[1]");
  round(one);
  auto before = kept();
  bucket->mark = older;
  database->put(k, "[2]");
  wake(one);
  shared(one);
  EXPECT_EQ(log->published.size(), 0u);
  EXPECT_EQ(kept().bucket_generation, before.bucket_generation + 1);
  run_for(600ms);
  EXPECT_EQ(one.warm.writes.front().what.generation,
            before.bucket_generation + 1);
  shared(one);
  acknowledge();
  EXPECT_EQ(backlog(), 0u);
}

TEST_F(RelayTest, TakesAMarkOfARoundThatFailedForAGoodOne) {
  start();
  database->put(k, "{}");
  round(one);
  auto generation = kept().bucket_generation;
  database->put(k, "[1]");
  wake(one);
  shared(one);
  // The mark stands, its round does not; and another relay takes over.
  refuse_publication();
  ASSERT_TRUE(request(one.relay, 1s, stop_atom::value));
  start(other, "other");
  wake(other);
  shared(other);
  acknowledge();
  EXPECT_EQ(backlog(), 0u);
  EXPECT_EQ(kept().bucket_generation, generation);
  EXPECT_EQ(kept().bucket_mark, bucket->mark.sequence);
}

TEST_F(RelayTest, PublishesWithoutABucketThatTakesNothing) {
  start();
  database->put(k, "{}");
  round(one);
  auto generation = kept().bucket_generation;
  bucket->failure = ec::unavailable;
  database->put(k, "[1]");
  wake(one);
  for (int i = 0; i < 40 && log->published.empty(); ++i) {
    shared(one);
    run_for(100ms);
  }
  ASSERT_FALSE(log->published.empty());
  acknowledge();
  EXPECT_EQ(backlog(), 0u);
  EXPECT_GT(kept().bucket_generation, generation)
      << "a node would take the old value from the bucket";
  ask_fence(one, "n:1");
  EXPECT_EQ(newest_fence().bucket, 0u);
  acknowledge();
  bucket->failure = ec::none;
  run_for(1'100ms);
  ask_fence(one, "n:2");
  EXPECT_EQ(newest_fence().bucket, kept().bucket_generation);
  acknowledge();
}

TEST_F(RelayTest, WaitsForALogThatFailsWithTheBucket) {
  start();
  auto generation = kept().bucket_generation;
  database->put(k, "{}");
  wake(one);
  for (int i = 0; i < 10; ++i) {
    while (!one.warm.writes.empty()) {
      next(one.warm.writes).refuse(ec::unavailable);
      run();
    }
    while (!log->published.empty())
      refuse_publication();
    run_for(600ms);
  }
  shared(one);
  acknowledge();
  run_for(600ms);
  shared(one);
  acknowledge();
  EXPECT_EQ(backlog(), 0u);
  EXPECT_EQ(kept().bucket_generation, generation);
}

}  // namespace

}  // namespace larder::test
