// One writer and several readers at full speed, every read checked. The same
// file, compiled without the grace period (LARDER_MUTANT_NO_GRACE_PERIOD) and
// with AddressSanitizer, must fail: see hot_cache_mutant_test.cpp.
#include "storage/hot_cache.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace larder {
namespace {

constexpr int key_count = 512;

std::string id_of(int number) {
  return "key-" + std::to_string(number);
}

/// Content whose every byte follows from key and revision.
std::string content_of(int number, std::int64_t revision, std::size_t size) {
  std::string result(size, '\0');
  auto state = static_cast<std::uint64_t>(number) * 7'919 + revision;
  for (auto& c : result) {
    state = state * 6'364'136'223'846'793'005ull + 1'442'695'040'888'963'407ull;
    c = static_cast<char>(state >> 56);
  }
  return result;
}

bool intact(const artifact& a, int number) {
  return a.type() == "stress" && a.id() == id_of(number)
         && a.content() == content_of(number, a.revision(), a.content().size());
}

struct shared_state {
  read_domain domain;
  hot_cache cache;
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> broken{0};
  std::atomic<std::uint64_t> backward{0};
  std::atomic<std::uint64_t> hits{0};
  std::atomic<int> readers_with_hits{0};
  /// A key's newest revision of which put has returned; what a reader finds
  /// after it read this cannot be older.
  std::array<std::atomic<std::int64_t>, key_count> published{};

  explicit shared_state(eviction policy)
      : cache(domain, {200, 200'000, policy}) {}
};

void read_until_stopped(shared_state& shared, unsigned seed) {
  std::mt19937 random{seed};
  reader look{shared.domain};
  std::array<const artifact*, 16> batch{};
  std::array<int, 16> numbers{};
  std::uint64_t hits = 0;
  while (!shared.stop.load(std::memory_order_relaxed)) {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      numbers[i] = static_cast<int>(random() % key_count);
      auto floor = shared.published[numbers[i]].load();
      batch[i] = look.find(shared.cache, {"stress", id_of(numbers[i])});
      if (batch[i] != nullptr && batch[i]->revision() < floor)
        ++shared.backward;
    }
    // Only now: what was found must have stayed whole meanwhile.
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (batch[i] == nullptr)
        continue;
      if (++hits == 100)
        ++shared.readers_with_hits;
      if (!intact(*batch[i], numbers[i]))
        ++shared.broken;
    }
    switch (random() % 64) {
    case 0:
      look.offline();
      break;
    case 1: {
      // An owned value may be kept beyond the reader's own quiescence.
      artifact_ptr kept{batch[3]};
      look.quiesce();
      if (kept && !intact(*kept, numbers[3]))
        ++shared.broken;
      break;
    }
    case 2:
      break;  // not quiescent for once
    default:
      look.quiesce();
    }
  }
  shared.hits += hits;
}

void write(shared_state& shared, int operations) {
  std::mt19937 random{99};
  std::int64_t revision = 0;
  auto& cache = shared.cache;
  auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  // On a busy machine the readers may start late: go on until all have read.
  for (int i = 0; i < operations || shared.readers_with_hits < 3; ++i) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    auto number = static_cast<int>(random() % key_count);
    if (random() % 8 == 0) {
      cache.drop({"stress", id_of(number)});
    } else {
      ++revision;
      cache.put(artifact::make(key{"stress", id_of(number)},
                               content_of(number, revision, random() % 2'000),
                               {revision, 1, {}}));
      shared.published[number].store(revision);
    }
    if (random() % 4'096 == 0)
      cache.drop_if([](const artifact& a) { return a.revision() % 2 == 0; });
    if (random() % 16 == 0)
      cache.reclaim();
    ASSERT_LE(cache.size(), 200u);
    ASSERT_LE(cache.bytes(), 200'000u);
  }
}

class HotCacheStressTest : public testing::TestWithParam<eviction> {};

INSTANTIATE_TEST_SUITE_P(Policies, HotCacheStressTest,
                         testing::Values(eviction::s3fifo, eviction::lru),
                         [](const auto& info) {
                           return info.param == eviction::lru ? "Lru"
                                                              : "S3Fifo";
                         });

TEST_P(HotCacheStressTest, ReadersSeeWholeValuesThatNeverGoBack) {
  shared_state shared{GetParam()};
  std::vector<std::thread> readers;
  for (unsigned seed = 0; seed < 3; ++seed)
    readers.emplace_back([&shared, seed] { read_until_stopped(shared, seed); });
  write(shared, 60'000);
  shared.stop = true;
  for (auto& r : readers)
    r.join();
  EXPECT_EQ(shared.broken, 0u);
  EXPECT_EQ(shared.backward, 0u);
  EXPECT_GT(shared.hits, 0u);
  EXPECT_GT(shared.cache.evictions(), 0u);
  shared.cache.reclaim();
  EXPECT_EQ(shared.cache.retired_bytes(), 0u);
}

TEST_P(HotCacheStressTest, AValueStaysWholeWhileItsReaderIsNotQuiescent) {
  read_domain domain;
  hot_cache cache{domain, {200, 1 << 20, GetParam()}};
  cache.put(artifact::make(key{"stress", id_of(1)}, content_of(1, 1, 1'000),
                           {1, 1, {}}));
  reader look{domain};
  const auto* found = look.find(cache, {"stress", id_of(1)});
  ASSERT_NE(found, nullptr);
  std::thread writer{[&] {
    cache.drop({"stress", id_of(1)});
    for (int i = 0; i < 1'000; ++i)
      cache.put(artifact::make(key{"stress", id_of(2)}, content_of(2, i, 1'000),
                               {i, 1, {}}));
    cache.reclaim();
  }};
  writer.join();
  EXPECT_TRUE(intact(*found, 1));
}

TEST_P(HotCacheStressTest, AReaderThatComesBackFindsNothingThatWasReleased) {
  shared_state shared{GetParam()};
  std::thread comer{[&shared] {
    reader look{shared.domain};
    std::mt19937 random{7};
    std::uint64_t hits = 0;
    while (!shared.stop.load(std::memory_order_relaxed)) {
      auto number = static_cast<int>(random() % key_count);
      const auto* a = look.find(shared.cache, {"stress", id_of(number)});
      if (a != nullptr && !intact(*a, number))
        ++shared.broken;
      if (a != nullptr && ++hits == 100)
        shared.readers_with_hits = 3;
      look.offline();
    }
  }};
  write(shared, 60'000);
  shared.stop = true;
  comer.join();
  EXPECT_EQ(shared.broken, 0u);
}

}  // namespace
}  // namespace larder
