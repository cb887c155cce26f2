// What every outbox must do, with its epoch and its leases: one suite, run
// against each store by INSTANTIATE_TEST_SUITE_P.
//
// Included once by each executable that runs it.
#pragma once

#include "tests/storage/truth_world.hpp"

#include <chrono>

namespace larder::test {

class OutboxContract : public truth_world_test {};

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(OutboxContract);

TEST_P(OutboxContract, HoldsEveryChangeInOrderWithTheValueOfNow) {
  EXPECT_TRUE(unpublished().rows.empty());
  EXPECT_FALSE(unpublished().epoch.empty());
  auto one = put({"t", "a"}, R"({"v":1})");
  auto two = put({"t", "a"}, R"({"v":2})");
  world_->program_put({"t", "b"}, R"({"v":3})");
  auto gone = write(delete_of({"t", "b"}));
  ASSERT_TRUE(gone);
  auto batch = unpublished();
  EXPECT_FALSE(batch.more);
  EXPECT_EQ(batch.epoch, one.epoch);
  ASSERT_EQ(batch.rows.size(), 4u);
  auto& r = batch.rows;
  EXPECT_EQ(r[0].key, (key{"t", "a"}));
  EXPECT_EQ(r[0].info, one);
  EXPECT_FALSE(r[0].deleted);
  EXPECT_EQ(r[1].info, two);
  EXPECT_LT(r[0].id, r[1].id);
  EXPECT_EQ(r[0].current_info, two);
  EXPECT_EQ(r[1].current_info, two);
  ASSERT_TRUE(r[0].current);
  EXPECT_EQ(r[0].current->content(), R"({"v":2})");
  EXPECT_EQ(r[0].current->info(), two);
  EXPECT_EQ(r[0].current, r[1].current);
  EXPECT_FALSE(r[2].deleted);
  EXPECT_FALSE(r[2].current);
  EXPECT_TRUE(r[3].deleted);
  EXPECT_EQ(r[3].info, *gone);
  EXPECT_EQ(r[3].current_info, *gone);
}

TEST_P(OutboxContract, SaysWhenThereIsMore) {
  for (int i = 0; i < 5; ++i)
    put({"t", std::to_string(i)}, "{}");
  auto some = unpublished(4);
  EXPECT_EQ(some.rows.size(), 4u);
  EXPECT_TRUE(some.more);
  auto all = unpublished(5);
  EXPECT_EQ(all.rows.size(), 5u);
  EXPECT_FALSE(all.more);
  EXPECT_EQ(*outbox_->backlog(), 5u);
}

TEST_P(OutboxContract, ForgetsWhatIsPublishedAndNothingElse) {
  for (auto id : {"a", "b", "c"})
    put({"t", id}, "{}");
  auto rows = unpublished().rows;
  ASSERT_EQ(rows.size(), 3u);
  std::vector<std::int64_t> ids{rows[1].id, 1'000'000'000};
  ASSERT_TRUE(outbox_->published(ids, {}));
  ASSERT_TRUE(outbox_->published(ids, {}));
  ASSERT_TRUE(outbox_->published({}, {}));
  auto left = unpublished().rows;
  ASSERT_EQ(left.size(), 2u);
  EXPECT_EQ(left[0].key.id, "a");
  EXPECT_EQ(left[1].key.id, "c");
}

TEST_P(OutboxContract, KeepsHowFarPublicationHasCome) {
  put({"t", "a"}, "{}");
  auto start = unpublished().upto;
  EXPECT_EQ(start.log_sequence, 0u);
  EXPECT_EQ(start.bucket_mark, 0u);
  auto generation = start.bucket_generation;
  std::vector<std::int64_t> ids{unpublished().rows[0].id};
  ASSERT_TRUE(outbox_->published(ids, {7, "seven", generation, 70}));
  // A relay that is behind takes nothing back.
  ASSERT_TRUE(outbox_->published({}, {6, "six", generation, 60}));
  auto upto = world_->open_outbox()->unpublished(1)->upto;
  EXPECT_EQ(upto.log_sequence, 7u);
  EXPECT_EQ(upto.message_id, "seven");
  EXPECT_EQ(upto.bucket_generation, generation);
  EXPECT_EQ(upto.bucket_mark, 70u);
}

TEST_P(OutboxContract, BeginsOneGenerationOfTheBucketForOneLoss) {
  auto first = unpublished().upto.bucket_generation;
  ASSERT_TRUE(outbox_->published({}, {1, "one", first, 10}));
  ASSERT_TRUE(outbox_->renew_bucket(first));
  ASSERT_TRUE(outbox_->renew_bucket(first));
  EXPECT_EQ(unpublished().upto.bucket_generation, first + 1);
  EXPECT_EQ(unpublished().upto.bucket_mark, 0u);
  // The mark of a generation that is over says nothing of this one.
  ASSERT_TRUE(outbox_->published({}, {2, "two", first, 11}));
  EXPECT_EQ(unpublished().upto.bucket_mark, 0u);
  EXPECT_EQ(unpublished().upto.log_sequence, 2u);
}

TEST_P(OutboxContract, BeginsAGenerationWhenRowsWereKeptFromTheBucket) {
  auto first = unpublished().upto.bucket_generation;
  ASSERT_TRUE(outbox_->published({}, {1, "one", first, 10}));
  ASSERT_TRUE(outbox_->published({}, {2, "two", 0, 10}));
  EXPECT_EQ(unpublished().upto.bucket_generation, first + 1);
  EXPECT_EQ(unpublished().upto.bucket_mark, 0u);
}

TEST_P(OutboxContract, ForgetsTheLogOfAnEpochThatIsOver) {
  ASSERT_TRUE(outbox_->published({}, {7, "seven", 1, 0}));
  auto lost = unpublished().epoch;
  ASSERT_TRUE(outbox_->raise_epoch(lost));
  EXPECT_EQ(unpublished().upto.log_sequence, 0u);
  EXPECT_EQ(unpublished().upto.message_id, "");
  ASSERT_TRUE(outbox_->published({}, {3, "three", 1, 0}));
  ASSERT_TRUE(outbox_->raise_epoch(lost));
  EXPECT_EQ(unpublished().upto.message_id, "three");
}

TEST_P(OutboxContract, SpeaksOfNoWriteThatFailed) {
  auto w = put_of({"t", "a"}, "{}");
  w.expected_revision = 17;
  EXPECT_FALSE(write(w));
  EXPECT_TRUE(unpublished().rows.empty());
}

TEST_P(OutboxContract, RaisesTheEpochOnceForAllWhoSawTheSameOne) {
  auto info = put({"t", "a"}, "{}");
  auto raised = outbox_->raise_epoch(info.epoch);
  ASSERT_TRUE(raised);
  EXPECT_NE(*raised, info.epoch);
  EXPECT_EQ(*world_->open_outbox()->raise_epoch(info.epoch), *raised);
  EXPECT_EQ(*outbox_->raise_epoch(larder::epoch{"elsewhere-1-1"}), *raised);
  EXPECT_EQ(get({"t", "a"}).info.epoch, *raised);
  EXPECT_EQ(unpublished().epoch, *raised);
  EXPECT_EQ(content_of({"t", "a"}), "{}");
}

TEST_P(OutboxContract, LeaseHasOneHolderUntilItExpiresOrIsReleased) {
  using namespace std::chrono_literals;
  auto other = world_->open_outbox();
  EXPECT_TRUE(*outbox_->hold_lease("relay", "one", 1h));
  EXPECT_TRUE(*outbox_->hold_lease("relay", "one", 1h));
  EXPECT_FALSE(*other->hold_lease("relay", "two", 1h));
  EXPECT_TRUE(*other->hold_lease("another", "two", 1h));
  ASSERT_TRUE(other->release_lease("relay", "two"));
  EXPECT_FALSE(*other->hold_lease("relay", "two", 1h));
  ASSERT_TRUE(outbox_->release_lease("relay", "one"));
  EXPECT_TRUE(*other->hold_lease("relay", "two", 100ms));
  auto deadline = std::chrono::steady_clock::now() + 10s;
  while (!*outbox_->hold_lease("relay", "one", 1h))
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  EXPECT_FALSE(*other->hold_lease("relay", "two", 1h));
}

}  // namespace larder::test
