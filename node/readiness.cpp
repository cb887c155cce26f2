#include "node/readiness.hpp"

#include <nlohmann/json.hpp>

namespace larder {

std::string readiness_body(const node_statistics& s, const readiness_facts& f) {
  auto state = [](bool up) { return up ? "up" : "down"; };
  auto fence_fresh = s.coherence.fence_age_ms >= 0
                     && s.coherence.fence_age_ms < f.fence_max_age.count();
  nlohmann::ordered_json body{
      {"ready", f.ready},
      {"node", f.node},
      {"draining", f.draining},
      {"tiers",
       {{"memory",
         {{"state", fence_fresh ? "up" : "unproved"},
          {"entries", s.shards.entries},
          {"fence_age_ms", s.coherence.fence_age_ms}}},
        {"jetstream",
         {{"state", state(f.tiers_connected && s.warm.reachable)},
          {"log", s.coherence.reading ? "reading" : "lost"},
          {"log_lag", s.coherence.log_lag}}},
        {std::string{f.truth},
         {{"state", state(s.cold.reachable && s.relay.truth_reachable)},
          {"waiting", s.cold.waiting}}}}},
      {"nats", state(f.door_connected)},
      {"epoch", s.coherence.epoch}};
  return body.dump();
}

}  // namespace larder
