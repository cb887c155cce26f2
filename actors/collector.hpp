// Collects packages from their registries: one download a package however many
// ask for it at once, several packages beside each other. Knows no store: what
// the store remembers comes with the question, what it is to keep goes back
// with the answer.
//
// Asked by the packages actor. The workers block on registries: spawned
// detached by node.cpp.
#pragma once

#include "actors/messages.hpp"
#include "storage/collect_request.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace larder {

using collect_atom = caf::atom_constant<caf::atom("collect")>;

struct collector_stats {
  std::uint64_t asked = 0;
  /// Of them: waited for a download that somebody else had asked for.
  std::uint64_t joined = 0;
  std::uint64_t collected = 0;
  std::uint64_t unchanged = 0;
  std::uint64_t stale = 0;
  std::uint64_t failed = 0;
  std::uint64_t bytes = 0;
  std::uint64_t waiting = 0;
};

/// Downloads from registries under their rate limits.
using collector_actor = caf::typed_actor<
    // The document, or why there is none: an error of its own is only `busy`,
    // when too many wait.
    caf::replies_to<collect_atom, collect_request>::with<collect_reply>,
    caf::replies_to<stats_atom>::with<collector_stats>>;

/// One blocking download at a time.
using collect_worker_actor = caf::typed_actor<
    caf::replies_to<collect_atom, collect_request>::with<collect_reply>>;

struct collector_context {
  std::vector<collect_worker_actor> workers;
  /// Packages that may wait for a worker.
  std::size_t max_waiting = 1'024;
};

struct collector_state {
  static inline const char* name = "collector";

  using flight_key = std::tuple<std::string, std::string, std::string>;
  struct flight {
    collect_request request;
    std::vector<caf::typed_response_promise<collect_reply>> waiting;
  };

  collector_context context;
  std::map<flight_key, flight> flights;
  /// Not yet with a worker, in the order in which they were asked for.
  std::deque<flight_key> queue;
  std::vector<collect_worker_actor> idle;
  collector_stats stats;
};

collector_actor::behavior_type
collector(collector_actor::stateful_pointer<collector_state> self,
          collector_context context);

/// How a worker collects: package_collector::collect in a node, a script in
/// tests. Called on the worker's thread alone.
using collect_function = std::function<collect_reply(const collect_request&)>;

struct collect_worker_state {
  static inline const char* name = "collect_worker";
  collect_function collect;
};

collect_worker_actor::behavior_type collect_worker(
    collect_worker_actor::stateful_pointer<collect_worker_state> self,
    collect_function collect);

}  // namespace larder

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::collect_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::collect_reply)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::collector_stats)
