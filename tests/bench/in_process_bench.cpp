// What a hit costs in process, beside what a program would write itself.
//
//   larder_in_process_bench [--keys N] [--rounds N]
//
// Each round runs every contender once, in turn, so that a noisy moment hits
// all of them. Printed: nanoseconds an operation, median and range.
#include "storage/hot_cache.hpp"

#include <CLI/CLI.hpp>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace {

using namespace larder;
using clock_type = std::chrono::steady_clock;

constexpr std::size_t operations = 1 << 20;
constexpr std::size_t content_bytes = 1'024;

/// Keeps the compiler from dropping work; one a thread.
thread_local std::uint64_t sink;

/// What a template's key looks like, under its name in a plain map.
struct named_key {
  larder::key key;
  std::string joined;
};

std::vector<named_key> make_keys(std::size_t count) {
  std::vector<named_key> result;
  for (std::size_t i = 0; i < count; ++i) {
    named_key k{{"framework", "phoenix-" + std::to_string(i)}, {}};
    k.joined = k.key.type + "." + k.key.id;
    result.push_back(std::move(k));
  }
  return result;
}

/// Indices of keys, skewed as `skew` says; 0: evenly.
std::vector<std::uint32_t> draw(std::size_t keys, double skew, unsigned seed) {
  std::vector<double> sums(keys);
  double sum = 0;
  for (std::size_t k = 0; k < keys; ++k)
    sums[k] = sum += std::pow(static_cast<double>(k + 1), -skew);
  std::mt19937_64 random{seed};
  std::uniform_real_distribution<double> uniform{0, sum};
  std::vector<std::uint32_t> result(operations);
  for (auto& i : result)
    i = static_cast<std::uint32_t>(
        std::lower_bound(sums.begin(), sums.end(), uniform(random))
        - sums.begin());
  return result;
}

struct fnv_of_joined {
  std::size_t operator()(const std::string& text) const {
    std::uint32_t hash = 2'166'136'261u;
    for (unsigned char c : text)
      hash = (hash ^ c) * 16'777'619u;
    return hash;
  }
};

template <class Hash>
using plain_map = std::unordered_map<std::string, std::string, Hash>;

/// The cache that everybody writes first.
class locked_lru {
 public:
  explicit locked_lru(std::size_t entries) : entries_(entries) {}

  bool get(const std::string& key) {
    std::lock_guard guard{mutex_};
    auto i = index_.find(key);
    if (i == index_.end())
      return false;
    order_.splice(order_.begin(), order_, i->second);
    sink += i->second->second->size();
    return true;
  }

  void put(const std::string& key, std::shared_ptr<const std::string> value) {
    std::lock_guard guard{mutex_};
    if (index_.contains(key))
      return;
    if (order_.size() == entries_) {
      index_.erase(order_.back().first);
      order_.pop_back();
    }
    order_.emplace_front(key, std::move(value));
    index_.emplace(key, order_.begin());
  }

 private:
  using item = std::pair<std::string, std::shared_ptr<const std::string>>;
  std::mutex mutex_;
  std::size_t entries_;
  std::list<item> order_;
  std::unordered_map<std::string, std::list<item>::iterator> index_;
};

struct contender {
  std::string name;
  /// Runs `operations` a thread; returns nanoseconds an operation.
  std::function<double()> run;
  std::vector<double> samples;
};

double timed(std::size_t threads,
             const std::function<void(std::size_t)>& work) {
  auto start = clock_type::now();
  if (threads == 1) {
    work(0);
  } else {
    std::vector<std::thread> running;
    for (std::size_t t = 0; t < threads; ++t)
      running.emplace_back(work, t);
    for (auto& t : running)
      t.join();
  }
  std::chrono::duration<double, std::nano> spent = clock_type::now() - start;
  return spent.count() / static_cast<double>(operations * threads);
}

/// Prints a table; ratios are throughputs against `contenders.front()`.
void compare(const std::string& title, std::vector<contender> contenders,
             int rounds) {
  for (int round = 0; round <= rounds; ++round)
    for (auto& c : contenders)
      if (auto ns = c.run(); round > 0)  // the first warms up
        c.samples.push_back(ns);
  std::printf("%s\n", title.c_str());
  double first = 0;
  for (auto& c : contenders) {
    std::sort(c.samples.begin(), c.samples.end());
    auto median = c.samples[c.samples.size() / 2];
    if (first == 0)
      first = median;
    std::printf("  %-44s %7.1f ns  (%.1f - %.1f)  %.2fx\n", c.name.c_str(),
                median, c.samples.front(), c.samples.back(), first / median);
  }
}

artifact_ptr make_value(const key& k) {
  return artifact::make(k, std::string(content_bytes, 'x'), {1, 1, {}});
}

/// Hits of `look` alone, in the order of `order`.
template <class Lookup>
double timed_hits(const std::vector<std::uint32_t>& order, reader& look,
                  Lookup lookup) {
  return timed(1, [&](std::size_t) {
    std::size_t n = 0;
    for (auto i : order) {
      sink += lookup(i)->content().size();
      if (++n % 16 == 0)
        look.quiesce();
    }
  });
}

void single_thread(const std::vector<named_key>& keys, int rounds) {
  constexpr std::size_t shards = 4;
  auto order = draw(keys.size(), 0, 1);
  plain_map<std::hash<std::string>> standard;
  plain_map<fnv_of_joined> fnv;
  read_domain domain;
  hot_cache cache{domain, {keys.size(), 1ull << 40}};
  std::vector<std::unique_ptr<hot_cache>> split;
  for (std::size_t s = 0; s < shards; ++s)
    split.push_back(std::make_unique<hot_cache>(
        domain, hot_cache_limits{keys.size(), 1ull << 40}));
  reader look{domain};
  for (const auto& k : keys) {
    standard.emplace(k.joined, std::string(content_bytes, 'x'));
    fnv.emplace(k.joined, std::string(content_bytes, 'x'));
    cache.put(make_value(k.key));
    split[shard_of(k.key, shards)]->put(make_value(k.key));
  }
  auto in_map = [&](const auto& map) {
    return timed(1, [&](std::size_t) {
      for (auto i : order)
        sink += map.find(keys[i].joined)->second.size();
    });
  };
  auto in_cache = [&] {
    return timed_hits(order, look,
                      [&](auto i) { return look.find(cache, keys[i].key); });
  };
  auto in_shards = [&] {
    return timed_hits(order, look, [&](auto i) {
      const auto& k = keys[i].key;
      return look.find(*split[shard_of(k, shards)], k);
    });
  };
  compare("One thread, hits only, " + std::to_string(keys.size()) + " keys",
          {{"read-only unordered_map, std::hash",
            [&] { return in_map(standard); },
            {}},
           {"read-only unordered_map, FNV-1a", [&] { return in_map(fnv); }, {}},
           {"hot_cache", in_cache, {}},
           {"hot_cache, the right one of 4 shards", in_shards, {}}},
          rounds);
}

/// Reads through; a miss is filled, in the hot cache by its one writer.
void two_threads(const std::vector<named_key>& keys, int rounds) {
  auto entries = keys.size() / 10;
  std::vector<std::vector<std::uint32_t>> orders{draw(keys.size(), 0.99, 1),
                                                 draw(keys.size(), 0.99, 2)};
  auto content =
      std::make_shared<const std::string>(std::string(content_bytes, 'x'));
  locked_lru locked{entries};
  read_domain domain;
  hot_cache cache{domain, {entries, 1ull << 40}};
  std::mutex writer;
  std::atomic<std::uint64_t> locked_hits{0};
  std::atomic<std::uint64_t> cache_hits{0};

  auto run_locked = [&] {
    return timed(2, [&](std::size_t t) {
      std::uint64_t hits = 0;
      for (auto i : orders[t])
        if (locked.get(keys[i].joined))
          ++hits;
        else
          locked.put(keys[i].joined,
                     std::make_shared<const std::string>(*content));
      locked_hits += hits;
    });
  };
  auto run_cache = [&] {
    return timed(2, [&](std::size_t t) {
      reader look{domain};
      std::uint64_t hits = 0;
      std::size_t n = 0;
      for (auto i : orders[t]) {
        const auto& k = keys[i].key;
        if (const auto* a = look.find(cache, k)) {
          ++hits;
          sink += a->content().size();
        } else {
          std::lock_guard guard{writer};
          cache.put(make_value(k));
        }
        if (++n % 16 == 0)
          look.quiesce();
      }
      cache_hits += hits;
    });
  };
  compare("Two threads, Zipf 0.99 over " + std::to_string(keys.size())
              + " keys, room for a tenth, misses filled",
          {{"mutex + list + unordered_map (LRU)", run_locked, {}},
           {"hot_cache (S3-FIFO)", run_cache, {}}},
          rounds);
  auto all = static_cast<double>(2 * operations * (rounds + 1));
  std::printf("  hit ratios: %.3f and %.3f\n", locked_hits / all,
              cache_hits / all);
}

void two_threads_all_hit(const std::vector<named_key>& keys, int rounds) {
  std::vector<std::vector<std::uint32_t>> orders{draw(keys.size(), 0.99, 1),
                                                 draw(keys.size(), 0.99, 2)};
  locked_lru locked{keys.size()};
  read_domain domain;
  hot_cache cache{domain, {keys.size(), 1ull << 40}};
  for (const auto& k : keys) {
    locked.put(k.joined, std::make_shared<const std::string>(
                             std::string(content_bytes, 'x')));
    cache.put(make_value(k.key));
  }
  auto run_locked = [&] {
    return timed(2, [&](std::size_t t) {
      for (auto i : orders[t])
        sink += locked.get(keys[i].joined);
    });
  };
  auto run_cache = [&] {
    return timed(2, [&](std::size_t t) {
      reader look{domain};
      std::size_t n = 0;
      for (auto i : orders[t]) {
        sink += look.find(cache, keys[i].key)->content().size();
        if (++n % 16 == 0)
          look.quiesce();
      }
    });
  };
  compare("Two threads, Zipf 0.99 over " + std::to_string(keys.size())
              + " keys, hits only",
          {{"mutex + list + unordered_map (LRU)", run_locked, {}},
           {"hot_cache (S3-FIFO)", run_cache, {}}},
          rounds);
}

/// The heap's own count, so that nothing is forgotten.
void memory() {
  auto keys = make_keys(100'000);
  std::size_t payload = 0;
  for (const auto& k : keys)
    payload += k.key.type.size() + k.key.id.size() + content_bytes;
  auto used = [] {
    auto info = mallinfo2();
    return info.uordblks + info.hblkhd;
  };
  auto before = used();
  read_domain domain;
  hot_cache cache{domain, {keys.size(), 1ull << 40}};
  for (const auto& k : keys)
    cache.put(make_value(k.key));
  cache.reclaim();
  auto each = [&](std::size_t bytes) {
    return static_cast<double>(bytes) / static_cast<double>(keys.size());
  };
  std::printf("Memory beyond key and value, an entry of 100,000\n"
              "  %.1f bytes by the heap's count; of them %.1f index, queues "
              "and ghosts,\n  %zu header (revision, version, epoch, times, "
              "counts)\n",
              each(used() - before - payload), each(cache.overhead_bytes()),
              sizeof(artifact));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"What a hit costs in process"};
  std::size_t keys = 1'000;
  int rounds = 9;
  app.add_option("--keys", keys, "Distinct keys")
      ->check(CLI::Range(10, 10'000'000));
  app.add_option("--rounds", rounds, "Alternating rounds")
      ->check(CLI::Range(1, 1'000));
  CLI11_PARSE(app, argc, argv);
  auto all = make_keys(keys);
  single_thread(all, rounds);
  two_threads_all_hit(all, rounds);
  two_threads(make_keys(keys * 100), rounds);
  memory();
}
