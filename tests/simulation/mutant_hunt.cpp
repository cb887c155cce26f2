#include "tests/simulation/mutant_hunt.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

namespace larder::simulation {

namespace {

// Trials share no seed.
constexpr std::uint64_t apart = 100'000;

/// The faults among which a mistake shows; none named: the usual ones. Most of
/// these are covered twice (a floor outlives what the bucket would bring back),
/// so they show only where the other cover is gone.
std::vector<std::string> faults_for(mutant m) {
  switch (m) {
  case mutant::no_in_flight_check:
  case mutant::no_floor_on_truth_fill:
    return {"store-slow", "kv-wipe", "external"};
  case mutant::blind_shared_put:
    return {"store-slow", "kv-wipe", "log-truncate", "kill"};
  case mutant::log_before_shared:
    return {"slow", "lossy", "kill", "log-truncate"};
  case mutant::snapshot_before_receipt:
    return {"slow", "lossy", "freeze", "kill"};
  default:
    return {};
  }
}

/// As `o`, with faults for this mutant, in quick succession.
options focused(options o, mutant m) {
  auto names = faults_for(m);
  if (names.empty() || !o.fault_names.empty())
    return o;
  o.fault_names = std::move(names);
  o.longest_peace = std::chrono::milliseconds{500};
  return o;
}

}  // namespace

bool hunt_result::caught() const {
  return std::all_of(seeds.begin(), seeds.end(),
                     [](auto& n) { return n.has_value(); });
}

std::uint64_t hunt_result::median(std::uint64_t limit) const {
  std::vector<std::uint64_t> all;
  for (auto& n : seeds)
    all.push_back(n.value_or(limit));
  std::sort(all.begin(), all.end());
  return all.empty() ? 0 : all[all.size() / 2];
}

hunt_result hunt(mutant m, std::size_t trials, std::uint64_t limit,
                 unsigned threads, const options& o) {
  hunt_result result{m, {}, {}};
  result.seeds.resize(trials);
  planted_mutant = m;
  auto with_faults = focused(o, m);
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  auto work = [&] {
    for (auto trial = next++; trial < trials; trial = next++)
      for (std::uint64_t n = 1; n <= limit; ++n) {
        auto found = run(trial * apart + n, with_faults);
        if (found.violations.empty())
          continue;
        std::lock_guard guard{mutex};
        result.seeds[trial] = n;
        if (result.violation.empty())
          result.violation = found.violations[0];
        break;
      }
  };
  std::vector<std::thread> pool;
  for (unsigned i = 1; i < threads; ++i)
    pool.emplace_back(work);
  work();
  for (auto& t : pool)
    t.join();
  planted_mutant = mutant::none;
  return result;
}

std::optional<mutant> mutant_named(std::string_view name) {
  auto i = std::find(mutant_names.begin(), mutant_names.end(), name);
  if (i == mutant_names.end())
    return {};
  return static_cast<mutant>(i - mutant_names.begin());
}

}  // namespace larder::simulation
