// A cold worker: one blocking session with the source of truth. Spawned
// detached by node.cpp; in tests on the deterministic scheduler.
#pragma once

#include "actors/handles.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <memory>

namespace larder {

struct cold_worker_state {
  static inline const char* name = "cold_worker";
  std::unique_ptr<truth_store> store;
};

cold_worker_actor::behavior_type
cold_worker(cold_worker_actor::stateful_pointer<cold_worker_state> self,
            std::shared_ptr<std::unique_ptr<truth_store>> store);

}  // namespace larder
