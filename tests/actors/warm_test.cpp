#include "actors/warm.hpp"

#include "tests/actors/scripted_ports.hpp"
#include "tests/actors/scripted_tiers.hpp"
#include "tests/support/actor_fixture.hpp"

namespace larder::test {

namespace {

using namespace std::chrono_literals;

class WarmTest : public actor_fixture {
 protected:
  WarmTest() { actors_.set_time(time_point{24h}); }

  pending<kv_entry> get() {
    auto p = ask(subject, 1h, get_atom::value, k);
    run();
    return p;
  }
  pending<bool> share(shared_fill fill) {
    auto p = ask(subject, 1h, write_atom::value, std::move(fill));
    run();
    return p;
  }
  /// What a reader shares: it saw the key at `sequence`.
  shared_fill of_reader(std::int64_t revision, std::uint64_t sequence) {
    auto fill = of_relay(revision);
    fill.seen_sequence = sequence;
    return fill;
  }
  shared_fill of_relay(std::int64_t revision) {
    version_info info{revision, 2, now_epoch};
    return {k, artifact::make(k, "{}", info), info, {}, false};
  }
  void found(std::int64_t revision, std::uint64_t sequence) {
    version_info info{revision, 2, now_epoch};
    next(bucket->gets)
        .done(kv_entry{artifact::make(k, "{}", info), info, 1, sequence});
    run();
  }
  void absent() {
    next(bucket->gets).done(kv_entry{});
    run();
  }
  void stored(std::uint64_t sequence) {
    next(bucket->puts).done(sequence);
    run();
  }
  void put_fails(ec code) {
    next(bucket->puts).done(fail(code, "as the test has it"));
    run();
  }
  void get_fails() {
    next(bucket->gets).done(fail(ec::unavailable, "as the test has it"));
    run();
  }
  template <class Call>
  static Call next(std::deque<Call>& from) {
    auto first = std::move(from.at(0));
    from.pop_front();
    return first;
  }

  key k{"t", "a"};
  epoch now_epoch{"one"};
  std::shared_ptr<scripted_kv> bucket = std::make_shared<scripted_kv>();
  std::shared_ptr<scripted_kv> leases = std::make_shared<scripted_kv>();
  warm_actor subject = own(sys().spawn(
      warm, warm_context{bucket, leases, "one", std::chrono::seconds{1}}));
};

bool is(const pending<bool>& p, bool expected) {
  return p.ready() && p.get() && *p.get() == expected;
}

TEST_F(WarmTest, TellsAMissFromAFailure) {
  auto missing = get();
  absent();
  ASSERT_TRUE(missing.ready() && missing.get());
  EXPECT_EQ(missing.get()->sequence, 0u);
  auto failed = get();
  get_fails();
  ASSERT_TRUE(failed.ready() && !failed.get());
  EXPECT_EQ(code_of(failed.get().error()), ec::unavailable);
}

TEST_F(WarmTest, PutsAReadersValueOnTheSequenceThatItSaw) {
  auto p = share(of_reader(5, 3));
  ASSERT_EQ(bucket->puts.size(), 1u);
  EXPECT_EQ(bucket->puts[0].entry.expected_sequence, 3u);
  EXPECT_EQ(bucket->puts[0].entry.info.revision, 5);
  stored(4);
  EXPECT_TRUE(is(p, true));
}

TEST_F(WarmTest, LeavesAReadersValueWhenSomebodyWasFaster) {
  auto p = share(of_reader(5, 3));
  put_fails(ec::revision_conflict);
  EXPECT_TRUE(is(p, false));
  EXPECT_EQ(bucket->gets.size() + bucket->puts.size(), 0u);
}

TEST_F(WarmTest, LeasesAKeyToOneWhoFillsIt) {
  auto first = ask(subject, 1h, lease_atom::value, k);
  run();
  ASSERT_EQ(leases->puts.size(), 1u);
  EXPECT_EQ(leases->puts[0].entry.expected_sequence, 0u);
  EXPECT_EQ(leases->puts[0].entry.value->content(), "one");
  next(leases->puts).done(1);
  run();
  EXPECT_TRUE(is(first, true));
  auto second = ask(subject, 1h, lease_atom::value, k);
  run();
  next(leases->puts).done(conflict(1, "as the test has it"));
  run();
  EXPECT_TRUE(is(second, false));
  caf::anon_send(subject, release_atom::value, k);
  run();
  EXPECT_EQ(leases->purged, std::vector<key>{k});
}

TEST_F(WarmTest, LetsEveryoneFillWhereNobodyCanTellWhoDoes) {
  for (int i = 0; i < 20; ++i) {
    auto p = ask(subject, 1h, lease_atom::value, k);
    run();
    if (!leases->puts.empty())
      next(leases->puts).done(fail(ec::unavailable, "as the test has it"));
    run();
    EXPECT_TRUE(is(p, true));
  }
  // And after a few failures nobody waits for another one.
  auto p = ask(subject, 1h, lease_atom::value, k);
  run();
  EXPECT_TRUE(is(p, true));
  EXPECT_EQ(leases->puts.size(), 0u);
}

TEST_F(WarmTest, FindsOutByItselfThatJetStreamIsBack) {
  for (int i = 0; i < 3; ++i) {
    get();
    get_fails();
  }
  auto reachable = [this] {
    return request(subject, 1s, stats_atom::value)->reachable;
  };
  EXPECT_FALSE(reachable());
  run_for(400ms);
  ASSERT_EQ(bucket->gets.size(), 1u);
  get_fails();
  EXPECT_FALSE(reachable());
  run_for(400ms);
  absent();
  EXPECT_TRUE(reachable());
  run_for(2s);
  EXPECT_EQ(bucket->gets.size(), 0u);
}

TEST_F(WarmTest, LooksBeforeItPutsWhatNobodyLookedFor) {
  auto p = share(of_relay(5));
  EXPECT_EQ(bucket->puts.size(), 0u);
  found(4, 8);
  ASSERT_EQ(bucket->puts.size(), 1u);
  EXPECT_EQ(bucket->puts[0].entry.expected_sequence, 8u);
  stored(9);
  EXPECT_TRUE(is(p, true));
}

TEST_F(WarmTest, NeverReplacesANewerEntry) {
  auto older = share(of_relay(5));
  found(6, 8);
  EXPECT_TRUE(is(older, false));
  auto same = share(of_relay(6));
  found(6, 8);
  EXPECT_TRUE(same.ready());
  EXPECT_EQ(bucket->puts.size(), 0u);
}

TEST_F(WarmTest, ReplacesTheSameRevisionWhenItsBytesAreInDoubt) {
  auto fill = of_relay(6);
  fill.same_revision_too = true;
  share(fill);
  found(6, 8);
  EXPECT_EQ(bucket->puts.size(), 1u);
  share(fill);
  found(7, 9);
  EXPECT_EQ(bucket->puts.size(), 1u);
}

TEST_F(WarmTest, BringsAnEntryIntoTheGenerationOfToday) {
  auto fill = of_relay(6);
  fill.generation = 2;
  share(fill);
  found(6, 8);
  ASSERT_EQ(bucket->puts.size(), 1u);
  EXPECT_EQ(bucket->puts[0].entry.generation, 2u);
  // But no older value over a newer one.
  fill.info.revision = 5;
  share(fill);
  found(6, 8);
  EXPECT_EQ(bucket->puts.size(), 1u);
}

TEST_F(WarmTest, ReplacesAnEntryOfAnotherEpoch) {
  auto fill = of_relay(5);
  now_epoch = epoch{"zero"};
  share(fill);
  found(99, 8);
  EXPECT_EQ(bucket->puts.size(), 1u);
}

TEST_F(WarmTest, TriesAgainForTheRelayWhenSomebodyWasFaster) {
  auto p = share(of_relay(5));
  absent();
  put_fails(ec::revision_conflict);
  found(4, 2);
  ASSERT_EQ(bucket->puts.size(), 1u);
  EXPECT_EQ(bucket->puts[0].entry.expected_sequence, 2u);
  stored(3);
  EXPECT_TRUE(is(p, true));
}

TEST_F(WarmTest, GivesUpWithAnErrorWhenItIsAlwaysBeaten) {
  auto p = share(of_relay(50));
  for (int i = 0; i < 20 && !p.ready(); ++i) {
    found(i, static_cast<std::uint64_t>(i) + 1);
    put_fails(ec::revision_conflict);
  }
  ASSERT_TRUE(p.ready() && !p.get());
  EXPECT_EQ(code_of(p.get().error()), ec::busy);
}

TEST_F(WarmTest, WritesADeletionMarker) {
  shared_fill gone{k, nullptr, {6, 1, now_epoch}, {}, false};
  share(gone);
  found(5, 8);
  ASSERT_EQ(bucket->puts.size(), 1u);
  EXPECT_FALSE(bucket->puts[0].entry.value);
  EXPECT_EQ(bucket->puts[0].entry.info.revision, 6);
}

TEST_F(WarmTest, SkipsATierThatFailsAndProbesIt) {
  for (int i = 0; i < 3; ++i) {
    get();
    get_fails();
  }
  auto skipped = get();
  ASSERT_TRUE(skipped.ready() && !skipped.get());
  EXPECT_EQ(code_of(skipped.get().error()), ec::unavailable);
  EXPECT_EQ(bucket->gets.size(), 0u);
  auto stats = request(subject, 1s, stats_atom::value);
  ASSERT_TRUE(stats);
  EXPECT_FALSE(stats->reachable);
  run_for(260ms);
  auto probe = get();
  EXPECT_EQ(bucket->gets.size(), 1u);
  auto beside = get();
  EXPECT_TRUE(beside.ready());
  absent();
  EXPECT_TRUE(probe.ready() && probe.get());
  get();
  EXPECT_EQ(bucket->gets.size(), 1u);
}

TEST_F(WarmTest, RemembersWhatItPutForWhoeverChangesAKeyAgain) {
  share(of_relay(5));
  absent();
  stored(7);
  auto p = share(of_relay(6));
  EXPECT_TRUE(bucket->gets.empty());
  ASSERT_EQ(bucket->puts.size(), 1u);
  EXPECT_EQ(bucket->puts[0].entry.expected_sequence, 7u);
  stored(8);
  EXPECT_TRUE(is(p, true));
}

TEST_F(WarmTest, LooksAgainWhenSomebodyElseHasPutSinceThen) {
  share(of_relay(5));
  absent();
  stored(7);
  auto p = share(of_relay(6));
  put_fails(ec::revision_conflict);
  found(9, 8);
  EXPECT_TRUE(bucket->puts.empty());
  EXPECT_TRUE(p.ready());
  share(of_relay(10));
  EXPECT_EQ(bucket->gets.size(), 1u);
}

TEST_F(WarmTest, LooksWhatIsThereForAnOlderValueThanItPutItself) {
  share(of_relay(5));
  absent();
  stored(7);
  share(of_relay(4));
  EXPECT_EQ(bucket->gets.size(), 1u);
  EXPECT_TRUE(bucket->puts.empty());
}

// -- fills that nobody waits for ---------------------------------------------

class WarmPaceTest : public WarmTest {
 protected:
  WarmPaceTest() {
    warm_context context{bucket, leases, "one", 1s};
    context.freshness = freshness;
    context.fills_at_once = 2;
    context.most_fill_bytes = 10;
    subject = own(sys().spawn(warm, std::move(context)));
    freshness->others_until = 0;
    run();
  }
  std::shared_ptr<larder::freshness> freshness =
      std::make_shared<larder::freshness>();
};

TEST_F(WarmPaceTest, PutsWhatNobodyWaitsForBitByBit) {
  for (int i = 0; i < 5; ++i)
    share(of_reader(5, 0));
  EXPECT_EQ(bucket->puts.size(), 0u);
  run_for(10ms);
  EXPECT_EQ(bucket->puts.size(), 2u);
  run_for(10ms);
  EXPECT_EQ(bucket->puts.size(), 4u);
  run_for(10ms);
  EXPECT_EQ(bucket->puts.size(), 5u);
}

TEST_F(WarmPaceTest, LeavesToTheNextMissWhatIsTooMuch) {
  std::vector<pending<bool>> all;
  for (int i = 0; i < 7; ++i)
    all.push_back(share(of_reader(5, 0)));
  // Five of two bytes each wait.
  EXPECT_TRUE(is(all[5], false));
  EXPECT_TRUE(is(all[6], false));
  EXPECT_FALSE(all[4].ready());
  run_for(30ms);
  EXPECT_EQ(bucket->puts.size(), 5u);
}

TEST_F(WarmPaceTest, PutsAtOnceWhatOtherNodesMayWaitFor) {
  freshness->others_until = nanoseconds_of(now() + 1s);
  for (int i = 0; i < 5; ++i)
    share(of_reader(5, 0));
  EXPECT_EQ(bucket->puts.size(), 5u);
}

TEST_F(WarmPaceTest, PutsNothingAfterAClearThatWaitedBeforeIt) {
  std::vector<pending<bool>> all;
  for (int i = 0; i < 5; ++i)
    all.push_back(share(of_reader(5, 0)));
  run_for(10ms);
  auto cleared =
      ask(subject, 1h, clear_atom::value, std::optional<std::string>{});
  run_for(30ms);
  EXPECT_EQ(bucket->puts.size(), 2u);
  EXPECT_TRUE(is(all[4], false));
}

TEST_F(WarmPaceTest, NeverKeepsTheRelayWaiting) {
  for (int i = 0; i < 5; ++i)
    share(of_reader(5, 0));
  share(of_relay(6));
  EXPECT_EQ(bucket->gets.size(), 1u);
}

}  // namespace

}  // namespace larder::test
