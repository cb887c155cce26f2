#include "actors/statistics.hpp"

#include "tests/actors/scripted_tiers.hpp"
#include "tests/support/actor_fixture.hpp"

#include <nlohmann/json.hpp>

#include <deque>

namespace larder::test {

namespace {

using namespace std::chrono_literals;

class StatisticsTest : public actor_fixture {
 protected:
  shard_actor counting_shard(shard_stats counted) {
    // Answers nothing else: statistics ask for nothing else.
    auto raw = sys().spawn([counted](caf::event_based_actor*) -> caf::behavior {
      return {[counted](stats_atom) { return counted; }};
    });
    return own(caf::actor_cast<shard_actor>(raw));
  }
  /// Takes messages and never answers.
  template <class Handle>
  Handle silent() {
    auto raw =
        sys().spawn([this](caf::event_based_actor* self) -> caf::behavior {
          return {[this, self](stats_atom) {
            auto reply = self->make_response_promise<bool>();
            unanswered.push_back(reply);
            return reply;
          }};
        });
    return own(caf::actor_cast<Handle>(raw));
  }
  template <class Stats, class Handle>
  Handle telling(Stats counted) {
    auto raw = sys().spawn([counted](caf::event_based_actor*) -> caf::behavior {
      return {[counted](stats_atom) { return counted; }};
    });
    return own(caf::actor_cast<Handle>(raw));
  }

  std::vector<caf::typed_response_promise<bool>> unanswered;
};

TEST_F(StatisticsTest, AddsUpTheShardsAndLeavesOutWhoDoesNotAnswer) {
  statistics_context context;
  context.traffic = std::make_shared<traffic>();
  context.traffic->hits[0].add(3);
  context.traffic->misses.add();
  context.traffic->errors[static_cast<std::size_t>(ec::busy)].add(2);
  shard_stats one;
  one.entries = 2;
  one.coalesced = 5;
  shard_stats two;
  two.entries = 40;
  context.shards = {counting_shard(one), counting_shard(two)};
  context.warm = silent<warm_actor>();
  cold_stats queries;
  queries.queries = 9;
  context.cold = telling<cold_stats, cold_actor>(queries);
  coherence_stats proof;
  proof.fence_age_ms = 120;
  proof.epoch = "one";
  context.invalidation = telling<coherence_stats, invalidation_actor>(proof);
  relay_stats publishing;
  publishing.active = true;
  context.relay = telling<relay_stats, relay_actor>(publishing);
  auto subject = own(sys().spawn(statistics, std::move(context)));
  auto got = request(subject, 1s, stats_atom::value);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->shards.entries, 42u);
  EXPECT_EQ(got->hits_of(tier::memory), 3u);
  auto body = nlohmann::json::parse(to_json(*got));
  EXPECT_EQ(body["ets_hits"], 3);
  EXPECT_EQ(body["hits"]["memory"], 3);
  EXPECT_EQ(body["nats_hits"], 0);
  EXPECT_EQ(body["db_hits"], 0);
  EXPECT_EQ(body["misses"], 1);
  EXPECT_EQ(body["ets_cache_size"], 42);
  EXPECT_EQ(body["coalesced"], 5);
  EXPECT_EQ(body["queries"], 9);
  EXPECT_EQ(body["fence_age_ms"], 120);
  EXPECT_EQ(body["epoch"], "one");
  EXPECT_EQ(body["errors"]["busy"], 2);
  for (auto name : {"timestamp", "stale_served", "evictions", "invalidations",
                    "rejected_fills", "log_lag"})
    EXPECT_TRUE(body.contains(name)) << name;
}

TEST_F(StatisticsTest, WaitsForAHungRelayOnce) {
  statistics_context context;
  context.traffic = std::make_shared<traffic>();
  context.warm = telling<warm_stats, warm_actor>({});
  context.cold = telling<cold_stats, cold_actor>({});
  context.invalidation = telling<coherence_stats, invalidation_actor>({});
  relay_stats publishing;
  publishing.published = 7;
  std::deque<asked<bool, relay_stats>> owed;
  auto hung = false;
  auto relay = sys().spawn([&](caf::event_based_actor* self) -> caf::behavior {
    return {[&, self](stats_atom) {
      auto reply = self->make_response_promise<relay_stats>();
      if (hung)
        owed.emplace_back(true, reply);
      else
        reply.deliver(publishing);
      return reply;
    }};
  });
  context.relay = own(caf::actor_cast<relay_actor>(relay));
  auto subject = own(sys().spawn(statistics, std::move(context)));
  auto ask = [&] { return request(subject, 1s, stats_atom::value); };
  ASSERT_TRUE(ask());
  hung = true;
  auto waited = ask();
  auto begin = now();
  auto at_once = ask();
  EXPECT_EQ(now(), begin);
  for (auto& got : {waited, at_once}) {
    ASSERT_TRUE(got);
    EXPECT_EQ(got->relay.published, 7u);
    EXPECT_FALSE(got->relay.truth_reachable);
  }
  hung = false;
  while (!owed.empty())
    next(owed).answer(publishing);
  run();
  auto again = ask();
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->relay.truth_reachable);
}

}  // namespace

}  // namespace larder::test
