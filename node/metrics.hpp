// A node's statistics as Prometheus families: prefix `larder_`, base units, no
// key or id as a label.
#pragma once

#include "actors/statistics.hpp"
#include "node/exposition.hpp"

#include <string>
#include <vector>

namespace larder {

struct node_health {
  bool ready = false;
  bool nats_connected = false;
  double uptime_seconds = 0;
};

std::vector<sample_family> metric_families(const node_statistics& s,
                                           const node_health& health);

}  // namespace larder
