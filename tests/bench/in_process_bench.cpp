// What a read in the process costs, beside what a program would write itself.
//
//   larder_in_process_bench [--keys N] [--rounds N] [--json]
//   [single|two|memory]
//
// Larder's side is its in-process API as a program calls it: shard, freshness,
// and a value that cannot dangle. Each round runs every contender once, in
// turn, so that a noisy moment hits all of them. Printed: nanoseconds an
// operation, median and range; with --json the last round as an object.
#include "node/local_reader.hpp"
#include "node/local_source.hpp"

#include <CLI/CLI.hpp>
#include <malloc.h>
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <limits>
#include <list>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
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

using plain_map = std::unordered_map<std::string, std::string>;

/// The cache that everybody writes first.
class locked_lru {
 public:
  explicit locked_lru(std::size_t entries) : entries_(entries) {}

  /// A share, since the entry may go as soon as the lock does.
  std::shared_ptr<const std::string> get(const std::string& key) {
    std::lock_guard guard{mutex_};
    auto i = index_.find(key);
    if (i == index_.end())
      return nullptr;
    order_.splice(order_.begin(), order_, i->second);
    return i->second->second;
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

/// Each thread on a core of its own: a scheduler takes longer to part two that
/// were started together than a round lasts.
void settle(std::size_t thread) {
  auto cores = std::thread::hardware_concurrency();
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(thread % std::max(cores, 1u), &set);
  // Where it may not choose, it is measured where it is.
  static_cast<void>(sched_setaffinity(0, sizeof set, &set));
}

double timed(std::size_t threads,
             const std::function<void(std::size_t)>& work) {
  auto start = clock_type::now();
  if (threads == 1) {
    work(0);
  } else {
    std::vector<std::thread> running;
    for (std::size_t t = 0; t < threads; ++t)
      running.emplace_back([&work, t] {
        settle(t);
        work(t);
      });
    for (auto& t : running)
      t.join();
  }
  std::chrono::duration<double, std::nano> spent = clock_type::now() - start;
  return spent.count() / static_cast<double>(operations * threads);
}

struct comparison {
  std::string title;
  std::vector<contender> contenders;
};

/// Prints a table; ratios are throughputs against the first.
void compare(comparison& c, int rounds, bool json) {
  for (int round = 0; round <= rounds; ++round)
    for (auto& one : c.contenders)
      if (auto ns = one.run(); round > 0)  // the first warms up
        one.samples.push_back(ns);
  if (!json)
    std::printf("%s\n", c.title.c_str());
  double first = 0;
  for (auto& one : c.contenders) {
    auto last = one.samples.back();
    std::sort(one.samples.begin(), one.samples.end());
    auto median = one.samples[one.samples.size() / 2];
    if (first == 0)
      first = median;
    if (json)
      std::printf("%s\"%s\":%.2f", &one == &c.contenders.front() ? "{" : ",",
                  one.name.c_str(), last);
    else
      std::printf("  %-44s %7.1f ns  (%.1f - %.1f)  %.2fx\n", one.name.c_str(),
                  median, one.samples.front(), one.samples.back(),
                  first / median);
  }
  if (json)
    std::printf("}\n");
}

artifact_ptr make_value(const key& k) {
  auto value = artifact::make(k, std::string(content_bytes, 'x'), {1, 1, {}});
  value->cached().expires_at = std::numeric_limits<std::int64_t>::max();
  return value;
}

/// A node's memory, fenced for ever, and the way into it.
std::shared_ptr<local_source> make_memory(const std::vector<named_key>& keys) {
  constexpr std::size_t shards = 4;
  auto tier = std::make_shared<hot_tier>();
  tier->freshness->fence_until = std::numeric_limits<std::int64_t>::max();
  for (std::size_t s = 0; s < shards; ++s)
    tier->shards.push_back(std::make_shared<hot_cache>(
        tier->domain, hot_cache_limits{keys.size(), 1ull << 40}));
  for (const auto& k : keys)
    tier->shards[shard_of(k.key, shards)]->put(make_value(k.key));
  return std::make_shared<local_source>(tier, std::vector<gateway_actor>{},
                                        std::chrono::milliseconds{1});
}

/// Reads every key of `order` as a program does.
void read_all(const std::shared_ptr<local_source>& memory,
              const std::vector<named_key>& keys,
              const std::vector<std::uint32_t>& order) {
  local_reader reader{memory};
  for (auto i : order) {
    const auto& k = keys[i].key;
    auto value = reader.peek(k.type, k.id);
    sink += value.content().size();
  }
}

void single(const std::vector<named_key>& keys, int rounds, bool json) {
  auto order = draw(keys.size(), 0, 1);
  plain_map map;
  for (const auto& k : keys)
    map.emplace(k.joined, std::string(content_bytes, 'x'));
  auto memory = make_memory(keys);
  auto in_map = [&] {
    return timed(1, [&](std::size_t) {
      for (auto i : order)
        sink += map.find(keys[i].joined)->second.size();
    });
  };
  auto in_larder = [&] {
    return timed(1, [&](std::size_t) { read_all(memory, keys, order); });
  };
  comparison c{"One thread, hits only, " + std::to_string(keys.size())
                   + " keys",
               {{"read-only hash map", in_map, {}}, {"larder", in_larder, {}}}};
  compare(c, rounds, json);
}

void two(const std::vector<named_key>& keys, int rounds, bool json) {
  std::vector<std::vector<std::uint32_t>> orders{draw(keys.size(), 0.99, 1),
                                                 draw(keys.size(), 0.99, 2)};
  locked_lru locked{keys.size()};
  for (const auto& k : keys)
    locked.put(k.joined, std::make_shared<const std::string>(
                             std::string(content_bytes, 'x')));
  auto memory = make_memory(keys);
  auto in_lru = [&] {
    return timed(2, [&](std::size_t t) {
      for (auto i : orders[t])
        sink += locked.get(keys[i].joined)->size();
    });
  };
  auto in_larder = [&] {
    return timed(2, [&](std::size_t t) { read_all(memory, keys, orders[t]); });
  };
  comparison c{
      "Two threads, Zipf 0.99 over " + std::to_string(keys.size())
          + " keys, hits only",
      {{"mutex, list and map (LRU)", in_lru, {}}, {"larder", in_larder, {}}}};
  compare(c, rounds, json);
}

/// The heap's own count, so that nothing is forgotten.
void memory(bool json) {
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
  if (json)
    std::printf("{\"larder\":%.2f}\n", each(used() - before - payload));
  else
    std::printf("Memory beyond key and value, an entry of 100,000\n"
                "  %.1f bytes by the heap's count; of them %.1f index, queues "
                "and ghosts,\n  %zu header (revision, version, epoch, times, "
                "counts)\n",
                each(used() - before - payload), each(cache.overhead_bytes()),
                sizeof(artifact));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"What a read in the process costs"};
  std::size_t keys = 1'000;
  int rounds = 9;
  bool json = false;
  std::vector<std::string> parts{"single", "two", "memory"};
  app.add_option("parts", parts, "single, two, memory")
      ->check(CLI::IsMember({"single", "two", "memory"}));
  app.add_option("--keys", keys, "Distinct keys")
      ->check(CLI::Range(10, 10'000'000));
  app.add_option("--rounds", rounds, "Alternating rounds")
      ->check(CLI::Range(1, 1'000));
  app.add_flag("--json", json, "The last round, for programs");
  CLI11_PARSE(app, argc, argv);
  auto all = make_keys(keys);
  for (const auto& part : parts)
    if (part == "single")
      single(all, rounds, json);
    else if (part == "two")
      two(all, rounds, json);
    else
      memory(json);
}
