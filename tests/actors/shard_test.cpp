// The miss path: who is asked, in which order, how often, and what is kept.
#include "tests/actors/shard_bench.hpp"

namespace larder::test {

namespace {

using ShardTest = shard_bench;

TEST_F(ShardTest, AsksTheNextTierOnceForConcurrentCallers) {
  start();
  fence();
  std::vector<pending<answer>> callers;
  for (int i = 0; i < 1'000; ++i)
    callers.push_back(get());
  ASSERT_EQ(warm.gets.size(), 1u);
  next(warm.gets).answer(kv_entry{});
  run();
  ASSERT_EQ(cold.reads.size(), 1u);
  truth_answers(5);
  for (auto& caller : callers) {
    ASSERT_TRUE(caller.ready() && caller.get());
    EXPECT_EQ(caller.get()->value->revision(), 5);
    EXPECT_FALSE(caller.get()->stale);
  }
  EXPECT_EQ(warm.gets.size() + cold.reads.size(), 0u);
  EXPECT_EQ(stats().coalesced, 999u);
  EXPECT_EQ(stats().fills, 1u);
}

TEST_F(ShardTest, AnswersFromTheTierThatHasIt) {
  start();
  fence();
  auto first = get();
  next(warm.gets).answer(shared(5));
  run();
  ASSERT_TRUE(first.ready() && first.get());
  EXPECT_EQ(first.get()->tier, tier::jetstream);
  EXPECT_EQ(cold.reads.size(), 0u);
  EXPECT_EQ(in_view(), "value 5");
  auto again = get();
  ASSERT_TRUE(again.ready() && again.get());
  EXPECT_EQ(again.get()->tier, tier::memory);
}

TEST_F(ShardTest, SharesWhatItReadOnTheSequenceThatItSaw) {
  start();
  fence();
  auto p = get();
  auto absent = kv_entry{};
  absent.sequence = 17;
  next(warm.gets).answer(absent);
  run();
  truth_answers(5);
  ASSERT_EQ(warm.writes.size(), 1u);
  auto& fill = warm.writes[0].what;
  EXPECT_EQ(fill.seen_sequence, 17u);
  EXPECT_EQ(fill.info, version(5));
  EXPECT_FALSE(fill.same_revision_too);
  // Nobody waits for JetStream to take it.
  EXPECT_TRUE(p.ready());
}

TEST_F(ShardTest, AsksTheTruthWhenJetStreamFailsAndSharesNothingBlindly) {
  start();
  fence();
  auto p = get();
  next(warm.gets).refuse(ec::unavailable);
  run();
  truth_answers(5);
  ASSERT_TRUE(p.ready() && p.get());
  EXPECT_EQ(p.get()->tier, tier::postgres);
  // An error is not "sequence 0": whoever shares this must look first.
  for (auto& write : warm.writes)
    EXPECT_EQ(write.what.seen_sequence, std::nullopt);
}

TEST_F(ShardTest, DoesNotAskJetStreamWithoutAFence) {
  start();
  auto p = get();
  EXPECT_EQ(warm.gets.size(), 0u);
  truth_answers(5);
  EXPECT_TRUE(p.ready() && p.get());
}

TEST_F(ShardTest, DoesNotTakeAnEntryOfAnOldEpoch) {
  start();
  fence();
  auto old = shared(90);
  now_epoch = epoch{"two"};
  tier->freshness->current_epoch = now_epoch;
  auto p = get();
  next(warm.gets).answer(old);
  run();
  EXPECT_FALSE(p.ready());
  truth_answers(5);
  ASSERT_TRUE(p.ready() && p.get());
  EXPECT_EQ(p.get()->value->revision(), 5);
  // And the old entry is to be replaced, though its revision is greater.
  ASSERT_EQ(warm.writes.size(), 1u);
}

TEST_F(ShardTest, DoesNotTakeAnEntryThatHasNoVersion) {
  start();
  fence();
  auto p = get();
  next(warm.gets).answer(
      kv_entry{artifact::make(k, "foreign", version_info{}), {}, 0, 3});
  run();
  truth_answers(5);
  ASSERT_TRUE(p.ready() && p.get());
  EXPECT_EQ(p.get()->value->content(), "value 5");
}

TEST_F(ShardTest, TakesNoEntryOfAGenerationThatLostSome) {
  start();
  fence();
  tier->freshness->bucket_generation = 2;
  auto p = get();
  next(warm.gets).answer(shared(5));
  run();
  EXPECT_FALSE(p.ready());
  truth_answers(5);
  ASSERT_TRUE(p.ready() && p.get());
  EXPECT_EQ(p.get()->tier, tier::postgres);
  ASSERT_EQ(warm.writes.size(), 1u);
  EXPECT_EQ(warm.writes[0].what.generation, 2u);
}

TEST_F(ShardTest, LeavesABucketAloneThatNobodyVouchesFor) {
  start();
  fence();
  tier->freshness->bucket_generation = 0;
  auto p = get();
  auto unknown = shared(5);
  unknown.generation = 0;
  next(warm.gets).answer(unknown);
  run();
  truth_answers(5);
  ASSERT_TRUE(p.ready() && p.get());
  EXPECT_EQ(p.get()->tier, tier::postgres);
  EXPECT_EQ(warm.writes.size(), 0u);
}

TEST_F(ShardTest, TakesADeletionFromJetStream) {
  start();
  fence();
  auto p = get();
  next(warm.gets).answer(kv_entry{nullptr, version(6), 1, 4});
  run();
  ASSERT_TRUE(p.ready() && !p.get());
  EXPECT_EQ(code_of(p.get().error()), ec::not_found);
  EXPECT_EQ(cold.reads.size(), 0u);
}

TEST_F(ShardTest, DoesNotGoBackBehindADeletionThatItReadFromJetStream) {
  start();
  fence();
  auto gone = get();
  next(warm.gets).answer(kv_entry{nullptr, version(6), 1, 4});
  run();
  ASSERT_TRUE(gone.ready());
  // A replica that lags behind answers the next one.
  auto again = get();
  next(warm.gets).answer(shared(5));
  run();
  EXPECT_FALSE(again.ready()) << "the value from before the deletion is back";
  EXPECT_EQ(in_view(), "");
}

TEST_F(ShardTest, SaysThatThereIsNoSuchKey) {
  start();
  auto p = get();
  next(cold.reads).answer(lookup{nullptr, {0, 0, now_epoch}});
  run();
  ASSERT_TRUE(p.ready() && !p.get());
  EXPECT_EQ(code_of(p.get().error()), ec::not_found);
  EXPECT_EQ(in_view(), "");
  EXPECT_EQ(warm.writes.size(), 0u);
}

TEST_F(ShardTest, PassesTheCachesForAMinRevision) {
  start();
  hold(5);
  fence();
  EXPECT_EQ(in_view(), "value 5");
  EXPECT_EQ(in_view(6), "");
  auto p = get_at_least(6);
  // JetStream may have it, and has not.
  next(warm.gets).answer(shared(5));
  run();
  ASSERT_FALSE(p.ready());
  truth_answers(6);
  ASSERT_TRUE(p.ready() && p.get());
  EXPECT_EQ(p.get()->value->revision(), 6);
}

TEST_F(ShardTest, RefusesAMinRevisionThatTheTruthHasNot) {
  start();
  auto p = get_at_least(6);
  truth_answers(5);
  ASSERT_TRUE(p.ready() && !p.get());
  EXPECT_EQ(code_of(p.get().error()), ec::revision_conflict);
  EXPECT_EQ(current_revision_of(p.get().error()), 5);
}

TEST_F(ShardTest, AsksAgainForACallerWhoseRevisionIsNewerThanTheRead) {
  start();
  auto first = get();
  // Joins a read that may have begun before its own write.
  auto writer = get_at_least(6);
  ASSERT_EQ(cold.reads.size(), 1u);
  truth_answers(5);
  ASSERT_TRUE(first.ready() && first.get());
  ASSERT_FALSE(writer.ready());
  truth_answers(6);
  ASSERT_TRUE(writer.ready() && writer.get());
  EXPECT_EQ(writer.get()->value->revision(), 6);
}

TEST_F(ShardTest, DoesNotAnswerWithAReadThatIsOlderThanTheFenceAllows) {
  start([](auto& c) { c.truth_timeout = 10s; });
  auto first = get();
  run_for(2'500ms);
  auto late = get();
  truth_answers(5);
  EXPECT_TRUE(first.ready());
  EXPECT_FALSE(late.ready());
  truth_answers(6);
  ASSERT_TRUE(late.ready() && late.get());
  EXPECT_EQ(late.get()->value->revision(), 6);
}

TEST_F(ShardTest, KeepsNothingWithoutCaching) {
  start([](auto& c) { c.caching = false; });
  fence();
  auto p = get();
  EXPECT_EQ(warm.gets.size(), 0u);
  truth_answers(5);
  ASSERT_TRUE(p.ready() && p.get());
  EXPECT_EQ(in_view(), "");
  EXPECT_EQ(warm.writes.size(), 0u);
  auto written = put("new");
  next(cold.writes).answer(version(6));
  run();
  EXPECT_TRUE(written.ready() && written.get());
  EXPECT_EQ(in_view(), "");
  EXPECT_EQ(install(value(7), now(), 0), 0u);
  EXPECT_EQ(stats().entries, 0u);
}

TEST_F(ShardTest, ServesALaterCallerWhenTheFirstOnesDeadlineDroppedTheRead) {
  start();
  read_options hasty;
  hasty.deadline = now() + 50ms;
  auto first = get(hasty);
  run_for(20ms);
  auto patient = get();
  run_for(80ms);
  // The source of truth forgets a question whose deadline has passed.
  ASSERT_EQ(cold.reads.size(), 1u);
  next(cold.reads).refuse(ec::deadline_exceeded);
  run();
  EXPECT_FALSE(patient.ready()) << "it would have waited for ten seconds";
  ASSERT_EQ(cold.reads.size(), 1u);
  truth_answers(5);
  EXPECT_TRUE(patient.ready() && patient.get());
}

TEST_F(ShardTest, StaysWithinTheBoundsOfMemory) {
  start();
  for (int i = 0; i < 300; ++i) {
    k.id = "id-" + std::to_string(i);
    hold(1);
    ASSERT_LE(stats().entries, 100u);
  }
  EXPECT_EQ(stats().entries, 100u);
  EXPECT_LE(stats().bytes, 1u << 20);
  EXPECT_EQ(stats().evictions, 200u);
}

TEST_F(ShardTest, HandsTheReadsToTheTruthOnceASweep) {
  start();
  hold(5);
  fence(1h);
  for (int i = 0; i < 7; ++i)
    EXPECT_EQ(in_view(), "value 5");
  EXPECT_EQ(cold.used.size(), 0u);
  run_for(5s);
  // Those from memory, and the one that brought the value there.
  std::uint32_t reads = 0;
  for (auto& one : cold.used) {
    EXPECT_EQ(one.key, k);
    reads += one.reads;
  }
  EXPECT_EQ(reads, 8u);
  auto handed_in = cold.used.size();
  run_for(10s);
  EXPECT_EQ(cold.used.size(), handed_in);
}

}  // namespace

}  // namespace larder::test
