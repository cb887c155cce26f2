#include "tests/actors/relay_fixture.hpp"

namespace larder::test {

namespace {

TEST_F(RelayTest, WritesJetStreamThenTheLogThenTheMark) {
  start();
  auto info = database->put(k, "{}");
  wake(one);
  ASSERT_EQ(one.warm.writes.size(), 1u);
  EXPECT_EQ(one.warm.writes[0].what.info, info);
  EXPECT_EQ(one.warm.writes[0].what.seen_sequence, std::nullopt);
  EXPECT_EQ(log->published.size(), 0u);
  EXPECT_EQ(backlog(), 1u);
  shared(one);
  ASSERT_EQ(log->published.size(), 1u);
  EXPECT_EQ(log->published[0].subject, "template.updated.t.a");
  EXPECT_EQ(log->published[0].msg_id, std::string{info.epoch.text()} + ":t.a:"
                                          + std::to_string(info.revision));
  auto event =
      parse_change({}, log->published[0].subject, log->published[0].payload);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->revision, info.revision);
  EXPECT_EQ(event->epoch, info.epoch.text());
  EXPECT_EQ(backlog(), 1u) << "marked before the acknowledgement";
  acknowledge();
  EXPECT_EQ(backlog(), 0u);
}

TEST_F(RelayTest, PublishesADeletionAsAnInvalidation) {
  start();
  database->put(k, "{}");
  round(one);
  database->erase(k);
  wake(one);
  ASSERT_EQ(one.warm.writes.size(), 1u);
  EXPECT_FALSE(one.warm.writes[0].what.value);
  shared(one);
  ASSERT_EQ(log->published.size(), 1u);
  EXPECT_EQ(log->published[0].subject, "template.invalidate.t.a");
}

TEST_F(RelayTest, LeavesTheRowWhenJetStreamFails) {
  start();
  database->put(k, "{}");
  wake(one);
  next(one.warm.writes).refuse(ec::unavailable);
  run();
  EXPECT_EQ(log->published.size(), 0u) << "readers would find the old value";
  EXPECT_EQ(backlog(), 1u);
  run_for(600ms);
  ASSERT_EQ(one.warm.writes.size(), 1u);
  shared(one);
  acknowledge();
  EXPECT_EQ(backlog(), 0u);
}

TEST_F(RelayTest, PublishesAgainWhenTheLogFails) {
  start();
  database->put(k, "{}");
  wake(one);
  shared(one);
  auto id = log->published[0].msg_id;
  refuse_publication();
  EXPECT_EQ(backlog(), 1u);
  run_for(600ms);
  shared(one);
  ASSERT_EQ(log->published.size(), 1u);
  EXPECT_EQ(log->published[0].msg_id, id)
      << "the log could not tell them apart";
  acknowledge();
  EXPECT_EQ(backlog(), 0u);
}

TEST_F(RelayTest, PublishesAgainWhenTheMarkFails) {
  start();
  database->put(k, "{}");
  wake(one);
  shared(one);
  ask_fence(one, "n:1");
  database->set_available(false);
  acknowledge();
  EXPECT_EQ(log->published.size(), 0u) << "a fence before all rows are marked";
  database->set_available(true);
  EXPECT_EQ(backlog(), 1u);
  run_for(2s);
  shared(one);
  ASSERT_EQ(log->published.size(), 1u);
  acknowledge();
  EXPECT_EQ(backlog(), 0u);
}

TEST_F(RelayTest, PublishesAFenceBehindEverythingOfItsSnapshot) {
  start();
  database->put(k, "{}");
  ask_fence(one, "n:1");
  ASSERT_EQ(one.warm.writes.size(), 1u);
  shared(one);
  ASSERT_EQ(log->published.size(), 1u);
  EXPECT_FALSE(is_fence(log->published[0].subject, "larder"));
  acknowledge_one();
  ASSERT_EQ(log->published.size(), 1u);
  EXPECT_TRUE(is_fence(log->published[0].subject, "larder"));
  EXPECT_EQ(nonces_in(log->published[0].payload),
            std::vector<std::string>{"n:1"});
}

TEST_F(RelayTest, KeepsANonceForTheNextSnapshotWhenThisOneIsTaken) {
  start();
  database->put(k, "{}");
  ask_fence(one, "n:1");
  // The snapshot is taken; what is committed now is not in it.
  database->put(k, "[1]");
  ask_fence(one, "n:2");
  shared(one);
  acknowledge_one();
  ASSERT_EQ(log->published.size(), 1u);
  EXPECT_EQ(nonces_in(log->published[0].payload),
            std::vector<std::string>{"n:1"});
  acknowledge();
  // The next round, at once.
  ASSERT_EQ(one.warm.writes.size(), 1u);
  shared(one);
  ASSERT_EQ(log->published.size(), 1u);
  EXPECT_FALSE(is_fence(log->published[0].subject, "larder"));
  acknowledge_one();
  ASSERT_EQ(log->published.size(), 1u);
  EXPECT_EQ(nonces_in(log->published[0].payload),
            std::vector<std::string>{"n:2"});
  acknowledge();
}

TEST_F(RelayTest, PublishesNoFenceOfARoundThatFailed) {
  start();
  database->put(k, "{}");
  ask_fence(one, "n:1");
  next(one.warm.writes).refuse(ec::unavailable);
  run();
  run_for(600ms);
  shared(one);
  for (auto& p : log->published)
    EXPECT_FALSE(is_fence(p.subject, "larder"));
}

TEST_F(RelayTest, PublishesEveryBatchBeforeTheFence) {
  start(one, "one", 2);
  for (int i = 0; i < 5; ++i)
    database->put({"t", std::to_string(i)}, "{}");
  ask_fence(one, "n:1");
  std::vector<std::string> order;
  for (int i = 0; i < 10; ++i) {
    shared(one);
    while (!log->published.empty()) {
      order.push_back(log->published.front().subject);
      acknowledge_one();
    }
  }
  ASSERT_EQ(order.size(), 6u);
  EXPECT_TRUE(is_fence(order.back(), "larder"));
}

TEST_F(RelayTest, PublishesWhatCommitsLate) {
  start();
  auto slow = database->begin_put(k, "{}");
  database->put({"t", "b"}, "{}");
  round(one);
  EXPECT_EQ(backlog(), 0u);
  database->commit(slow);
  wake(one);
  ASSERT_EQ(one.warm.writes.size(), 1u) << "its number is below the last one's";
  EXPECT_EQ(one.warm.writes[0].what.key, k);
}

TEST_F(RelayTest, SharesTheNewestValueOfAKeyOnce) {
  start();
  database->put(k, "[1]");
  auto last = database->put(k, "[2]");
  wake(one);
  ASSERT_EQ(one.warm.writes.size(), 1u);
  EXPECT_EQ(one.warm.writes[0].what.info, last);
  EXPECT_EQ(one.warm.writes[0].what.value->content(), "[2]");
  shared(one);
  EXPECT_EQ(log->published.size(), 2u);
}

TEST_F(RelayTest, LeavesItToTheOneThatHasTheLease) {
  start();
  start(other, "other");
  EXPECT_TRUE(has_lease(one));
  EXPECT_FALSE(has_lease(other));
  database->put(k, "{}");
  ask_fence(other, "n:1");
  wake(other);
  EXPECT_EQ(other.warm.writes.size(), 0u);
  EXPECT_EQ(log->published.size(), 0u);
}

TEST_F(RelayTest, TakesOverWhenTheOtherOneIsGone) {
  start();
  start(other, "other");
  caf::anon_send_exit(one.relay, caf::exit_reason::kill);
  run();
  for (int i = 0; i < 2'000; ++i)
    ask_fence(other, "n:" + std::to_string(i));
  // It need not be asked again, and what it remembers is bounded.
  ASSERT_TRUE(actors_.run_until([&] { return !log->published.empty(); }, 2s));
  auto nonces = nonces_in(log->published[0].payload);
  EXPECT_LE(nonces.size(), 512u);
  EXPECT_EQ(nonces.back(), "n:1999");
  acknowledge();
  database->put(k, "{}");
  EXPECT_TRUE(
      actors_.run_until([&] { return !other.warm.writes.empty(); }, 2s));
}

TEST_F(RelayTest, HandsTheLeaseOverWhenItStops) {
  start();
  start(other, "other");
  ASSERT_TRUE(request(one.relay, 1s, stop_atom::value));
  run_for(400ms);
  EXPECT_TRUE(has_lease(other));
  EXPECT_FALSE(has_lease(one));
}

TEST_F(RelayTest, PublishesNoMoreOnceItHasStopped) {
  start(one, "one", 1);
  database->put(k, "{}");
  database->put({"t", "b"}, "{}");
  wake(one);
  // In the middle of a round, with another batch to come.
  ASSERT_TRUE(request(one.relay, 1s, stop_atom::value));
  shared(one);
  acknowledge();
  shared(one);
  acknowledge();
  EXPECT_EQ(backlog(), 2u);
  start(other, "other");
  EXPECT_TRUE(has_lease(other)) << "it took the lease again";
}

TEST_F(RelayTest, DoesNoHarmBesideAnotherOne) {
  start();
  database->put(k, "{}");
  wake(one);
  // Its lease runs out in the middle of a round.
  run_for(1'600ms);
  start(other, "other");
  ASSERT_TRUE(has_lease(other));
  wake(other);
  ASSERT_EQ(other.warm.writes.size(), 1u);
  auto same = other.warm.writes[0].what.info;
  shared(other);
  auto id = log->published.front().msg_id;
  acknowledge();
  EXPECT_EQ(backlog(), 0u);
  shared(one);
  for (auto& p : log->published)
    EXPECT_EQ(p.msg_id, id);
  acknowledge();
  EXPECT_EQ(backlog(), 0u);
  EXPECT_EQ(
      same.revision,
      memory_store{database}.get(std::vector<key>{k})->at(0).info.revision);
}

TEST_F(RelayTest, BeginsANewEpochWhenTheLogHasGoneBack) {
  start();
  sequence = 100;
  database->put(k, "{}");
  round(one);
  auto before = database->current_epoch();
  sequence = 3;
  ask_fence(one, "n:1");
  acknowledge();
  EXPECT_NE(database->current_epoch(), before);
}

TEST_F(RelayTest, BeginsOneEpochForOneLoss) {
  start();
  start(other, "other");
  auto lost = database->current_epoch();
  caf::anon_send(one.relay, epoch_atom::value, lost);
  run();
  auto raised = database->current_epoch();
  EXPECT_NE(raised, lost);
  caf::anon_send(other.relay, epoch_atom::value, lost);
  run();
  EXPECT_EQ(database->current_epoch(), raised);
}

TEST_F(RelayTest, BeginsTheEpochOnceTheTruthCanBeReached) {
  start();
  auto lost = database->current_epoch();
  database->set_available(false);
  caf::anon_send(one.relay, epoch_atom::value, lost);
  run();
  database->set_available(true);
  run_for(600ms);
  EXPECT_NE(database->current_epoch(), lost);
}

}  // namespace

}  // namespace larder::test
