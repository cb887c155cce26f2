#include "tests/support/simulated_kv.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace larder::test {
namespace {

struct SimulatedKvTest : ::testing::Test {
  world w{1};
  process p = w.start_node();
  simulated_kv_server server{w};
  simulated_kv kv{server, w, p};
  key k{"framework", "phoenix"};

  ~SimulatedKvTest() override { w.end(); }

  // Asks and waits; every completion must come exactly once.
  template <class T, class F>
  caf::expected<T> wait(F ask) {
    std::optional<caf::expected<T>> got;
    auto count = std::make_shared<int>(0);
    ask([&got, count](caf::expected<T> x) {
      if (++*count == 1)
        got.emplace(std::move(x));
    });
    EXPECT_FALSE(got) << "completions never run inside the call";
    w.run_until([&] { return got.has_value(); }, w.now() + 10s);
    w.run_for(1200ms);
    EXPECT_EQ(*count, 1);
    return *got;
  }

  caf::expected<kv_entry> get() {
    return wait<kv_entry>([this](auto done) { kv.get(k, 1000ms, done); });
  }

  caf::expected<std::uint64_t> put(std::string_view content,
                                   std::uint64_t expected) {
    version_info info{7, 1, larder::epoch{"e1"}};
    return wait<std::uint64_t>([&](auto done) {
      kv.put({k, artifact::make(k, content, info), info, 1, expected}, 1000ms,
             done);
    });
  }
};

TEST_F(SimulatedKvTest, AnswersWhatWasPut) {
  EXPECT_EQ(get()->sequence, 0u);
  EXPECT_EQ(put("one", 0), 1u);
  auto e = get();
  EXPECT_EQ(e->value->content(), "one");
  EXPECT_EQ(e->info.revision, 7);
  EXPECT_EQ(e->sequence, 1u);
}

TEST_F(SimulatedKvTest, PutsOnlyOverTheExpectedSequence) {
  EXPECT_EQ(put("one", 0), 1u);
  EXPECT_EQ(code_of(put("two", 0).error()), ec::revision_conflict);
  EXPECT_EQ(put("two", 1), 2u);
  EXPECT_EQ(code_of(put("three", 1).error()), ec::revision_conflict);
  EXPECT_EQ(get()->value->content(), "two");
}

TEST_F(SimulatedKvTest, ForgetsAnEntryAfterTheBucketsTtl) {
  EXPECT_EQ(put("one", 0), 1u);
  w.run_for(30min);
  EXPECT_EQ(get()->sequence, 0u);
  EXPECT_EQ(put("two", 0), 2u);
}

TEST_F(SimulatedKvTest, KeepsADeletionMarkersSequence) {
  EXPECT_EQ(put("one", 0), 1u);
  auto done = wait<std::uint64_t>([this](auto done) {
    kv.put({k, nullptr, {8, 0, larder::epoch{"e1"}}, 1, 1}, 1000ms, done);
  });
  EXPECT_EQ(done, 2u);
  auto e = get();
  EXPECT_EQ(e->value, nullptr);
  EXPECT_EQ(e->info.revision, 8);
  EXPECT_EQ(e->sequence, 2u);
}

TEST_F(SimulatedKvTest, ClearsOneType) {
  EXPECT_EQ(put("one", 0), 1u);
  auto clear = [this](std::optional<std::string> type) {
    return wait<void>([&](auto done) { kv.clear(type, 1000ms, done); });
  };
  EXPECT_TRUE(clear("language"));
  EXPECT_EQ(get()->sequence, 1u);
  EXPECT_TRUE(clear("framework"));
  EXPECT_EQ(get()->sequence, 0u);
  EXPECT_EQ(put("two", 0), 4u);
  EXPECT_EQ(get()->value->content(), "two");
}

TEST_F(SimulatedKvTest, ShowsAnotherProgramsPutWithoutAVersion) {
  server.put_foreign(k, "foreign");
  EXPECT_EQ(get()->value->content(), "foreign");
  EXPECT_TRUE(get()->info.epoch.empty());
}

TEST_F(SimulatedKvTest, UsesSequencesAgainAfterAWipe) {
  EXPECT_EQ(put("one", 0), 1u);
  server.wipe();
  EXPECT_EQ(get()->sequence, 0u);
  EXPECT_EQ(put("two", 0), 1u);
}

TEST_F(SimulatedKvTest, BringsBackWhatALostTailHadReplaced) {
  EXPECT_EQ(put("one", 0), 1u);
  EXPECT_EQ(put("two", 1), 2u);
  server.lose_tail(1);
  EXPECT_EQ(get()->value->content(), "one");
  EXPECT_EQ(put("three", 1), 2u);
  EXPECT_EQ(get()->value->content(), "three");
}

TEST_F(SimulatedKvTest, AnswersFromAReplicaThatLags) {
  EXPECT_EQ(put("one", 0), 1u);
  w.run_for(10s);
  EXPECT_EQ(put("two", 1), 2u);
  server.lag(1, 10s);
  bool old = false, current = false;
  for (int i = 0; i < 20; ++i) {
    auto e = get();
    old |= e->sequence == 1;
    current |= e->sequence == 2;
    EXPECT_EQ(code_of(put("x", 1).error()), ec::revision_conflict)
        << "writes go through the leader";
  }
  EXPECT_TRUE(old && current);
}

TEST_F(SimulatedKvTest, GivesUpOnALostRequestThatHadNoEffect) {
  kv.wire().conditions().lose_request = 1;
  auto before = w.now();
  EXPECT_EQ(code_of(put("one", 0).error()), ec::deadline_exceeded);
  EXPECT_GE(w.now() - before, 1s);
  EXPECT_EQ(server.last_sequence(), 0u);
}

TEST_F(SimulatedKvTest, GivesUpOnALostReplyToAPutThatHappened) {
  kv.wire().conditions().lose_reply = 1;
  EXPECT_EQ(code_of(put("one", 0).error()), ec::deadline_exceeded);
  EXPECT_EQ(server.last_sequence(), 1u);
}

TEST_F(SimulatedKvTest, FailsWhenTheServerRefuses) {
  kv.wire().conditions().refuse = 1;
  EXPECT_EQ(code_of(get().error()), ec::unavailable);
}

TEST_F(SimulatedKvTest, FailsAtOnceWhileDisconnected) {
  kv.wire().disconnect();
  EXPECT_EQ(code_of(get().error()), ec::unavailable);
  kv.wire().reconnect();
  EXPECT_TRUE(get());
}

TEST_F(SimulatedKvTest, FailsCallsUnderWayWhenTheConnectionIsLost) {
  kv.wire().conditions().fastest = 100ms;
  w.after(50ms, [this] { kv.wire().disconnect(); });
  auto before = w.now();
  std::optional<caf::expected<std::uint64_t>> got;
  kv.put({k, nullptr, {}, 1, 0}, 1000ms, [&](auto x) { got.emplace(x); });
  w.run_until([&] { return got.has_value(); }, 10s);
  ASSERT_TRUE(got);
  EXPECT_EQ(code_of(got->error()), ec::unavailable);
  EXPECT_LT(w.now() - before, 60ms);
  w.run_for(1s);
  EXPECT_EQ(server.last_sequence(), 1u) << "the put was on its way";
}

TEST_F(SimulatedKvTest, HoldsBackEverythingDuringASilence) {
  kv.wire().silence(true);
  EXPECT_EQ(code_of(put("one", 0).error()), ec::deadline_exceeded);
  EXPECT_EQ(server.last_sequence(), 0u);
  kv.wire().silence(false);
  w.run_for(1s);
  EXPECT_EQ(server.last_sequence(), 1u) << "a put can land very late";
}

TEST_F(SimulatedKvTest, CompletesNothingInAProcessThatHasEnded) {
  bool completed = false;
  kv.put({k, nullptr, {}, 1, 0}, 1000ms, [&](auto) { completed = true; });
  w.kill(p);
  w.run_for(10s);
  EXPECT_FALSE(completed);
  EXPECT_EQ(server.last_sequence(), 1u) << "but its put arrives";
}

TEST_F(SimulatedKvTest, TakesTimeNowAndThen) {
  kv.wire().conditions().slow = 0.5;
  auto slow = 0;
  for (int i = 0; i < 50; ++i) {
    auto before = w.now();
    std::optional<world::duration> took;
    kv.get(k, 5000ms, [&](auto) { took = w.now() - before; });
    w.run_for(5s);
    ASSERT_TRUE(took);
    slow += *took > 20ms;
  }
  EXPECT_GT(slow, 20);
  EXPECT_LT(slow, 50);
}

}  // namespace
}  // namespace larder::test
