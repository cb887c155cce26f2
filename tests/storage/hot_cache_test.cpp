#include "storage/hot_cache.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace larder {
namespace {

artifact_ptr make(const std::string& id, const std::string& content = "x",
                  std::int64_t revision = 1) {
  return artifact::make(key_view{"t", id}, content, {revision, 1, {}});
}

hot_cache_limits entries(std::uint64_t n, eviction policy = eviction::s3fifo) {
  return {n, 1ull << 30, policy};
}

std::set<std::string> ids_of(const hot_cache& cache) {
  std::set<std::string> result;
  cache.for_each([&](const artifact& a) {
    EXPECT_TRUE(result.emplace(a.id()).second) << a.id() << " is there twice";
  });
  return result;
}

std::string number(int i) {
  return std::to_string(i);
}

class HotCacheTest : public testing::TestWithParam<eviction> {
 protected:
  const artifact* find(const hot_cache& cache, const std::string& id) {
    return look.find(cache, {"t", id});
  }

  read_domain domain;
  reader look{domain};
};

INSTANTIATE_TEST_SUITE_P(Policies, HotCacheTest,
                         testing::Values(eviction::s3fifo, eviction::lru),
                         [](const auto& info) {
                           return info.param == eviction::lru ? "Lru"
                                                              : "S3Fifo";
                         });

TEST_P(HotCacheTest, FindsWhatWasPutAndNothingElse) {
  hot_cache cache{domain, entries(10, GetParam())};
  EXPECT_EQ(find(cache, "a"), nullptr);
  EXPECT_TRUE(cache.put(make("a", "value", 7)));
  const auto* found = find(cache, "a");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->content(), "value");
  EXPECT_EQ(found->revision(), 7);
  EXPECT_EQ(find(cache, "b"), nullptr);
  EXPECT_EQ(look.find(cache, {"u", "a"}), nullptr);
}

TEST_P(HotCacheTest, TellsKeysApartThatAreSpelledAlike) {
  // Type and id are joined without a separator before they are hashed.
  key one{"foo", "bar"};
  key two{"f", "oobar"};
  key three{"f", "oo.bar"};
  ASSERT_EQ(hash_of(one), hash_of(two));
  ASSERT_EQ(hash_of(one), hash_of(three));
  hot_cache cache{domain, entries(10, GetParam())};
  cache.put(artifact::make(one, "1", {}));
  EXPECT_EQ(look.find(cache, two), nullptr);
  cache.put(artifact::make(two, "2", {}));
  cache.put(artifact::make(three, "3", {}));
  EXPECT_EQ(look.find(cache, one)->content(), "1");
  EXPECT_EQ(look.find(cache, two)->content(), "2");
  EXPECT_EQ(look.find(cache, three)->content(), "3");
  EXPECT_EQ(cache.drop(two)->content(), "2");
  EXPECT_EQ(look.find(cache, two), nullptr);
  EXPECT_EQ(look.find(cache, three)->content(), "3");
}

TEST_P(HotCacheTest, ReplacesInOnePlace) {
  hot_cache cache{domain, entries(10, GetParam())};
  for (int round = 1; round <= 100; ++round) {
    cache.put(make("a", std::string(round, 'x'), round));
    EXPECT_EQ(cache.size(), 1u);
    EXPECT_EQ(find(cache, "a")->revision(), round);
    EXPECT_EQ(cache.bytes(), find(cache, "a")->footprint());
  }
  EXPECT_EQ(cache.evictions(), 0u);
}

TEST_P(HotCacheTest, KeepsTheReadCountOverAReplacement) {
  hot_cache cache{domain, entries(10, GetParam())};
  cache.put(make("a"));
  for (int i = 0; i < 5; ++i)
    find(cache, "a");
  cache.put(make("a", "y", 2));
  auto now = cache.peek({"t", "a"});
  EXPECT_EQ(now->cached().reads, 5u);
  EXPECT_EQ(now->frequency(), 3u);
}

TEST_P(HotCacheTest, TakesTheSameValueTwice) {
  hot_cache cache{domain, entries(10, GetParam())};
  auto value = make("a");
  EXPECT_TRUE(cache.put(value));
  EXPECT_TRUE(cache.put(value));
  EXPECT_EQ(cache.size(), 1u);
  EXPECT_EQ(cache.retired_bytes(), 0u);
}

TEST_P(HotCacheTest, DropsAndSaysWhatWasThere) {
  hot_cache cache{domain, entries(10, GetParam())};
  cache.put(make("a", "value"));
  auto dropped = cache.drop({"t", "a"});
  ASSERT_NE(dropped, nullptr);
  EXPECT_EQ(dropped->content(), "value");
  EXPECT_EQ(find(cache, "a"), nullptr);
  EXPECT_EQ(cache.size(), 0u);
  EXPECT_EQ(cache.bytes(), 0u);
  EXPECT_EQ(cache.drop({"t", "a"}), nullptr);
}

TEST_P(HotCacheTest, DoesNotCountAPeek) {
  hot_cache cache{domain, entries(10, GetParam())};
  cache.put(make("a"));
  EXPECT_EQ(cache.peek({"t", "a"})->cached().reads, 0u);
  EXPECT_EQ(cache.peek({"t", "a"})->frequency(), 0u);
  EXPECT_EQ(cache.peek({"t", "b"}), nullptr);
}

TEST_P(HotCacheTest, CountsReadsAndCapsTheFrequency) {
  hot_cache cache{domain, entries(10, GetParam())};
  cache.put(make("a"));
  for (int i = 1; i <= 10; ++i) {
    const auto* a = find(cache, "a");
    EXPECT_EQ(a->cached().reads, static_cast<std::uint32_t>(i));
    EXPECT_EQ(a->frequency(), std::min(i, 3));
  }
}

TEST_P(HotCacheTest, NeverExceedsItsEntries) {
  hot_cache cache{domain, entries(50, GetParam())};
  std::mt19937 random{1};
  for (int i = 0; i < 20'000; ++i) {
    auto id = number(static_cast<int>(random() % 200));
    if (find(cache, id) == nullptr)
      cache.put(make(id));
    look.quiesce();
    ASSERT_LE(cache.size(), 50u);
  }
  EXPECT_EQ(cache.size(), 50u);
  EXPECT_EQ(ids_of(cache).size(), 50u);
  EXPECT_GT(cache.evictions(), 1'000u);
}

TEST_P(HotCacheTest, NeverExceedsItsBytes) {
  hot_cache cache{domain, {1'000'000, 100'000, GetParam()}};
  std::mt19937 random{1};
  for (int i = 0; i < 20'000; ++i) {
    auto id = number(static_cast<int>(random() % 500));
    if (random() % 3 != 0)
      find(cache, id);
    else
      cache.put(make(id, std::string(random() % 5'000, 'x')));
    look.quiesce();
    ASSERT_LE(cache.bytes(), 100'000u);
  }
  std::size_t sum = 0;
  cache.for_each([&](const artifact& a) { sum += a.footprint(); });
  EXPECT_EQ(sum, cache.bytes());
  EXPECT_GT(sum, 90'000u) << "room is used";
}

TEST_P(HotCacheTest, KeepsWhatWasPutLast) {
  hot_cache cache{domain, {100, 100'000, GetParam()}};
  std::mt19937 random{3};
  for (int i = 0; i < 5'000; ++i) {
    auto id = number(static_cast<int>(random() % 300));
    ASSERT_TRUE(cache.put(make(id, std::string(random() % 90'000, 'x'), i)));
    auto kept = cache.peek({"t", id});
    ASSERT_NE(kept, nullptr) << "evicted by its own put, round " << i;
    ASSERT_EQ(kept->revision(), i);
  }
}

TEST_P(HotCacheTest, RefusesAValueLargerThanAllItsBytes) {
  hot_cache cache{domain, {10, 1'000, GetParam()}};
  cache.put(make("a", "old"));
  cache.put(make("b"));
  EXPECT_FALSE(cache.put(make("a", std::string(1'000, 'x'))));
  EXPECT_EQ(find(cache, "a"), nullptr) << "the old value is not current";
  EXPECT_NE(find(cache, "b"), nullptr) << "nothing else makes way for it";
  EXPECT_FALSE(cache.put(make("c", std::string(1'000, 'x'))));
  EXPECT_EQ(cache.size(), 1u);
}

TEST_P(HotCacheTest, KeepsNothingWithoutRoom) {
  hot_cache cache{domain, entries(0, GetParam())};
  EXPECT_FALSE(cache.put(make("a")));
  EXPECT_EQ(find(cache, "a"), nullptr);
  EXPECT_EQ(cache.size(), 0u);
}

TEST_P(HotCacheTest, WorksWithRoomForOne) {
  hot_cache cache{domain, entries(1, GetParam())};
  for (int i = 0; i < 100; ++i) {
    cache.put(make(number(i)));
    EXPECT_NE(find(cache, number(i)), nullptr);
    EXPECT_EQ(cache.size(), 1u);
  }
}

TEST_P(HotCacheTest, DropsWhatTheCallerDooms) {
  hot_cache cache{domain, entries(100, GetParam())};
  for (int i = 0; i < 100; ++i)
    cache.put(make(number(i), "x", i));
  EXPECT_EQ(cache.drop_if([](const auto& a) { return a.revision() % 3 == 0; }),
            34u);
  EXPECT_EQ(cache.size(), 66u);
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(find(cache, number(i)) == nullptr, i % 3 == 0) << i;
  EXPECT_EQ(cache.drop_if([](const auto&) { return true; }), 66u);
  EXPECT_EQ(cache.bytes(), 0u);
}

TEST_P(HotCacheTest, TellsWhatEvictionTookAndNotWhatTheCallerDid) {
  hot_cache cache{domain, entries(10, GetParam())};
  std::set<std::string> evicted;
  cache.on_evict([&](const artifact& a) { evicted.emplace(a.id()); });
  for (int i = 0; i < 10; ++i)
    cache.put(make(number(i)));
  cache.put(make("3", "again"));
  cache.drop({"t", "5"});
  EXPECT_TRUE(evicted.empty());
  cache.put(make("a"));
  cache.put(make("b"));
  EXPECT_EQ(evicted.size(), 1u);
  EXPECT_EQ(cache.evictions(), 1u);
  EXPECT_EQ(find(cache, *evicted.begin()), nullptr);
}

TEST_P(HotCacheTest, MatchesAMapThroughAnyOperations) {
  hot_cache cache{domain, entries(400, GetParam())};
  std::map<std::string, std::int64_t> expected;
  cache.on_evict(
      [&](const artifact& a) { expected.erase(std::string{a.id()}); });
  std::mt19937 random{5};
  for (int i = 0; i < 100'000; ++i) {
    // Phases of growth and of shrinkage, so that the table is replaced both
    // ways.
    auto id = number(static_cast<int>(random() % 600));
    bool grow = (i / 5'000) % 2 == 0;
    if (random() % 10 < (grow ? 7 : 2)) {
      cache.put(make(id, "x", i));
      expected[id] = i;
    } else {
      auto dropped = cache.drop({"t", id});
      EXPECT_EQ(dropped != nullptr, expected.erase(id) == 1);
    }
    auto probe = number(static_cast<int>(random() % 600));
    const auto* found = find(cache, probe);
    auto want = expected.find(probe);
    ASSERT_EQ(found != nullptr, want != expected.end()) << i;
    if (found != nullptr) {
      ASSERT_EQ(found->revision(), want->second);
    }
    look.quiesce();
    ASSERT_EQ(cache.size(), expected.size());
  }
}

TEST_P(HotCacheTest, KeepsWhatAReaderFoundUntilItIsQuiescent) {
  hot_cache cache{domain, entries(10, GetParam())};
  cache.put(make("a", std::string(1'000, 'x')));
  const auto* found = find(cache, "a");
  cache.drop({"t", "a"});
  cache.reclaim();
  EXPECT_GT(cache.retired_bytes(), 0u);
  EXPECT_EQ(found->content(), std::string(1'000, 'x'));
  look.quiesce();
  cache.reclaim();
  EXPECT_EQ(cache.retired_bytes(), 0u);
}

TEST_P(HotCacheTest, DoesNotWaitForAReaderThatIsOfflineOrGone) {
  hot_cache cache{domain, entries(10, GetParam())};
  cache.put(make("a"));
  find(cache, "a");
  {
    reader other{domain};
    EXPECT_NE(other.find(cache, {"t", "a"}), nullptr);
    cache.drop({"t", "a"});
    look.offline();
    cache.reclaim();
    EXPECT_GT(cache.retired_bytes(), 0u) << "the other is still there";
  }
  cache.reclaim();
  EXPECT_EQ(cache.retired_bytes(), 0u);
  EXPECT_EQ(find(cache, "a"), nullptr) << "it comes back by itself";
  cache.put(make("a"));
  EXPECT_NE(find(cache, "a"), nullptr);
}

TEST_P(HotCacheTest, OnlyDelaysReleaseForAReaderThatIsNeverQuiescent) {
  hot_cache cache{domain, entries(10, GetParam())};
  cache.put(make("first", "value"));
  const auto* held = find(cache, "first");
  for (int i = 0; i < 10'000; ++i)
    cache.put(make(number(i)));
  EXPECT_EQ(held->content(), "value");
  EXPECT_GT(cache.retired_bytes(), 9'000 * make("0")->footprint());
  cache.reclaim();  // closes the last batch
  look.quiesce();
  cache.reclaim();
  EXPECT_EQ(cache.retired_bytes(), 0u);
}

TEST_P(HotCacheTest, ReleasesNowAndThenWithoutBeingAsked) {
  hot_cache cache{domain, entries(10, GetParam())};
  for (int i = 0; i < 10'000; ++i) {
    cache.put(make(number(i)));
    find(cache, number(i));
    look.quiesce();
    ASSERT_LT(cache.retired_bytes(), 200 * make("1000")->footprint());
  }
}

TEST_P(HotCacheTest, GivesTheValueToTheCallerWhateverReadersDo) {
  artifact_ptr kept;
  {
    hot_cache cache{domain, entries(10, GetParam())};
    cache.put(make("a", "value"));
    kept = artifact_ptr{find(cache, "a")};
    look.quiesce();
    cache.drop({"t", "a"});
    cache.reclaim();
  }
  EXPECT_EQ(kept->content(), "value");
}

TEST_P(HotCacheTest, KeepsEntriesThatAreReadThroughAScan) {
  hot_cache cache{domain, entries(100, GetParam())};
  for (int i = 0; i < 20; ++i)
    cache.put(make("hot" + number(i)));
  for (int i = 0; i < 2'000; ++i) {
    for (int k = 0; k < 20; ++k)
      find(cache, "hot" + number(k));
    cache.put(make(number(i)));
    look.quiesce();
  }
  for (int i = 0; i < 20; ++i)
    EXPECT_NE(find(cache, "hot" + number(i)), nullptr) << i;
}

TEST(HotCacheCountingTest, SamplesComeCloseToWhatWasRead) {
  read_domain domain;
  hot_cache cache{domain, entries(10)};
  reader look{domain, counting::sampled};
  cache.put(make("a"));
  for (int i = 0; i < 100'000; ++i)
    ASSERT_NE(look.find(cache, {"t", "a"}), nullptr);
  auto reads = cache.peek({"t", "a"})->cached().reads.load();
  EXPECT_GT(reads, 90'000u);
  EXPECT_LT(reads, 110'000u);
}

}  // namespace
}  // namespace larder
