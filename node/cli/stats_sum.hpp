// The statistics of several nodes as one, under the same names.
//
// Used by cli/stats.cpp. Thread rule: no state.
#pragma once

#include <string>
#include <vector>

namespace larder::cli {

struct node_stats {
  std::string node;
  /// A JSON object.
  std::string body;
};

/// One JSON object: counters and sizes added up; of `fence_age_ms`, `log_lag`,
/// `applied` and `timestamp` the largest; other values if all nodes agree, else
/// null. `nodes` holds what each said. `node` and `ok` are left out.
std::string sum_of(const std::vector<node_stats>& nodes);

/// One column a node, and one for all where there are several.
std::string stats_table(const std::vector<node_stats>& nodes);

}  // namespace larder::cli
