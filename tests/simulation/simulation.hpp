// One history of a simulated cluster, from one seed: three nodes, each with a
// relay that competes for the lease, four clients, twenty keys; faults for a
// while, then none, and at the end every node is asked for every key. One seed
// and one set of options give one history, on every machine.
//
// Used by larder_simulation and its tests. Thread rule: an object of this class
// belongs to one thread; several may run at once.
#pragma once

#include "tests/simulation/checker.hpp"
#include "tests/simulation/faults.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace larder::simulation {

struct options {
  std::uint32_t nodes = 3;
  std::uint32_t clients = 4;
  std::uint32_t keys = 20;
  /// How long faults begin.
  test::world::duration faulty = std::chrono::seconds{12};
  test::world::duration shortest_peace = std::chrono::milliseconds{50};
  test::world::duration longest_peace = std::chrono::milliseconds{1'500};
  /// How long the clients go on without faults. Soon after that every node must
  /// answer every key as it is, unmarked.
  test::world::duration recovery = std::chrono::seconds{3};
  /// Of every node; see cluster.hpp.
  std::chrono::milliseconds floor_ttl = std::chrono::minutes{10};
  /// Names; empty: the usual ones.
  std::vector<std::string> fault_names;
  /// One node on an embedded store, instead of nodes on one database.
  bool embedded = false;
  /// Lines of the history that are kept.
  std::size_t lines = 400;
};

struct counts {
  std::uint64_t operations = 0;
  std::uint64_t hits = 0;
  std::uint64_t jetstream = 0;
  std::uint64_t truth = 0;
  std::uint64_t absent = 0;
  std::uint64_t stale = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t failed = 0;
  std::uint64_t unanswered = 0;
  std::uint64_t faults = 0;
  std::uint64_t steps = 0;
  counts& operator+=(const counts& other);
};

struct outcome {
  std::uint64_t seed = 0;
  std::uint64_t hash = 0;
  /// Each a sentence, with the operation it is about.
  std::vector<std::string> violations;
  std::vector<std::string> tail;
  simulation::counts counts;
};

outcome run(std::uint64_t seed, const options& o);

}  // namespace larder::simulation
