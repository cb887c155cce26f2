// How many seeds it takes to notice that a rule is broken: each mutant of
// actors/mutant.hpp is planted alone, and seeds are run until one of them has a
// violation. Several trials begin at different seeds.
//
// Used by larder_simulation. Thread rule: one hunt at a time in a process; it
// has threads of its own.
#pragma once

#include "actors/mutant.hpp"
#include "tests/simulation/simulation.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace larder::simulation {

struct hunt_result {
  mutant planted = mutant::none;
  /// Seeds that each trial took; nothing: the limit was reached.
  std::vector<std::optional<std::uint64_t>> seeds;
  /// What the first trial that caught it found.
  std::string violation;

  /// In more than half of the trials.
  bool caught() const;
  /// Of the trials; those that caught nothing count as the limit.
  std::uint64_t median(std::uint64_t limit) const;
};

hunt_result hunt(mutant planted, std::size_t trials, std::uint64_t limit,
                 unsigned threads, const options& o);

/// The mutant of that name, or nothing.
std::optional<mutant> mutant_named(std::string_view name);

}  // namespace larder::simulation
