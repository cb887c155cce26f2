// Metrics as Prometheus reads them.
//
// Used by node.cpp, which fills the families from the node's counters at each
// scrape. Names carry the prefix `larder_` and base units (seconds, bytes);
// counters end in `_total`; a key or an id is never a label.
//
// Thread rule: values, no state.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace larder {

enum class sample_type { counter, gauge, histogram };

struct sample {
  std::vector<std::pair<std::string, std::string>> labels;
  /// Counters and gauges.
  double value = 0;
  /// Histograms: upper bounds in rising order, without infinity, and how many
  /// values fell into each (not cumulative), one more for those above all.
  std::vector<double> bounds;
  std::vector<std::uint64_t> counts;
  double sum = 0;
};

struct sample_family {
  std::string name;
  std::string help;
  sample_type type = sample_type::gauge;
  std::vector<sample> samples;
};

/// The content type of what `exposition` returns.
inline constexpr const char* exposition_content_type =
    "text/plain; version=0.0.4; charset=utf-8";

/// The text format 0.0.4. A family without samples, or with a name that
/// Prometheus would refuse, is left out: one mistake must not cost the scrape.
std::string exposition(const std::vector<sample_family>& families);

}  // namespace larder
