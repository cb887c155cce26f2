#include "node/metrics.hpp"

#include <utility>

namespace larder {

namespace {

sample one(double value) {
  return {.value = value};
}

sample_family counter(std::string name, std::string help, std::uint64_t value) {
  return {std::move(name),
          std::move(help),
          sample_type::counter,
          {one(static_cast<double>(value))}};
}

sample_family gauge(std::string name, std::string help, double value) {
  return {std::move(name), std::move(help), sample_type::gauge, {one(value)}};
}

sample_family hits(const node_statistics& s) {
  sample_family family{"larder_hits_total",
                       "Values answered, by tier.",
                       sample_type::counter,
                       {}};
  for (std::size_t i = 0; i < s.hits.size(); ++i)
    family.samples.push_back(
        {.labels = {{"tier", std::string{name_of(static_cast<tier>(i))}}},
         .value = static_cast<double>(s.hits[i])});
  return family;
}

sample_family errors(const node_statistics& s) {
  sample_family family{"larder_errors_total",
                       "Requests answered with an error.",
                       sample_type::counter,
                       {}};
  for (std::size_t i = 1; i < s.errors.size(); ++i)
    family.samples.push_back(
        {.labels = {{"error", std::string{name_of(static_cast<ec>(i))}}},
         .value = static_cast<double>(s.errors[i])});
  return family;
}

sample_family latency(const node_statistics& s) {
  sample shape;
  for (auto us : traffic::bounds_us)
    shape.bounds.push_back(us / 1e6);
  shape.counts.assign(s.slow.begin(), s.slow.end());
  shape.sum = static_cast<double>(s.slow_us) / 1e6;
  return {"larder_below_memory_seconds",
          "Time to the answer of requests that memory did not answer.",
          sample_type::histogram,
          {shape}};
}

/// One sample a window that has reads. Seconds as people say them: "2s".
template <class Value>
sample_family by_window(std::string name, std::string help, sample_type type,
                        const decltype(sampler_stats::recent)& shares,
                        Value value) {
  sample_family family{std::move(name), std::move(help), type, {}};
  for (std::size_t w = 0; w < shares.size(); ++w)
    if (shares[w].reads > 0)
      family.samples.push_back(
          {.labels = {{"within",
                       std::to_string(sampler_windows[w].count() / 1'000)
                           + "s"}},
           .value = value(shares[w])});
  return family;
}

sample_family consistent_ratio(const node_statistics& s) {
  return by_window("larder_consistent_reads_ratio",
                   "Share of the reads sampled in the last 5 minutes that "
                   "were, that long after a change, as new as the change or "
                   "marked stale.",
                   sample_type::gauge, s.sampler.recent, [](auto& of) {
                     return static_cast<double>(of.consistent)
                            / static_cast<double>(of.reads);
                   });
}

sample_family sampled_reads(const node_statistics& s) {
  return by_window("larder_sampled_reads_total",
                   "Reads compared with the source of truth.",
                   sample_type::counter, s.sampler.total,
                   [](auto& of) { return static_cast<double>(of.reads); });
}

}  // namespace

std::vector<sample_family> metric_families(const node_statistics& s,
                                           const node_health& health) {
  auto count = [](std::uint64_t n) { return static_cast<double>(n); };
  return {
      hits(s),
      errors(s),
      latency(s),
      counter("larder_requests_total", "Requests received.", s.requests),
      counter("larder_misses_total", "Reads that no tier had a value for.",
              s.misses),
      counter("larder_stale_served_total",
              "Values answered that could not be proved fresh.",
              s.stale_served),
      counter("larder_coalesced_total",
              "Reads that waited for one under way instead of asking again.",
              s.shards.coalesced),
      counter("larder_evictions_total", "Entries evicted from memory.",
              s.shards.evictions),
      counter("larder_invalidations_total", "Changes applied from the log.",
              s.shards.invalidations),
      counter("larder_rejected_fills_total",
              "Values read too early to be kept, because the key changed.",
              s.shards.rejected_fills),
      counter("larder_log_gaps_total",
              "Times that the change log could not be followed without a gap.",
              s.coherence.gaps),
      counter("larder_relay_published_total",
              "Changes published by this node's relay.", s.relay.published),
      counter("larder_relay_failures_total", "Rounds of the relay that failed.",
              s.relay.failures),
      counter("larder_truth_queries_total",
              "Queries sent to the source of truth.", s.cold.queries),
      counter("larder_truth_keys_total", "Keys asked for in these queries.",
              s.cold.keys),
      counter("larder_truth_writes_total",
              "Writes sent to the source of truth.", s.cold.writes),
      counter("larder_truth_failures_total",
              "Calls of the source of truth that failed.", s.cold.failures),
      counter("larder_jetstream_gets_total", "Entries asked for in JetStream.",
              s.warm.gets),
      counter("larder_jetstream_puts_total", "Entries written to JetStream.",
              s.warm.puts),
      counter("larder_jetstream_failures_total",
              "Calls of JetStream that failed.", s.warm.failures),
      consistent_ratio(s),
      sampled_reads(s),
      counter("larder_inconsistent_reads_total",
              "Sampled reads that broke the promise of freshness.",
              s.sampler.inconsistent),
      counter("larder_repaired_keys_total",
              "Keys dropped everywhere because a copy of them was wrong.",
              s.sampler.repaired),
      gauge("larder_entries", "Entries in memory.", count(s.shards.entries)),
      gauge("larder_memory_bytes", "Bytes of the entries in memory.",
            count(s.shards.bytes)),
      gauge("larder_floors", "Floors kept for keys read or changed lately.",
            count(s.shards.floors)),
      gauge("larder_requests_in_flight", "Requests not answered yet.",
            static_cast<double>(s.in_flight)),
      gauge("larder_fence_age_seconds",
            "Age of the newest fence; -1 before the first.",
            s.coherence.fence_age_ms < 0
                ? -1.0
                : static_cast<double>(s.coherence.fence_age_ms) / 1e3),
      gauge("larder_log_lag_records", "Records of the log not applied yet.",
            count(s.coherence.log_lag)),
      gauge("larder_relay_active", "1 while this node's relay has the lease.",
            s.relay.active ? 1 : 0),
      gauge("larder_truth_up", "1 while the source of truth answers.",
            s.cold.reachable && s.relay.truth_reachable ? 1 : 0),
      gauge("larder_jetstream_up", "1 while JetStream answers.",
            s.warm.reachable ? 1 : 0),
      gauge("larder_nats_connected", "1 while connected to NATS.",
            health.nats_connected ? 1 : 0),
      gauge("larder_ready", "1 while the node may serve.",
            health.ready ? 1 : 0),
      gauge("larder_uptime_seconds", "Time since the node started.",
            health.uptime_seconds),
  };
}

}  // namespace larder
