#include "node/local_reader.hpp"

#include "node/local_source.hpp"
#include "storage/error.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <string>
#include <thread>

namespace larder {

namespace {

constexpr auto for_ever = std::numeric_limits<std::int64_t>::max();

/// A node's memory with one shard, and no node.
struct memory {
  memory() {
    tier->shards.push_back(
        std::make_shared<hot_cache>(tier->domain, hot_cache_limits{}));
    tier->freshness->fence_until = for_ever;
  }

  void put(const std::string& id, const std::string& content,
           std::int64_t revision = 1) {
    auto value = artifact::make({"t", id}, content, {revision, 1, epoch{"e"}});
    value->cached().expires_at = for_ever;
    cache().put(std::move(value));
  }

  hot_cache& cache() { return *tier->shards.front(); }

  std::shared_ptr<hot_tier> tier = std::make_shared<hot_tier>();
  std::shared_ptr<local_source> source = std::make_shared<local_source>(
      tier, std::vector<gateway_actor>{}, std::chrono::milliseconds{100});
};

}  // namespace

TEST(LocalReaderTest, ShowsTheValueWhereItLies) {
  memory m;
  m.put("i", "{\"a\":1}", 7);
  local_reader reader{m.source};
  auto value = reader.get("t", "i");
  ASSERT_TRUE(value);
  EXPECT_EQ(value.content(), "{\"a\":1}");
  EXPECT_EQ(value.content().data(),
            m.cache().peek({"t", "i"})->content().data());
  EXPECT_EQ(value.revision(), 7);
  EXPECT_EQ(value.version(), 1);
  EXPECT_EQ(value.epoch(), "e");
  EXPECT_EQ(value.tier(), "memory");
  EXPECT_FALSE(value.stale());
  EXPECT_FALSE(value.error());
}

TEST(LocalReaderTest, KeepsWhatIsLookedAtThoughItIsReplacedAndDropped) {
  memory m;
  m.put("i", "old");
  local_reader reader{m.source};
  {
    auto value = reader.get("t", "i");
    m.put("i", "new");
    m.cache().drop({"t", "i"});
    m.cache().reclaim();
    EXPECT_GT(m.cache().retired_bytes(), 0u);
    EXPECT_EQ(value.content(), "old");
    // A second look does not end the first.
    EXPECT_FALSE(reader.peek("t", "i"));
    m.cache().reclaim();
    EXPECT_GT(m.cache().retired_bytes(), 0u);
    EXPECT_EQ(value.content(), "old");
  }
  m.cache().reclaim();
  EXPECT_EQ(m.cache().retired_bytes(), 0u);
}

TEST(LocalReaderTest, AReaderThatReadsNoMoreHoldsUpNobody) {
  memory m;
  m.put("i", "x");
  local_reader reader{m.source};
  EXPECT_TRUE(reader.get("t", "i"));
  EXPECT_FALSE(reader.peek("t", "missing"));
  m.cache().drop({"t", "i"});
  m.cache().reclaim();
  EXPECT_EQ(m.cache().retired_bytes(), 0u);
}

TEST(LocalReaderTest, AKeptShareOutlivesEverything) {
  artifact_ptr kept;
  {
    memory m;
    m.put("i", "kept");
    local_reader reader{m.source};
    kept = reader.get("t", "i").keep();
    m.cache().drop({"t", "i"});
  }
  EXPECT_EQ(kept->content(), "kept");
}

TEST(LocalReaderTest, DoesNotAnswerWhatCannotBeProvedFresh) {
  memory m;
  m.put("i", "x");
  local_reader reader{m.source};
  m.tier->freshness->fence_until = 0;
  EXPECT_FALSE(reader.peek("t", "i"));
  auto value = reader.get("t", "i");
  ASSERT_FALSE(value);
  EXPECT_EQ(code_of(value.error()), ec::unavailable);
}

// The cheap clock is behind, and what it shows is corrected by more than that.
TEST(LocalReaderTest, IsNotLateToSeeThatAFenceHasLapsed) {
  memory m;
  m.put("i", "x");
  local_reader reader{m.source};
  for (int i = 0; i < 1'000; ++i) {
    auto now = std::chrono::steady_clock::now().time_since_epoch();
    m.tier->freshness->fence_until = std::chrono::nanoseconds{now}.count();
    ASSERT_FALSE(reader.peek("t", "i"));
  }
}

TEST(LocalReaderTest, SaysWhyThereIsNoValue) {
  memory m;
  local_reader reader{m.source};
  EXPECT_EQ(code_of(reader.peek("t", "i").error()), ec::not_found);
  EXPECT_EQ(code_of(reader.get("t", "i").error()), ec::unavailable);
  EXPECT_EQ(code_of(reader.get("", "i").error()), ec::invalid_request);
  EXPECT_EQ(code_of(reader.get("t", std::string(600, 'i')).error()),
            ec::invalid_request);
}

TEST(LocalReaderTest, GivesEachThreadAndEachNodeAReaderOfItsOwn) {
  memory one;
  memory two;
  auto& mine = local_reader::of_this_thread(one.source);
  EXPECT_EQ(&mine, &local_reader::of_this_thread(one.source));
  EXPECT_NE(&mine, &local_reader::of_this_thread(two.source));
  std::thread{[&] {
    EXPECT_NE(&mine, &local_reader::of_this_thread(one.source));
  }}.join();
}

}  // namespace larder
