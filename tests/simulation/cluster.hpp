// The servers that all nodes of a simulated cluster share.
//
// Used by simulated nodes, faults and the simulation. Thread rule: one thread.
#pragma once

#include "tests/simulation/locking_outbox.hpp"
#include "tests/simulation/truth_log.hpp"
#include "tests/support/memory_store.hpp"
#include "tests/support/simulated_kv.hpp"
#include "tests/support/simulated_log.hpp"
#include "tests/support/simulated_signals.hpp"
#include "tests/support/world.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace larder::simulation {

struct cluster {
  /// With a directory: the truth is an embedded store in it, of the one node,
  /// and `database` is empty and nobody's.
  cluster(test::world& w, std::vector<key> all_keys, std::string directory = {})
      : world(w), keys(std::move(all_keys)), embedded(std::move(directory)) {}

  test::world& world;
  std::vector<key> keys;
  std::string embedded;
  /// The database's wall clock against the world's.
  test::world::duration database_clock_offset{0};
  std::function<std::int64_t()> database_clock = [this] {
    return (world.now() + database_clock_offset + std::chrono::hours{1})
        .count();
  };
  std::shared_ptr<test::memory_database> database =
      std::make_shared<test::memory_database>(database_clock);
  /// How long a shard remembers the revision of a key that has gone.
  std::chrono::milliseconds floor_ttl = std::chrono::minutes{10};
  /// False: nobody reaches it, other programs neither.
  bool database_runs = true;
  /// For mutant::fence_skips_locked_rows.
  std::shared_ptr<row_locks> locks = std::make_shared<row_locks>();
  truth_log truth{world, embedded.empty() ? database : nullptr};
  test::simulated_kv_server kv{world};
  test::simulated_kv_server leases{world, std::chrono::milliseconds{1'500}};
  test::simulated_log_server log{world};
  test::simulated_signal_bus signals{world};
};

}  // namespace larder::simulation
