// The two policies, seen through the cache that they serve.
#include "storage/hot_cache.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace larder {
namespace {

artifact_ptr make(const std::string& id) {
  return artifact::make(key_view{"t", id}, "x", {1, 1, {}});
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

class EvictionOrderTest : public testing::Test {
 protected:
  const artifact* find(const hot_cache& cache, const std::string& id) {
    return look.find(cache, {"t", id});
  }

  read_domain domain;
  reader look{domain};
};

TEST_F(EvictionOrderTest, S3FifoKeepsAReadEntryThroughAScanOfAnyLength) {
  hot_cache cache{domain, entries(100)};
  cache.put(make("read"));
  find(cache, "read");
  for (int i = 0; i < 10'000; ++i)
    cache.put(make(number(i)));
  EXPECT_NE(find(cache, "read"), nullptr)
      << "once in the main queue, only main entries push it out";
}

TEST_F(EvictionOrderTest, S3FifoTakesAGhostIntoTheMainQueue) {
  hot_cache cache{domain, entries(100)};
  for (int i = 0; i < 100; ++i) {
    cache.put(make(number(i)));
    find(cache, number(i));  // so that the main queue fills
  }
  cache.put(make("ghost"));
  for (int i = 1'000; cache.peek({"t", "ghost"}) != nullptr; ++i)
    cache.put(make(number(i)));
  cache.put(make("ghost"));
  for (int i = 2'000; i < 2'050; ++i)
    cache.put(make(number(i)));
  EXPECT_NE(cache.peek({"t", "ghost"}), nullptr)
      << "50 new keys pass through a small queue of 10";
  EXPECT_EQ(cache.peek({"t", "2000"}), nullptr);
}

TEST_F(EvictionOrderTest, LruEvictsTheLeastRecentlyReadOfUnreadOnes) {
  hot_cache cache{domain, entries(3, eviction::lru)};
  for (auto id : {"a", "b", "c"})
    cache.put(make(id));
  find(cache, "a");
  cache.put(make("d"));
  EXPECT_EQ(ids_of(cache), (std::set<std::string>{"a", "c", "d"}));
  cache.put(make("e"));
  EXPECT_EQ(ids_of(cache), (std::set<std::string>{"a", "d", "e"}));
}

}  // namespace
}  // namespace larder
