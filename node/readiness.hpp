// What /readyz says: whether the node may serve, and how each tier is.
//
// Used by node.cpp. Thread rule: a function of its arguments.
#pragma once

#include "actors/statistics.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace larder {

/// What is not among the statistics.
struct readiness_facts {
  std::string_view node;
  /// The source of truth, as a tier.
  std::string_view truth;
  bool ready = false;
  bool draining = false;
  /// Connected to NATS: the front door, and the tiers' client.
  bool door_connected = false;
  bool tiers_connected = false;
  std::chrono::milliseconds fence_max_age{};
};

/// A JSON object.
std::string readiness_body(const node_statistics& s, const readiness_facts& f);

}  // namespace larder
