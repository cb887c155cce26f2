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

#include <memory>
#include <vector>

namespace larder::simulation {

struct cluster {
  cluster(test::world& w, std::vector<key> all_keys)
      : world(w), keys(std::move(all_keys)) {}

  test::world& world;
  std::vector<key> keys;
  /// The database's wall clock against the world's.
  test::world::duration database_clock_offset{0};
  std::shared_ptr<test::memory_database> database =
      std::make_shared<test::memory_database>([this] {
        return (world.now() + database_clock_offset + std::chrono::hours{1})
            .count();
      });
  /// How long a shard remembers the revision of a key that has gone.
  std::chrono::milliseconds floor_ttl = std::chrono::minutes{10};
  /// False: nobody reaches it, other programs neither.
  bool database_runs = true;
  /// For mutant::fence_skips_locked_rows.
  std::shared_ptr<row_locks> locks = std::make_shared<row_locks>();
  truth_log truth{world, database};
  test::simulated_kv_server kv{world};
  test::simulated_kv_server leases{world, std::chrono::milliseconds{1'500}};
  test::simulated_log_server log{world};
  test::simulated_signal_bus signals{world};
};

}  // namespace larder::simulation
