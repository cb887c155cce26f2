// Hit ratios of the hot cache on traces, beside exact LRU and Belady's optimum.
//
//   larder_trace_replay [--entries N] [--shards S] [--zipf SKEW] [FILE…]
//
// A trace has one key a line. Keys are looked up once each, in order, and put
// when they were not found, as a node does.
#include "storage/hot_cache.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <list>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

using namespace larder;

/// Keys as numbers in order of first appearance.
using trace = std::vector<std::uint32_t>;

trace read_trace(const std::string& path) {
  std::ifstream in{path};
  if (!in)
    throw CLI::ValidationError("cannot read " + path);
  trace result;
  std::unordered_map<std::string, std::uint32_t> numbers;
  for (std::string line; std::getline(in, line);)
    result.push_back(
        numbers.emplace(line, static_cast<std::uint32_t>(numbers.size()))
            .first->second);
  return result;
}

trace zipf_trace(double skew) {
  constexpr std::uint32_t keys = 100'000;
  constexpr std::size_t requests = 1'000'000;
  std::vector<double> sums(keys);
  double sum = 0;
  for (std::uint32_t k = 0; k < keys; ++k)
    sums[k] = sum += std::pow(k + 1, -skew);
  std::mt19937_64 random{42};
  std::uniform_real_distribution<double> draw{0, sum};
  trace result(requests);
  for (auto& key : result)
    key = static_cast<std::uint32_t>(
        std::lower_bound(sums.begin(), sums.end(), draw(random))
        - sums.begin());
  return result;
}

std::uint32_t keys_of(const trace& t) {
  return t.empty() ? 0 : *std::max_element(t.begin(), t.end()) + 1;
}

double ratio(std::uint64_t hits, const trace& t) {
  return t.empty() ? 0 : static_cast<double>(hits) / t.size();
}

double exact_lru(const trace& t, std::size_t entries) {
  std::list<std::uint32_t> order;
  std::vector<std::list<std::uint32_t>::iterator> at(keys_of(t), order.end());
  std::uint64_t hits = 0;
  for (auto key : t) {
    if (at[key] != order.end()) {
      ++hits;
      order.splice(order.begin(), order, at[key]);
      continue;
    }
    if (order.size() == entries) {
      at[order.back()] = order.end();
      order.pop_back();
    }
    order.push_front(key);
    at[key] = order.begin();
  }
  return ratio(hits, t);
}

/// Evicts what is needed last; no policy can do better.
double optimum(const trace& t, std::size_t entries) {
  constexpr auto never = ~std::uint64_t{0};
  std::vector<std::uint64_t> next(t.size());
  std::vector<std::uint64_t> last(keys_of(t), never);
  for (auto i = t.size(); i-- > 0;) {
    next[i] = last[t[i]];
    last[t[i]] = i;
  }
  std::set<std::pair<std::uint64_t, std::uint32_t>> cached;
  std::vector<std::uint64_t> due(keys_of(t), 0);
  std::vector<bool> in(keys_of(t), false);
  std::uint64_t hits = 0;
  for (std::size_t i = 0; i < t.size(); ++i) {
    auto key = t[i];
    if (in[key]) {
      ++hits;
      cached.erase({due[key], key});
    } else if (cached.size() == entries) {
      auto victim = std::prev(cached.end());
      in[victim->second] = false;
      cached.erase(victim);
    }
    in[key] = true;
    due[key] = next[i];
    cached.insert({next[i], key});
  }
  return ratio(hits, t);
}

double replay(const trace& t, std::size_t entries, std::size_t shards,
              eviction policy) {
  read_domain domain;
  std::vector<std::unique_ptr<hot_cache>> caches;
  for (std::size_t s = 0; s < shards; ++s)
    caches.push_back(std::make_unique<hot_cache>(
        domain,
        hot_cache_limits{entries / shards + (s < entries % shards ? 1 : 0),
                         1ull << 40, policy}));
  reader look{domain};
  std::uint64_t hits = 0;
  for (auto number : t) {
    key k{"t", std::to_string(number)};
    auto& cache = *caches[shard_of(k, shards)];
    if (look.find(cache, k) != nullptr)
      ++hits;
    else
      cache.put(artifact::make(k, "x", {}));
    look.quiesce();
  }
  return ratio(hits, t);
}

void print_row(const std::string& name, const trace& t, std::size_t entries,
               std::size_t shards) {
  std::printf("%-28s %9zu %8u  %.4f  %.4f", name.c_str(), t.size(), keys_of(t),
              optimum(t, entries), exact_lru(t, entries));
  for (auto policy : {eviction::lru, eviction::s3fifo}) {
    std::printf("  %.4f", replay(t, entries, 1, policy));
    if (shards > 1)
      std::printf("  %.4f", replay(t, entries, shards, policy));
  }
  std::printf("\n");
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Hit ratios of the hot cache on traces"};
  std::vector<std::string> files;
  std::vector<double> skews;
  std::size_t entries = 1'000;
  std::size_t shards = 4;
  app.add_option("files", files, "Traces, one key a line");
  app.add_option("--entries", entries, "Entries that the cache holds")
      ->check(CLI::PositiveNumber);
  app.add_option("--shards", shards, "Also split the entries over so many")
      ->check(CLI::PositiveNumber);
  app.add_option("--zipf", skews,
                 "Also a million Zipf requests for 100,000 keys");
  CLI11_PARSE(app, argc, argv);
  if (files.empty() && skews.empty())
    skews = {0.8, 0.99};

  auto split = "/" + std::to_string(shards);
  std::printf("hit ratio at %zu entries\n", entries);
  std::printf("%-28s %9s %8s  %-6s  %-6s", "trace", "requests", "keys", "best",
              "LRU");
  for (std::string name : {"lru", "s3fifo"}) {
    std::printf("  %-6s", name.c_str());
    if (shards > 1)
      std::printf("  %-6s", (name.substr(0, 4) + split).c_str());
  }
  std::printf("\n");
  try {
    for (const auto& file : files)
      print_row(file.substr(file.find_last_of('/') + 1), read_trace(file),
                entries, shards);
  } catch (const CLI::Error& error) {
    std::fprintf(stderr, "larder_trace_replay: %s\n", error.what());
    return 2;
  }
  for (auto skew : skews)
    print_row("zipf " + std::to_string(skew).substr(0, 4), zipf_trace(skew),
              entries, shards);
}
