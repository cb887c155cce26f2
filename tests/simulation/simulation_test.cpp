#include "tests/simulation/simulation.hpp"

#include <gtest/gtest.h>

#include <set>

namespace larder::simulation {
namespace {

using namespace std::chrono_literals;

TEST(SimulationTest, RepeatsTheHistoryOfASeed) {
  options o;
  o.faulty = 3s;
  std::set<std::uint64_t> hashes;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    auto hash = run(seed, o).hash;
    EXPECT_EQ(run(seed, o).hash, hash) << "seed " << seed;
    hashes.insert(hash);
  }
  EXPECT_EQ(hashes.size(), 5u);
}

TEST(SimulationTest, AnswersFromEveryTierAndNothingMarkedWithoutFaults) {
  options o;
  o.faulty = 5s;
  o.fault_names = {"none"};
  counts sum;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    auto result = run(seed, o);
    EXPECT_EQ(result.violations, std::vector<std::string>{});
    sum += result.counts;
  }
  EXPECT_GT(sum.hits, 500u);
  EXPECT_GT(sum.jetstream, 50u);
  // What nobody has written yet is asked of the source of truth.
  EXPECT_GT(sum.truth + sum.absent, 100u);
  EXPECT_GT(sum.acknowledged, 50u);
  EXPECT_EQ(sum.stale, 0u);
  EXPECT_EQ(sum.unanswered, 0u);
}

TEST(SimulationTest, MakesEveryFaultHappen) {
  for (auto& kind : faults::kinds()) {
    options o;
    o.faulty = 5s;
    o.fault_names = {std::string{kind.name}};
    o.shortest_peace = o.longest_peace = 100ms;
    EXPECT_GT(run(1, o).counts.faults, 20u) << kind.name;
  }
}

}  // namespace
}  // namespace larder::simulation
