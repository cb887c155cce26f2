#include "actors/statistics.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <ctime>

namespace larder {

namespace {

using std::chrono::milliseconds;

// An actor that does not answer in time is left out: its zeros say so.
constexpr milliseconds patience{300};

void add(shard_stats& to, const shard_stats& s) {
  to.entries += s.entries;
  to.bytes += s.bytes;
  to.evictions += s.evictions;
  to.invalidations += s.invalidations;
  to.rejected_fills += s.rejected_fills;
  to.coalesced += s.coalesced;
  to.floors += s.floors;
  to.fills += s.fills;
}

node_statistics counted(const traffic& t) {
  node_statistics s;
  for (std::size_t i = 0; i < s.hits.size(); ++i)
    s.hits[i] = t.hits[i].value();
  for (std::size_t i = 0; i < s.errors.size(); ++i)
    s.errors[i] = t.errors[i].value();
  for (std::size_t i = 0; i < s.slow.size(); ++i)
    s.slow[i] = t.slow[i].value();
  s.slow_us = t.slow_us.value();
  s.misses = t.misses.value();
  s.stale_served = t.stale_served.value();
  s.requests = t.requests.value();
  s.in_flight = t.in_flight.load();
  return s;
}

/// One collection under way.
struct gathering {
  node_statistics sum;
  std::size_t outstanding;
  caf::typed_response_promise<node_statistics> reply;

  void part() {
    if (--outstanding == 0)
      reply.deliver(sum);
  }
};

/// See statistics_state::relay.
void take_relay(statistics_actor::stateful_pointer<statistics_state> self,
                const std::shared_ptr<gathering>& all) {
  auto& state = self->state;
  auto without = [all, &state] {
    state.relay_is_late = true;
    all->sum.relay = state.relay;
    all->sum.relay.truth_reachable = false;
    all->part();
  };
  auto late = state.relay_is_late;
  if (late)
    without();
  // Asked in any case, to learn when it answers again.
  self->request(state.context.relay,
                late ? caf::duration{caf::infinite} : caf::duration{patience},
                stats_atom::value)
      .then(
          [all, &state, late](const relay_stats& s) {
            state.relay = s;
            state.relay_is_late = false;
            if (late)
              return;
            all->sum.relay = s;
            all->part();
          },
          [late, without](const caf::error&) {
            if (!late)
              without();
          });
}

std::string utc_now() {
  auto now = std::chrono::system_clock::now();
  auto seconds = std::chrono::system_clock::to_time_t(now);
  auto ms =
      std::chrono::duration_cast<milliseconds>(now.time_since_epoch()).count()
      % 1'000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[40];
  auto n = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text + n, sizeof text - n, ".%03dZ", static_cast<int>(ms));
  return text;
}

}  // namespace

statistics_actor::behavior_type
statistics(statistics_actor::stateful_pointer<statistics_state> self,
           statistics_context context) {
  self->state.context = std::move(context);
  return {
      [self](stats_atom) -> caf::result<node_statistics> {
        auto& c = self->state.context;
        auto all = std::make_shared<gathering>(
            gathering{counted(*c.traffic), c.shards.size() + 4,
                      self->make_response_promise<node_statistics>()});
        if (c.sampler)
          all->sum.sampler = c.sampler->read();
        auto late = [all](const caf::error&) { all->part(); };
        for (auto& shard : c.shards)
          self->request(shard, patience, stats_atom::value)
              .then(
                  [all](const shard_stats& s) {
                    add(all->sum.shards, s);
                    all->part();
                  },
                  late);
        auto take = [self, all, late](auto& from, auto member) {
          self->request(from, patience, stats_atom::value)
              .then(
                  [all,
                   member](const std::decay_t<decltype(all->sum.*member)>& s) {
                    all->sum.*member = s;
                    all->part();
                  },
                  late);
        };
        take(c.warm, &node_statistics::warm);
        take(c.cold, &node_statistics::cold);
        take(c.invalidation, &node_statistics::coherence);
        take_relay(self, all);
        return all->reply;
      },
  };
}

std::string to_json(const node_statistics& s) {
  nlohmann::ordered_json hits;
  for (std::size_t i = 0; i < s.hits.size(); ++i)
    hits[std::string{name_of(static_cast<tier>(i))}] = s.hits[i];
  nlohmann::ordered_json errors = nlohmann::ordered_json::object();
  for (std::size_t i = 1; i < s.errors.size(); ++i)
    if (s.errors[i] > 0)
      errors[std::string{name_of(static_cast<ec>(i))}] = s.errors[i];
  nlohmann::ordered_json body{
      // The names of the first product beside clear ones.
      {"ets_hits", s.hits_of(tier::memory)},
      {"nats_hits", s.hits_of(tier::jetstream)},
      {"db_hits", s.hits_of(tier::postgres) + s.hits_of(tier::embedded)},
      {"misses", s.misses},
      {"ets_cache_size", s.shards.entries},
      {"timestamp", utc_now()},
      {"hits", hits},
      {"requests", s.requests},
      {"in_flight", s.in_flight},
      {"errors", errors},
      {"coalesced", s.shards.coalesced},
      {"stale_served", s.stale_served},
      {"evictions", s.shards.evictions},
      {"invalidations", s.shards.invalidations},
      {"rejected_fills", s.shards.rejected_fills},
      {"entries", s.shards.entries},
      {"bytes", s.shards.bytes},
      {"fence_age_ms", s.coherence.fence_age_ms},
      {"log_lag", s.coherence.log_lag},
      {"log_gaps", s.coherence.gaps},
      {"epoch", s.coherence.epoch},
      {"applied", s.coherence.applied},
      {"queries", s.cold.queries},
      {"relay_active", s.relay.active},
      {"published", s.relay.published},
  };
  return body.dump();
}

}  // namespace larder
