// The statistics actor: asks every other actor what it has counted and adds it
// up. What template.stats, the operators' stats, /metrics and /readyz show all
// comes from here.
#pragma once

#include "actors/handles.hpp"
#include "actors/sampler_board.hpp"
#include "actors/traffic.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <memory>
#include <string>
#include <vector>

namespace larder {

/// A moment's figures of one node.
struct node_statistics {
  std::array<std::uint64_t, traffic::tiers> hits{};
  std::array<std::uint64_t, traffic::codes> errors{};
  std::array<std::uint64_t, traffic::bounds_us.size() + 1> slow{};
  std::uint64_t slow_us = 0;
  std::uint64_t misses = 0;
  std::uint64_t stale_served = 0;
  std::uint64_t requests = 0;
  std::int64_t in_flight = 0;
  shard_stats shards;
  warm_stats warm;
  cold_stats cold;
  coherence_stats coherence;
  relay_stats relay;
  sampler_stats sampler;
  std::uint64_t hits_of(tier t) const {
    return hits[static_cast<std::size_t>(t)];
  }
};

using statistics_actor =
    caf::typed_actor<caf::replies_to<stats_atom>::with<node_statistics>>;

struct statistics_context {
  std::vector<shard_actor> shards;
  warm_actor warm;
  cold_actor cold;
  invalidation_actor invalidation;
  relay_actor relay;
  std::shared_ptr<larder::traffic> traffic;
  std::shared_ptr<const sampler_board> sampler;
};

struct statistics_state {
  static inline const char* name = "statistics";
  statistics_context context;
  /// The relay's latest answer, and whether it owes one: its thread waits for
  /// the source of truth, which may say nothing for seconds. Meanwhile this
  /// stands in for it, with the source of truth as unreachable, and nobody who
  /// asks for statistics waits.
  relay_stats relay;
  bool relay_is_late = false;
};

statistics_actor::behavior_type
statistics(statistics_actor::stateful_pointer<statistics_state> self,
           statistics_context context);

/// The body of template.stats, without the node.
std::string to_json(const node_statistics& s);

}  // namespace larder

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::node_statistics)
