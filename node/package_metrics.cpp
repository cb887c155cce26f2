#include "node/package_metrics.hpp"

#include <string>
#include <utility>

namespace larder {

namespace {

sample_family one(sample_type type, const char* name, const char* help,
                  std::uint64_t value) {
  return {name, help, type, {{.value = static_cast<double>(value)}}};
}

sample_family counter(const char* name, const char* help, std::uint64_t value) {
  return one(sample_type::counter, name, help, value);
}

sample_family gauge(const char* name, const char* help, std::uint64_t value) {
  return one(sample_type::gauge, name, help, value);
}

sample_family hits(const package_plane_stats& s) {
  sample_family family{"larder_package_hits_total",
                       "Packages answered, by tier.",
                       sample_type::counter,
                       {}};
  for (std::size_t i = 0; i < s.hits.size(); ++i)
    if (auto from = static_cast<tier>(i); from != tier::embedded)
      family.samples.push_back(
          {.labels = {{"tier", std::string{name_of(from)}}},
           .value = static_cast<double>(s.hits[i])});
  return family;
}

}  // namespace

std::vector<sample_family> package_families(const package_statistics& s) {
  return {
      hits(s.plane),
      counter("larder_package_misses_total",
              "Reads of packages that no tier had.", s.plane.misses),
      counter("larder_package_coalesced_total",
              "Reads of packages that waited for one under way.",
              s.plane.coalesced),
      counter("larder_packages_stored_total", "Packages that clients stored.",
              s.plane.stored),
      counter("larder_packages_removed_total", "Packages that clients removed.",
              s.plane.removed),
      counter("larder_packages_published_total",
              "Changes of packages that this node told the others of.",
              s.relay.published),
      counter("larder_packages_applied_total",
              "Changes of packages that other nodes told of.", s.feed.applied),
      counter("larder_package_log_gaps_total",
              "Times that packages were compared because the log had a gap.",
              s.feed.gaps),
      counter("larder_packages_collected_total",
              "Packages collected from registries.", s.collector.collected),
      counter("larder_package_collect_failures_total",
              "Packages that a registry could not or would not give.",
              s.collector.failed),
      gauge("larder_package_memory_entries", "Packages in memory.",
            s.plane.entries),
      gauge("larder_package_memory_bytes", "Bytes of the packages in memory.",
            s.plane.bytes),
      gauge("larder_packages_unpublished",
            "Changes that the database does not have yet.", s.relay.waiting),
      gauge("larder_packages_awaited",
            "Changes of other nodes on their way into this one's store.",
            s.feed.waiting),
  };
}

}  // namespace larder
