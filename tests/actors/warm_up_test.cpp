#include "actors/warm_up.hpp"

#include "actors/cold.hpp"
#include "actors/cold_worker.hpp"
#include "actors/shard.hpp"
#include "actors/statistics.hpp"
#include "tests/actors/scripted_tiers.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/memory_store.hpp"

#include <nlohmann/json.hpp>

namespace larder::test {

namespace {

using namespace std::chrono_literals;

/// A bucket of which it is known what it lacks.
struct known_contents : kv_contents {
  std::optional<std::string> held;
  bool lacks(const key& k) const override { return k.id != held; }
  void expect(const key&) override {}
};

/// Two real shards over a real cold tier; JetStream is the test.
class WarmUpTest : public actor_fixture {
 protected:
  WarmUpTest() {
    actors_.set_time(time_point{24h});
    cold_context truth;
    truth.workers.push_back(own(sys().spawn(
        cold_worker, std::make_shared<std::unique_ptr<truth_store>>(
                         std::make_unique<memory_store>(database)))));
    job.cold = own(sys().spawn(cold, std::move(truth)));
    job.warm = own(warm.spawn(sys()));
    job.memory = memory;
    for (int i = 0; i < 2; ++i) {
      memory->shards.push_back(std::make_shared<hot_cache>(
          memory->domain, hot_cache_limits{10'000, 64 << 20}));
      shard_context slice;
      slice.freshness = memory->freshness;
      slice.cache = memory->shards.back();
      slice.warm = job.warm;
      slice.cold = job.cold;
      slice.committed = [](auto&) {};
      job.shards.push_back(own(sys().spawn(shard, std::move(slice))));
    }
    memory->freshness->current_epoch = database->current_epoch();
    memory->freshness->bucket_generation = 1;
    job.shared_contents = contents;
    memory->freshness->fence_until = nanoseconds_of(now() + 1h);
    job.limit = 1'000'000;
    job.progress = [this](std::uint64_t read, bool end, const caf::error& e) {
      told.push_back(read);
      done = end;
      why = e;
    };
  }

  void fill(int n, const std::string& type) {
    for (int i = 0; i < n; ++i)
      database->put({type, std::to_string(i)}, "{}");
  }
  std::size_t entries() const {
    return memory->shards[0]->size() + memory->shards[1]->size();
  }
  void warm_up_now() {
    sys().spawn(larder::warm_up, job);
    for (int i = 0; i < 100 && !done; ++i) {
      run();
      while (!warm.writes.empty()) {
        auto one = next(warm.writes);
        ++shared;
        if (jetstream_is_down)
          one.refuse(ec::unavailable);
        else
          one.answer(true);
      }
    }
  }

  std::shared_ptr<memory_database> database =
      std::make_shared<memory_database>([] { return std::int64_t{0}; });
  std::shared_ptr<hot_tier> memory = std::make_shared<hot_tier>();
  std::shared_ptr<known_contents> contents = std::make_shared<known_contents>();
  scripted_warm warm;
  warm_up_job job;
  bool jetstream_is_down = false;
  std::size_t shared = 0;
  std::vector<std::uint64_t> told;
  bool done = false;
  caf::error why;
};

TEST_F(WarmUpTest, BringsEverythingIntoMemoryAndJetStream) {
  fill(1'200, "t");
  warm_up_now();
  ASSERT_TRUE(done);
  EXPECT_FALSE(why);
  EXPECT_EQ(entries(), 1'200u);
  EXPECT_EQ(shared, 1'200u);
  EXPECT_EQ(told, (std::vector<std::uint64_t>{512, 1'024, 1'200}));
  read_view view{memory};
  EXPECT_NE(view.find({"t", "69"}, nanoseconds_of(now())), nullptr);
  view.offline();
}

TEST_F(WarmUpTest, LeavesWhatJetStreamHasOrMayHave) {
  fill(10, "t");
  contents->held = "3";
  warm_up_now();
  EXPECT_EQ(shared, 9u);
  done = false;
  job.shared_contents = nullptr;
  warm_up_now();
  EXPECT_TRUE(done);
  EXPECT_EQ(shared, 9u);
}

TEST_F(WarmUpTest, ReadsOneTypeOrAsManyAsItMay) {
  fill(10, "t");
  fill(10, "u");
  job.type = "u";
  job.limit = 4;
  warm_up_now();
  ASSERT_TRUE(done);
  EXPECT_EQ(entries(), 4u);
  EXPECT_EQ(told.back(), 4u);
}

TEST_F(WarmUpTest, FillsMemoryWithoutJetStream) {
  fill(10, "t");
  jetstream_is_down = true;
  warm_up_now();
  EXPECT_TRUE(done && !why);
  EXPECT_EQ(entries(), 10u);
}

TEST_F(WarmUpTest, SaysWhyItEnded) {
  fill(10, "t");
  database->set_available(false);
  warm_up_now();
  ASSERT_TRUE(done);
  EXPECT_EQ(code_of(why), ec::unavailable);
  EXPECT_EQ(entries(), 0u);
}

TEST_F(WarmUpTest, HasNothingToDoWhereThereIsNothing) {
  warm_up_now();
  EXPECT_TRUE(done && !why);
  EXPECT_EQ(told, std::vector<std::uint64_t>{0});
}

}  // namespace

}  // namespace larder::test
