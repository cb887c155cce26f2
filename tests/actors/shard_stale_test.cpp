// What a shard answers when it cannot prove it, or cannot reach who could.
#include "tests/actors/shard_bench.hpp"

namespace larder::test {

namespace {

using ShardTest = shard_bench;

read_options fresh_only() {
  read_options options;
  options.allow_stale = false;
  return options;
}

TEST_F(ShardTest, VerifiesTheRevisionAloneWhenTheFenceHasExpired) {
  start();
  hold(5);
  run_for(3s);
  EXPECT_EQ(in_view(), "");
  auto p = get();
  ASSERT_EQ(cold.reads.size(), 1u);
  EXPECT_FALSE(cold.reads[0].what.whole);
  EXPECT_EQ(warm.gets.size(), 0u);
  next(cold.reads).answer(lookup{nullptr, version(5)});
  run();
  ASSERT_TRUE(p.ready() && p.get());
  EXPECT_EQ(p.get()->tier, tier::memory);
  EXPECT_FALSE(p.get()->stale);
  // Proved for as long as a fence would have.
  EXPECT_EQ(in_view(), "value 5");
  run_for(2s);
  EXPECT_EQ(in_view(), "");
}

TEST_F(ShardTest, ReadsTheValueWhenItsRevisionHasChanged) {
  start();
  hold(5);
  run_for(3s);
  auto p = get();
  next(cold.reads).answer(lookup{nullptr, version(6)});
  run();
  ASSERT_EQ(cold.reads.size(), 1u);
  EXPECT_TRUE(cold.reads[0].what.whole);
  truth_answers(6);
  ASSERT_TRUE(p.ready() && p.get());
  EXPECT_EQ(p.get()->value->revision(), 6);
}

TEST_F(ShardTest, DoesNotProveAnEntryThatAChangeHasReplacedMeanwhile) {
  start();
  hold(5);
  run_for(3s);
  auto p = get();
  change_to(6);
  next(cold.reads).answer(lookup{nullptr, version(5)});
  run();
  EXPECT_FALSE(p.ready());
  truth_answers(6);
  EXPECT_TRUE(p.ready() && p.get());
}

TEST_F(ShardTest, VerifiesEntriesFromBeforeAGap) {
  start();
  hold(5);
  run_for(3s);
  fence();
  EXPECT_EQ(in_view(), "value 5");
  ++tier->freshness->generation;
  EXPECT_EQ(in_view(), "");
  auto p = get();
  ASSERT_EQ(cold.reads.size(), 1u);
  EXPECT_FALSE(cold.reads[0].what.whole);
  next(cold.reads).answer(lookup{nullptr, version(5)});
  run();
  EXPECT_TRUE(p.ready() && p.get());
  EXPECT_EQ(in_view(), "value 5");
}

TEST_F(ShardTest, AnswersMarkedWhenTheTruthIsDown) {
  start();
  hold(5);
  run_for(5s);
  auto any = get();
  auto strict = get(fresh_only());
  next(cold.reads).refuse(ec::unavailable);
  run();
  ASSERT_TRUE(any.ready() && any.get());
  EXPECT_TRUE(any.get()->stale);
  // Proved for the last time when it was read.
  EXPECT_EQ(any.get()->stale_for, 5s);
  EXPECT_EQ(any.get()->tier, tier::memory);
  ASSERT_TRUE(strict.ready() && !strict.get());
  EXPECT_EQ(code_of(strict.get().error()), ec::unavailable);
}

TEST_F(ShardTest, DoesNotAnswerAnOlderValueThanTheCallerHasSeen) {
  start();
  hold(5);
  auto p = get_at_least(6);
  next(cold.reads).refuse(ec::unavailable);
  run();
  // JetStream may have it.
  if (!warm.gets.empty()) {
    next(warm.gets).refuse(ec::unavailable);
    run();
  }
  ASSERT_TRUE(p.ready() && !p.get());
  EXPECT_EQ(code_of(p.get().error()), ec::unavailable);
}

TEST_F(ShardTest, AnswersAnExpiredEntryWithinItsGraceWhenTheTruthIsDown) {
  start([](auto& c) {
    c.ttl = 60s;
    c.grace = 30s;
  });
  hold(5);
  run_for(70s);
  EXPECT_EQ(in_view(), "");
  auto p = get();
  next(cold.reads).refuse(ec::unavailable);
  run();
  ASSERT_TRUE(p.ready() && p.get());
  EXPECT_TRUE(p.get()->stale);
  run_for(30s);
  EXPECT_EQ(stats().entries, 0u);
}

TEST_F(ShardTest, ReadsAnExpiredEntryAgain) {
  start([](auto& c) { c.ttl = 60s; });
  hold(5);
  run_for(61s);
  fence();
  EXPECT_EQ(in_view(), "");
  auto p = get();
  EXPECT_EQ(warm.gets.size(), 1u);
  next(warm.gets).answer(shared(5));
  run();
  ASSERT_TRUE(p.ready() && p.get());
  EXPECT_EQ(in_view(), "value 5");
}

TEST_F(ShardTest, AnswersFromJetStreamMarkedWhenTheTruthIsDown) {
  start();
  auto p = get();
  next(cold.reads).refuse(ec::unavailable);
  run();
  ASSERT_EQ(warm.gets.size(), 1u);
  next(warm.gets).answer(shared(5));
  run();
  ASSERT_TRUE(p.ready() && p.get());
  EXPECT_EQ(p.get()->tier, tier::jetstream);
  EXPECT_TRUE(p.get()->stale);
  // Marked for one is not proved for the next.
  EXPECT_EQ(in_view(), "");
}

TEST_F(ShardTest, SaysWhichTierFailedWhenNoneHasIt) {
  start();
  auto p = get();
  next(cold.reads).refuse(ec::unavailable);
  run();
  next(warm.gets).answer(kv_entry{});
  run();
  ASSERT_TRUE(p.ready() && !p.get());
  EXPECT_EQ(code_of(p.get().error()), ec::unavailable);
}

TEST_F(ShardTest, DoesNotWaitLongForATruthThatHangsWhenItHasAnOlderValue) {
  start();
  hold(5);
  run_for(3s);
  auto p = get();
  run_for(900ms);
  ASSERT_TRUE(p.ready() && p.get());
  EXPECT_TRUE(p.get()->stale);
}

TEST_F(ShardTest, AsksAgainAfterAReadThatWasNeverAnswered) {
  start();
  auto lost = get();
  run_for(2'100ms);
  next(warm.gets).answer(kv_entry{});
  run();
  ASSERT_TRUE(lost.ready() && !lost.get());
  cold.reads.clear();
  auto p = get();
  truth_answers(5);
  EXPECT_TRUE(p.ready() && p.get());
}

}  // namespace

}  // namespace larder::test
