#include "tests/actors/invalidation_fixture.hpp"

namespace larder::test {

namespace {

TEST_F(InvalidationTest, ReplaysTheFloorsLifetimeAtTheStart) {
  start(100);
  ASSERT_EQ(log->reads.size(), 1u);
  EXPECT_EQ(std::get<std::chrono::milliseconds>(log->reads[0].start), 10min);
}

TEST_F(InvalidationTest, HandsEveryChangeToTheShardOfItsKey) {
  start();
  fenced(1, {});
  apply_all();
  changed(2, 7);
  ASSERT_EQ(changes().size(), 1u);
  auto& notice = changes()[0].what;
  EXPECT_EQ(notice.key, k);
  EXPECT_EQ(notice.info, (version_info{7, 1, epoch{"one"}}));
  EXPECT_EQ(shards[1 - shard_of(k, 2)].changes.size(), 0u);
}

TEST_F(InvalidationTest, HonoursAnInvalidationOfAnybody) {
  start();
  record(1, "template.invalidate.framework.phoenix");
  ASSERT_EQ(changes().size(), 1u);
  EXPECT_EQ(changes()[0].what.info.revision, 0);
  record(2, "template.updated.framework.phoenix", "{\"revision\":");
  ASSERT_EQ(changes().size(), 2u);
  EXPECT_EQ(changes()[1].what.info.revision, 0);
  // Nobody's key, nobody's harm.
  record(3, "template.invalidate.framework");
  record(4, "larder.log.larder.other", "x");
  record(5, fence_subject("larder"), "no fence");
  apply_all();
  EXPECT_EQ(stats().applied, 5u);
}

TEST_F(InvalidationTest, ReadsOnBehindItsAnchor) {
  start();
  fenced(1, {newest_nonce()});
  apply_all();
  changed(2, 7);
  lose();
  opened(1, 9);
  ASSERT_EQ(log->anchors.size(), 1u);
  EXPECT_EQ(log->anchors[0].sequence, 2u);
  anchor(at(2));
  ASSERT_EQ(log->reads.size(), 2u);
  EXPECT_EQ(started_at(), 3u);
  EXPECT_EQ(freshness->generation, 0u);
  EXPECT_TRUE(relay.ended.empty());
}

TEST_F(InvalidationTest, VerifiesEverythingAfterAGap) {
  start();
  fenced(1, {newest_nonce()});
  apply_all();
  lose();
  opened(5, 9);
  EXPECT_EQ(freshness->generation, 1u);
  EXPECT_EQ(started_at(), 5u);
  EXPECT_EQ(stats().gaps, 1u);
  EXPECT_TRUE(relay.ended.empty());
}

TEST_F(InvalidationTest, EndsTheEpochWhenTheAnchorIsAnotherRecord) {
  start();
  fenced(1, {newest_nonce()});
  apply_all();
  ASSERT_TRUE(fence_holds());
  lose();
  opened(1, 9);
  anchor(log_position{1, 777});
  EXPECT_EQ(relay.ended, std::vector<epoch>{epoch{"one"}});
  EXPECT_EQ(freshness->generation, 1u);
  EXPECT_FALSE(fence_holds());
  // What the next epoch has seen already counts.
  EXPECT_EQ(std::get<std::chrono::milliseconds>(log->reads.back().start),
            10min);
}

TEST_F(InvalidationTest, EndsTheEpochWhenTheLogIsShorterThanWhatWasRead) {
  start();
  fenced(8, {newest_nonce()});
  apply_all();
  lose();
  opened(1, 7);
  EXPECT_EQ(relay.ended.size(), 1u);
  EXPECT_EQ(stats().log_lag, 7u);
  fenced(7, {});
  EXPECT_EQ(stats().log_lag, 0u);
}

TEST_F(InvalidationTest, EndsTheEpochWhenTheLogWasMadeAgain) {
  start();
  fenced(1, {newest_nonce()});
  apply_all();
  lose();
  opened(1, 50, stream_made + 1);
  EXPECT_EQ(relay.ended.size(), 1u);
  EXPECT_FALSE(fence_holds());
}

TEST_F(InvalidationTest, CountsNoFenceOfTheVoidEpoch) {
  start();
  auto before = newest_nonce();
  fenced(1, {before});
  apply_all();
  lose();
  opened(1, 9);
  anchor(std::nullopt);
  fenced(10, {newest_nonce()}, "one");
  apply_all();
  EXPECT_FALSE(fence_holds());
  fenced(11, {newest_nonce()}, "two");
  EXPECT_FALSE(fence_holds()) << "before the shards know of the epoch";
  apply_all();
  EXPECT_TRUE(fence_holds());
  EXPECT_EQ(freshness->current_epoch.load(), epoch{"two"});
}

TEST_F(InvalidationTest, VerifiesEverythingInANewEpoch) {
  start();
  fenced(1, {newest_nonce()});
  apply_all();
  EXPECT_EQ(freshness->generation, 0u);
  fenced(2, {}, "two");
  EXPECT_EQ(freshness->generation, 1u);
  EXPECT_EQ(shards[0].epochs.size() + shards[1].epochs.size(), 2u);
}

TEST_F(InvalidationTest, IgnoresRecordsOfAReaderThatItReplaced) {
  start();
  fenced(1, {newest_nonce()});
  apply_all();
  auto old = log->reads.back().to;
  lose();
  opened(1, 1);
  anchor(at(1));
  auto generation = log->reads.size();
  change c{k, change_op::put, 9, 1, "one"};
  old.on_record({at(2), collection_subjects{}.event(c), to_body(c)});
  old.on_lost(fail(ec::unavailable, "late"));
  run();
  EXPECT_EQ(changes().size(), 0u);
  EXPECT_TRUE(stats().reading);
  EXPECT_EQ(log->reads.size(), generation);
}

TEST_F(InvalidationTest, OpensTheLogAgainUntilItAnswers) {
  start();
  lose();
  for (int i = 0; i < 10; ++i) {
    auto done = std::move(log->infos.front());
    log->infos.pop_front();
    done(fail(ec::unavailable, "as the test has it"));
    ASSERT_TRUE(actors_.run_until([this] { return !log->infos.empty(); }, 1s));
  }
  opened(1, 0);
  EXPECT_EQ(log->reads.size(), 2u);
}

}  // namespace

}  // namespace larder::test
