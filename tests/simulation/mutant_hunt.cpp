#include "tests/simulation/mutant_hunt.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

namespace larder::simulation {

namespace {

// Trials share no seed.
constexpr std::uint64_t apart = 100'000;

/// As `o`, with the faults among which a mistake shows, in quick succession;
/// where the usual ones show it they are left. Most mistakes are covered twice:
/// a floor, say, outlives what the bucket would bring back, and what is left
/// out of one fence is published before the next. So they show only where the
/// other cover is gone.
options focused(options o, mutant m) {
  auto on = [&o](std::vector<std::string> names) {
    if (!o.fault_names.empty())
      return;
    o.fault_names = std::move(names);
    o.longest_peace = std::chrono::milliseconds{250};
  };
  switch (m) {
  case mutant::no_in_flight_check:
  case mutant::no_floor_on_truth_fill:
    on({"store-slow", "kv-wipe", "external"});
    break;
  case mutant::blind_shared_put:
    // Nodes that hear of a commit leave JetStream to the relay; they hear
    // nothing of what others write in the database.
    on({"store-slow", "kv-wipe", "disconnect", "silence", "log-truncate",
        "kill", "external"});
    o.floor_ttl = std::chrono::seconds{4};
    break;
  case mutant::log_before_shared:
    on({"slow", "lossy", "kill", "log-truncate"});
    break;
  case mutant::snapshot_before_receipt:
    on({"store-slow", "silence"});
    break;
  default:
    break;
  }
  return o;
}

}  // namespace

bool hunt_result::caught() const {
  auto caught = std::count_if(seeds.begin(), seeds.end(),
                              [](auto& n) { return n.has_value(); });
  return 2 * static_cast<std::size_t>(caught) > seeds.size();
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
