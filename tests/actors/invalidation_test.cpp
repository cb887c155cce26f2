#include "actors/invalidation.hpp"

#include "cluster/fence.hpp"
#include "tests/actors/scripted_ports.hpp"
#include "tests/actors/scripted_tiers.hpp"
#include "tests/support/actor_fixture.hpp"

namespace larder::test {

namespace {

using namespace std::chrono_literals;

constexpr std::int64_t stream_made = 1'000;

class InvalidationTest : public actor_fixture {
 protected:
  InvalidationTest() { actors_.set_time(time_point{24h}); }

  /// Starts it on a log that holds sequences up to `last`, and lets it read.
  void start(std::uint64_t last = 0) {
    invalidation_context context;
    context.freshness = freshness;
    context.log = log;
    context.signals = signals;
    context.shards = {own(shards[0].spawn(sys())), own(shards[1].spawn(sys()))};
    context.relay = own(relay.spawn(sys()));
    context.incarnation = "n";
    subject = own(sys().spawn(invalidation, std::move(context)));
    run();
    opened(1, last);
  }

  void opened(std::uint64_t first, std::uint64_t last,
              std::int64_t created = stream_made) {
    ASSERT_FALSE(log->infos.empty()) << "it did not open the log";
    auto done = std::move(log->infos.front());
    log->infos.pop_front();
    done(log_info{created, first, last});
    run();
  }
  /// The connection is lost, and the log is opened again.
  void lose() {
    log->reads.back().to.on_lost(fail(ec::unavailable, "as the test has it"));
    ASSERT_TRUE(actors_.run_until([this] { return !log->infos.empty(); }, 1s));
  }
  void anchor(std::optional<log_position> at) {
    ASSERT_FALSE(log->anchors.empty()) << "it did not check its anchor";
    auto call = std::move(log->anchors.front());
    log->anchors.pop_front();
    call.done(at);
    run();
  }

  void record(std::uint64_t sequence, const std::string& subject,
              const std::string& payload = {}) {
    log->reads.back().to.on_record({at(sequence), subject, payload});
    run();
  }
  void changed(std::uint64_t sequence, std::int64_t revision,
               const std::string& epoch = "one") {
    change c{k, change_op::put, revision, 1, epoch};
    record(sequence, collection_subjects{}.event(c), to_body(c));
  }
  void fenced(std::uint64_t sequence, std::vector<std::string> nonces,
              const std::string& epoch = "one") {
    record(sequence, fence_subject("larder"),
           to_body(larder::fence{epoch, std::move(nonces)}));
  }
  static log_position at(std::uint64_t sequence) {
    return {sequence, static_cast<std::int64_t>(sequence) * 10};
  }

  std::string newest_nonce() const { return signals->nonces.back(); }
  bool fence_holds() const {
    return nanoseconds_of(now()) < freshness->fence_until;
  }
  std::deque<asked<change_notice, done_atom>>& changes() {
    return shards[shard_of(k, 2)].changes;
  }
  void apply_all() {
    while (!changes().empty()) {
      next(changes()).answer(done_atom::value);
      run();
    }
    for (auto& s : shards)
      while (!s.epochs.empty()) {
        next(s.epochs).answer(done_atom::value);
        run();
      }
  }
  std::uint64_t started_at() const {
    return std::get<std::uint64_t>(log->reads.back().start);
  }
  coherence_stats stats() { return *request(subject, 1s, stats_atom::value); }

  key k{"framework", "phoenix"};
  std::shared_ptr<larder::freshness> freshness =
      std::make_shared<larder::freshness>();
  std::shared_ptr<scripted_log> log = std::make_shared<scripted_log>();
  std::shared_ptr<scripted_signals> signals =
      std::make_shared<scripted_signals>();
  std::array<scripted_shard, 2> shards;
  scripted_relay relay;
  invalidation_actor subject;
};

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
  EXPECT_EQ(started_at(), 10u);
}

TEST_F(InvalidationTest, EndsTheEpochWhenTheLogIsShorterThanWhatWasRead) {
  start();
  fenced(8, {newest_nonce()});
  apply_all();
  lose();
  opened(1, 7);
  EXPECT_EQ(relay.ended.size(), 1u);
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
