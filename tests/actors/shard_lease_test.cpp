// One fill of a key in the whole cluster.
#include "tests/actors/shard_bench.hpp"

namespace larder::test {

namespace {

class ShardLeaseTest : public shard_bench {
 protected:
  void absent_from_shared() {
    next(warm.gets).answer(kv_entry{});
    run();
  }
};

TEST_F(ShardLeaseTest, AsksTheTruthOnlyWithTheLease) {
  start();
  fence();
  auto p = get();
  absent_from_shared();
  EXPECT_EQ(warm.leases_asked, 1);
  EXPECT_EQ(cold.reads.size(), 1u);
  truth_answers(5);
  EXPECT_TRUE(p.ready());
  // Who looked before the value came shall be refused, and look again.
  next(warm.writes).answer(true);
  run();
  EXPECT_EQ(warm.leases_released, 0);
}

TEST_F(ShardLeaseTest, TakesWhatAnotherNodeHasFilled) {
  start();
  fence();
  warm.grants_leases = false;
  auto p = get();
  absent_from_shared();
  run_for(10ms);
  absent_from_shared();
  EXPECT_EQ(cold.reads.size(), 0u);
  ASSERT_TRUE(actors_.run_until([&] { return !warm.gets.empty(); }, 100ms));
  next(warm.gets).answer(shared(5));
  run();
  ASSERT_TRUE(p.ready() && p.get());
  EXPECT_EQ(p.get()->tier, tier::jetstream);
  EXPECT_EQ(cold.reads.size(), 0u);
  EXPECT_EQ(warm.leases_released, 0);
}

TEST_F(ShardLeaseTest, TakesOverFromANodeThatHasDied) {
  start();
  fence();
  warm.grants_leases = false;
  auto p = get();
  for (int i = 0; i < 10; ++i) {
    absent_from_shared();
    ASSERT_TRUE(actors_.run_until([&] { return !warm.gets.empty(); }, 100ms));
  }
  EXPECT_EQ(cold.reads.size(), 0u);
  warm.grants_leases = true;
  absent_from_shared();
  truth_answers(5);
  EXPECT_TRUE(p.ready() && p.get());
}

TEST_F(ShardLeaseTest, FillsItselfRatherThanWaitForEver) {
  start();
  fence(10s);
  warm.grants_leases = false;
  auto p = get();
  auto began = now();
  while (cold.reads.empty()) {
    ASSERT_LT(now(), began + 2s);
    if (!warm.gets.empty())
      absent_from_shared();
    else
      run_for(5ms);
  }
  truth_answers(5);
  EXPECT_TRUE(p.ready() && p.get());
}

TEST_F(ShardLeaseTest, AsksForNoLeaseOfAKeyWhoseNewerValueIsOnItsWay) {
  start();
  fence();
  change_to(6);
  auto p = get();
  next(warm.gets).answer(shared(5));
  run();
  EXPECT_EQ(warm.leases_asked, 0);
  truth_answers(6);
  EXPECT_TRUE(p.ready() && p.get());
}

TEST_F(ShardLeaseTest, GivesTheLeaseBackWhenThereIsNothingToShare) {
  start();
  fence();
  auto p = get();
  absent_from_shared();
  next(cold.reads).answer(lookup{nullptr, version(0)});
  run();
  EXPECT_TRUE(p.ready());
  EXPECT_EQ(warm.leases_released, 1);
}

TEST_F(ShardLeaseTest, GivesTheLeaseBackWhenTheTruthFails) {
  start();
  fence();
  auto p = get();
  absent_from_shared();
  next(cold.reads).refuse(ec::unavailable);
  run();
  EXPECT_TRUE(p.ready() && !p.get());
  EXPECT_EQ(warm.leases_released, 1);
}

struct empty_bucket : kv_contents {
  bool known = true;
  bool lacks(const key&) const override { return known; }
  void expect(const key&) override { known = false; }
};

TEST_F(ShardLeaseTest, AsksNobodyWhoIsNotThere) {
  start();
  fence();
  tier->freshness->others_until = nanoseconds_of(now()) - 1;
  auto p = get();
  absent_from_shared();
  EXPECT_EQ(warm.leases_asked, 0);
  truth_answers(5);
  EXPECT_TRUE(p.ready() && p.get());
}

TEST_F(ShardLeaseTest, DoesNotAskJetStreamForWhatNobodyHasPutThere) {
  auto bucket = std::make_shared<empty_bucket>();
  start([&](auto& c) { c.shared_contents = bucket; });
  fence();
  tier->freshness->others_until = nanoseconds_of(now()) - 1;
  auto p = get();
  EXPECT_TRUE(warm.gets.empty());
  truth_answers(5);
  EXPECT_TRUE(p.ready() && p.get());
  run();
  // It goes there on the condition that nothing is there.
  ASSERT_EQ(warm.writes.size(), 1u);
  EXPECT_EQ(warm.writes[0].what.seen_sequence, 0u);
  EXPECT_FALSE(bucket->known);
}

TEST_F(ShardLeaseTest, AsksJetStreamWhileOtherNodesMayFillToo) {
  auto bucket = std::make_shared<empty_bucket>();
  start([&](auto& c) { c.shared_contents = bucket; });
  fence();
  auto p = get();
  EXPECT_EQ(warm.gets.size(), 1u);
  absent_from_shared();
  EXPECT_EQ(warm.leases_asked, 1);
  truth_answers(5);
}

}  // namespace

}  // namespace larder::test
