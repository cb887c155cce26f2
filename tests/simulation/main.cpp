// larder_simulation: runs seeds, prints what is wrong with which, and exits
// with 1 if anything is.
#include "tests/simulation/mutant_hunt.hpp"
#include "tests/simulation/simulation.hpp"

#include <CLI/CLI.hpp>
#include <spdlog/spdlog.h>

#include <atomic>
#include <chrono>
#include <iostream>
#include <mutex>
#include <thread>

namespace {

using namespace larder;
using namespace larder::simulation;

/// "7" or "1-500".
std::pair<std::uint64_t, std::uint64_t> parse_range(const std::string& text) {
  auto dash = text.find('-');
  auto first = std::stoull(text.substr(0, dash));
  auto last =
      dash == std::string::npos ? first : std::stoull(text.substr(dash + 1));
  return {first, last};
}

void print(const outcome& result, std::size_t lines) {
  std::cout << "seed " << result.seed << ": " << result.violations.size()
            << " violations\n";
  for (auto& v : result.violations)
    std::cout << "  " << v << "\n";
  auto n = std::min(lines, result.tail.size());
  for (auto i = result.tail.size() - n; i < result.tail.size(); ++i)
    std::cout << "    " << result.tail[i] << "\n";
  // A run that is ended from outside has said what it found.
  std::cout << std::flush;
}

/// Plants each mutant alone; false if one of them is not caught.
bool hunt_all(std::size_t trials, std::uint64_t limit, unsigned threads,
              const options& o) {
  std::size_t caught = 0;
  for (std::size_t i = 1; i < mutant_names.size(); ++i) {
    auto result = hunt(static_cast<mutant>(i), trials, limit, threads, o);
    caught += result.caught();
    std::cout << (result.caught() ? "caught " : "MISSED ") << mutant_names[i]
              << ": median " << result.median(limit) << " seeds (";
    for (auto& n : result.seeds)
      std::cout << (&n == result.seeds.data() ? "" : " ")
                << (n ? std::to_string(*n)
                      : "none of " + std::to_string(limit));
    std::cout << "); " << result.violation << std::endl;
  }
  std::cout << caught << " of " << mutant_names.size() - 1 << " mutants caught"
            << std::endl;
  return caught == mutant_names.size() - 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Simulates a cluster from seeds and checks every answer.\n"
               "Example: larder_simulation --seeds 1-500"};
  std::string seeds = "1-500";
  app.add_option("--seeds", seeds, "One seed, or a range A-B");
  options o;
  app.add_option("--faults", o.fault_names,
                 "Only these, comma-separated (see --list); default: the usual")
      ->delimiter(',');
  double seconds = 12;
  app.add_option("--seconds", seconds, "Virtual time with faults");
  double peace = 1.5;
  app.add_option("--peace", peace, "The longest time between two faults, in s");
  double floor_seconds = 600;
  app.add_option("--floor-ttl", floor_seconds,
                 "How long a node remembers what it saw of a key, in s");
  std::size_t lines = 40;
  app.add_option("--lines", lines, "Of the history, printed of a bad seed");
  unsigned threads = std::thread::hardware_concurrency();
  app.add_option("--threads", threads, "Seeds run at once");
  std::size_t stop_after = 5;
  app.add_option("--stop-after", stop_after, "Bad seeds");
  std::string store = "memory";
  app.add_option("--store", store,
                 "memory: nodes on one database; embedded: one node on disk")
      ->check(CLI::IsMember({"memory", "embedded"}));
  bool mutants = false;
  app.add_flag("--mutants", mutants,
               "Plant each known mistake and count the seeds that catch it");
  std::size_t trials = 9;
  app.add_option("--trials", trials, "Of each mutant");
  std::uint64_t limit = 3'000;
  app.add_option("--limit", limit, "Seeds of a trial");
  std::string planted_name = "none";
  app.add_option("--mutant", planted_name,
                 "Plant this one (see actors/mutant.hpp)");
  bool list = false;
  app.add_flag("--list", list, "Name the faults");
  bool hashes = false;
  app.add_flag("--hashes", hashes, "Print each history's hash");
  CLI11_PARSE(app, argc, argv);
  if (list) {
    for (auto& k : faults::kinds())
      std::cout << k.name << (k.usual ? ": " : " (only by name): ") << k.what
                << "\n";
    return 0;
  }
  for (auto& name : o.fault_names)
    if (name != "none"
        && std::none_of(faults::kinds().begin(), faults::kinds().end(),
                        [&](auto& k) { return k.name == name; })) {
      std::cerr << "no fault is called \"" << name << "\"; --list names them\n";
      return 2;
    }
  o.faulty = std::chrono::duration_cast<larder::test::world::duration>(
      std::chrono::duration<double>{seconds});
  o.longest_peace = std::chrono::duration_cast<larder::test::world::duration>(
      std::chrono::duration<double>{peace});
  o.floor_ttl =
      std::chrono::milliseconds{static_cast<std::int64_t>(floor_seconds * 1e3)};
  o.lines = lines;
  o.embedded = store == "embedded";
  spdlog::set_level(spdlog::level::off);
  if (mutants)
    return hunt_all(trials, limit, threads, o) ? 0 : 1;
  auto m = mutant_named(planted_name);
  if (!m) {
    std::cerr << "no mutant is called \"" << planted_name << "\"\n";
    return 2;
  }
  planted_mutant = *m;

  auto [first, last] = parse_range(seeds);
  auto began = std::chrono::steady_clock::now();
  std::atomic<std::uint64_t> next = first;
  std::atomic<std::size_t> bad = 0, done = 0;
  std::mutex mutex;
  counts sum;
  auto work = [&, last = last] {
    for (;;) {
      auto seed = next++;
      if (seed > last || bad >= stop_after)
        return;
      auto result = run(seed, o);
      std::lock_guard guard{mutex};
      ++done;
      sum += result.counts;
      if (hashes)
        std::cout << "seed " << seed << " hash " << std::hex << result.hash
                  << std::dec << "\n";
      if (!result.violations.empty()) {
        ++bad;
        print(result, lines);
      }
    }
  };
  std::vector<std::thread> pool;
  for (unsigned i = 1; i < threads; ++i)
    pool.emplace_back(work);
  work();
  for (auto& t : pool)
    t.join();
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::cout << done << " seeds in " << took.count() << " s, " << bad << " bad; "
            << sum.faults << " faults, " << sum.operations
            << " operations: " << sum.hits << " memory, " << sum.jetstream
            << " jetstream, " << sum.truth << " truth, " << sum.absent
            << " absent, " << sum.stale << " marked stale, " << sum.acknowledged
            << " writes acknowledged, " << sum.failed << " refused, "
            << sum.unanswered << " unanswered; " << sum.steps << " steps\n";
  return bad == 0 ? 0 : 1;
}
