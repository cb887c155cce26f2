// Writes, invalidations and epochs, and what lands behind them.
#include "tests/actors/shard_bench.hpp"

namespace larder::test {

namespace {

using ShardTest = shard_bench;

TEST_F(ShardTest, DoesNotKeepASlowFillThatLandsAfterTheChange) {
  start();
  fence();
  auto p = get();
  next(warm.gets).answer(kv_entry{});
  run();
  change_to(6);
  truth_answers(5);
  // Read before the change, so read again.
  EXPECT_FALSE(p.ready());
  EXPECT_EQ(in_view(), "");
  EXPECT_EQ(stats().rejected_fills, 1u);
  truth_answers(6);
  ASSERT_TRUE(p.ready() && p.get());
  EXPECT_EQ(p.get()->value->revision(), 6);
  EXPECT_EQ(in_view(), "value 6");
}

TEST_F(ShardTest, DoesNotKeepASlowJetStreamReadThatLandsAfterTheChange) {
  start();
  fence();
  auto p = get();
  change_to(6);
  next(warm.gets).answer(shared(5));
  run();
  EXPECT_FALSE(p.ready());
  EXPECT_EQ(in_view(), "");
  truth_answers(6);
  EXPECT_TRUE(p.ready() && p.get());
}

TEST_F(ShardTest, KeepsFloorsLongerThanEntries) {
  start();
  hold(6);
  EXPECT_EQ(
      request(subject, 1s, clear_atom::value, std::optional<std::string>{}),
      std::uint64_t{1});
  // The newer entry is gone; what is older is not taken all the same.
  run_for(9min);
  fence();
  auto p = get();
  next(warm.gets).answer(shared(5));
  run();
  EXPECT_FALSE(p.ready());
  truth_answers(6);
  ASSERT_TRUE(p.ready() && p.get());
  EXPECT_EQ(p.get()->value->revision(), 6);
}

TEST_F(ShardTest, GivesUpOnAKeyThatChangesFasterThanItCanBeRead) {
  start();
  auto p = get();
  for (int revision = 6; revision < 20 && !p.ready(); ++revision) {
    change_to(revision);
    ASSERT_EQ(cold.reads.size(), 1u);
    truth_answers(revision - 1);
  }
  ASSERT_TRUE(p.ready() && !p.get());
  EXPECT_EQ(code_of(p.get().error()), ec::busy);
}

TEST_F(ShardTest, DropsWhatIsOlderThanTheChangeAlone) {
  start();
  hold(6);
  fence();
  change_to(5);
  EXPECT_EQ(in_view(), "value 6");
  change_to(6);
  EXPECT_EQ(in_view(), "value 6");
  change_to(7);
  EXPECT_EQ(in_view(), "");
  EXPECT_EQ(stats().invalidations, 3u);
}

TEST_F(ShardTest, AsksTheTruthAfterAnInvalidationWithoutARevision) {
  start();
  hold(5);
  fence();
  invalidate();
  EXPECT_EQ(in_view(), "");
  auto p = get();
  EXPECT_EQ(warm.gets.size(), 0u) << "JetStream cannot be trusted with it";
  truth_answers(5);
  ASSERT_TRUE(p.ready() && p.get());
  // What JetStream has of the same revision is in doubt too.
  ASSERT_EQ(warm.writes.size(), 1u);
  EXPECT_TRUE(warm.writes[0].what.same_revision_too);
  next(warm.writes).answer(true);
  run();
  EXPECT_EQ(
      request(subject, 1s, clear_atom::value, std::optional<std::string>{}),
      std::uint64_t{1});
  get();
  EXPECT_EQ(warm.gets.size(), 1u) << "JetStream was brought up to date";
}

TEST_F(ShardTest, AsksTheTruthUntilJetStreamHasTakenTheValue) {
  start();
  fence(1h);
  invalidate();
  get();
  truth_answers(5);
  next(warm.writes).refuse(ec::unavailable);
  run();
  static_cast<void>(
      request(subject, 1s, clear_atom::value, std::optional<std::string>{}));
  get();
  EXPECT_EQ(warm.gets.size(), 0u);
  EXPECT_EQ(cold.reads.size(), 1u);
}

TEST_F(ShardTest, DoesNotTakeAReadFromBeforeAnInvalidationWithoutARevision) {
  start();
  auto p = get();
  invalidate();
  truth_answers(5);
  EXPECT_FALSE(p.ready());
  truth_answers(5);
  EXPECT_TRUE(p.ready() && p.get());
}

TEST_F(ShardTest, DoesNotTrustJetStreamWithAValueFromBeforeTheInvalidation) {
  start();
  fence(1h);
  invalidate();
  get();
  truth_answers(5);
  ASSERT_EQ(warm.writes.size(), 1u);
  // The second one comes while what was read after the first one is on its way
  // to JetStream.
  invalidate();
  next(warm.writes).answer(true);
  run();
  get();
  EXPECT_EQ(warm.gets.size(), 0u);
  EXPECT_EQ(cold.reads.size(), 1u) << "the source of truth was not asked";
}

TEST_F(ShardTest, DropsWhatItHearsIsOldBeforeTheLogTellsIt) {
  start();
  hold(5);
  fence();
  ASSERT_EQ(in_view(), "value 5");
  hear_of(6);
  EXPECT_EQ(in_view(), "");
  auto p = get();
  // JetStream does not have it yet, and gets it from the relay.
  EXPECT_TRUE(warm.gets.empty());
  truth_answers(6);
  ASSERT_TRUE(p.ready() && p.get());
  EXPECT_TRUE(warm.writes.empty());
  change_to(6);
  EXPECT_EQ(in_view(), "value 6");
  static_cast<void>(
      request(subject, 1s, clear_atom::value, std::optional<std::string>{}));
  get();
  EXPECT_EQ(warm.gets.size(), 1u) << "the log says that JetStream has it";
}

TEST_F(ShardTest, TakesTheValueThatItHearsForTheOlderOneThatItHolds) {
  start();
  hold(5);
  fence();
  hear_of(7, value(7));
  EXPECT_EQ(in_view(), "value 7");
  hear_of(6, value(6));
  EXPECT_EQ(in_view(), "value 7");
  change_to(7);
  EXPECT_EQ(in_view(), "value 7");
  change_to(8);
  EXPECT_EQ(in_view(), "");
}

TEST_F(ShardTest, ProvesAValueThatItHearsByTheOlderOneAlone) {
  start();
  hold(5);
  // The log has a gap, and 5 is not proved any more.
  ++tier->freshness->generation;
  run_for(2s);
  fence();
  hear_of(7, value(7));
  EXPECT_EQ(in_view(), "");
  // Nothing is held that would tell whether there is a newer one.
  static_cast<void>(
      request(subject, 1s, clear_atom::value, std::optional<std::string>{}));
  hear_of(8, value(8));
  EXPECT_EQ(in_view(), "");
}

TEST_F(ShardTest, TellsOthersTheValueThatItHasCommitted) {
  start();
  auto p = put("new");
  next(cold.writes).answer(version(6));
  run();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].info, version(6));
  ASSERT_TRUE(told[0].value);
  EXPECT_EQ(told[0].value->content(), "new");
  put(std::string(65 << 10, 'x'));
  next(cold.writes).answer(version(7));
  remove();
  next(cold.writes).answer(version(8));
  run();
  ASSERT_EQ(told.size(), 3u);
  EXPECT_FALSE(told[1].value) << "too large for nodes that may not want it";
  EXPECT_TRUE(told[2].deleted);
  EXPECT_FALSE(told[2].value);
}

TEST_F(ShardTest, KeepsWhatIsNewerThanWhatItHears) {
  start();
  hold(6);
  fence();
  hear_of(5);
  hear_of(6);
  EXPECT_EQ(in_view(), "value 6");
}

TEST_F(ShardTest, DoesNotKeepASlowFillThatLandsAfterWhatItHeard) {
  start();
  auto p = get();
  hear_of(6);
  truth_answers(5);
  EXPECT_FALSE(p.ready());
  truth_answers(6);
  ASSERT_TRUE(p.ready() && p.get());
  EXPECT_EQ(p.get()->value->revision(), 6);
}

TEST_F(ShardTest, ShowsAPutInTheReadViewBeforeItIsAcknowledged) {
  start();
  hold(5);
  fence();
  auto written = put("new");
  EXPECT_EQ(in_view(), "value 5");
  EXPECT_FALSE(written.ready()) << "acknowledged before the commit";
  next(cold.writes).answer(version(6));
  std::string seen;
  actors_.run_until([&] { return written.ready(); });
  EXPECT_EQ(in_view(), "new");
  ASSERT_TRUE(written.get());
  EXPECT_EQ(*written.get(), version(6));
  EXPECT_EQ(told.size(), 1u);
}

TEST_F(ShardTest, ShowsADeletionInTheReadViewBeforeItIsAcknowledged) {
  start();
  hold(5);
  fence();
  auto removed = remove();
  ASSERT_EQ(cold.writes.size(), 1u);
  EXPECT_EQ(cold.writes[0].what.content, std::nullopt);
  next(cold.writes).answer(version(6));
  actors_.run_until([&] { return removed.ready(); });
  EXPECT_EQ(in_view(), "");
  // JetStream still has what was deleted, and is not asked.
  auto p = get();
  EXPECT_TRUE(warm.gets.empty());
  next(cold.reads).answer(lookup{nullptr, version(6)});
  run();
  ASSERT_TRUE(p.ready() && !p.get());
  EXPECT_EQ(code_of(p.get().error()), ec::not_found);
}

TEST_F(ShardTest, DoesNotKeepAFillFromBeforeThePut) {
  start();
  auto p = get();
  put("new");
  next(cold.writes).answer(version(6));
  run();
  truth_answers(5);
  EXPECT_EQ(in_view(), "new");
  truth_answers(6);
  ASSERT_TRUE(p.ready() && p.get());
  EXPECT_EQ(p.get()->value->revision(), 6);
}

TEST_F(ShardTest, DoesNotPutBackAnOwnPutThatWasOvertaken) {
  start();
  fence();
  auto written = put("mine");
  change_to(7);
  next(cold.writes).answer(version(6));
  run();
  EXPECT_TRUE(written.ready() && written.get());
  EXPECT_EQ(in_view(), "");
}

TEST_F(ShardTest, ShowsAPutOfANewEpochThoughItsRevisionIsSmaller) {
  start();
  hold(90);
  begin_epoch("two");
  auto written = put("new");
  next(cold.writes).answer(version(6));
  run();
  ASSERT_TRUE(written.ready() && written.get());
  EXPECT_EQ(in_view(), "new");
}

TEST_F(ShardTest, SaysWhatTheStoreSaidOfAWrite) {
  start();
  auto refused = put("new");
  next(cold.writes).refuse(conflict(9, "another revision is current"));
  run();
  ASSERT_TRUE(refused.ready() && !refused.get());
  EXPECT_EQ(current_revision_of(refused.get().error()), 9);
  EXPECT_EQ(told.size(), 0u);
}

TEST_F(ShardTest, SaysThatAnUnansweredWriteIsInDoubt) {
  start();
  hold(5);
  auto lost = put("new");
  run_for(2'100ms);
  ASSERT_TRUE(lost.ready() && !lost.get());
  EXPECT_EQ(code_of(lost.get().error()), ec::unavailable);
  EXPECT_NE(message_of(lost.get().error()).find("not known"),
            std::string::npos);
  // Committed all the same: the log says so.
  fence();
  change_to(6);
  EXPECT_EQ(in_view(), "");
}

TEST_F(ShardTest, DoesNotInstallWhatAChangeHasOvertaken) {
  start();
  fence();
  auto began = now();
  change_to(6);
  EXPECT_EQ(install(value(5), began, 0), 0u);
  EXPECT_EQ(in_view(), "");
  EXPECT_EQ(install(value(6), began, 0), 1u);
  EXPECT_EQ(in_view(), "value 6");
}

TEST_F(ShardTest, VerifiesWhatWasInstalledFromBeforeAGap) {
  start();
  fence(1h);
  auto began = now();
  tier->freshness->generation = 1;
  EXPECT_EQ(install(value(5), began, 0), 1u);
  run_for(3s);
  EXPECT_EQ(in_view(), "");
}

TEST_F(ShardTest, ReadsAgainWhatWasReadBeforeTheEpochBegan) {
  start();
  tier->freshness->current_epoch = epoch{};
  now_epoch = epoch{"two"};
  auto p = get();
  change_to(8);
  begin_epoch("two");
  truth_answers(7);
  fence();
  EXPECT_EQ(in_view(), "") << "kept from before a change that it was told of";
  ASSERT_EQ(cold.reads.size(), 1u);
  truth_answers(8);
  ASSERT_TRUE(p.ready() && p.get());
  EXPECT_EQ(p.get()->value->revision(), 8);
}

TEST_F(ShardTest, RemembersThroughAnEpochWhatItMustAskTheTruthFor) {
  start();
  fence();
  // As when the log is replayed: the change, then the epoch that it is of.
  tier->freshness->current_epoch = epoch{};
  now_epoch = epoch{"two"};
  change_to(8);
  begin_epoch("two");
  auto p = get();
  EXPECT_EQ(warm.gets.size(), 0u);
  ASSERT_EQ(cold.reads.size(), 1u);
  truth_answers(8);
  EXPECT_TRUE(p.ready() && p.get());
}

}  // namespace

}  // namespace larder::test
