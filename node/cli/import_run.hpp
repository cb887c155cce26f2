// The pump of `larder packages import`: batches of documents, several in
// flight, those that a node was too busy for sent again.
//
// Used by cli/packages_import.cpp. Thread rule: `run_import` blocks its caller;
// a batch may complete on any thread, at once or later, but exactly once.
#pragma once

#include "node/cli/pump_limits.hpp"

#include <caf/error.hpp>
#include <caf/expected.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace larder::cli {

class document_source {
 public:
  virtual ~document_source() = default;
  /// False: there are no more. `origin` tells where it stood.
  virtual bool next(std::string& document, std::string& origin) = 0;
  /// The share of the source that has been read.
  virtual double done() const = 0;
};

struct import_failure {
  std::string origin;
  std::string error;
  std::string message;
};

struct import_report {
  std::uint64_t stored = 0;
  std::uint64_t unchanged = 0;
  std::uint64_t failed = 0;
  std::uint64_t bytes = 0;
  /// The first hundred.
  std::vector<import_failure> failures;
  /// Why it was given up; none if all was tried.
  caf::error stopped;
  std::chrono::nanoseconds elapsed{};
};

/// What a node answers: {"stored", "unchanged", "failed": [{"line", …}]}.
using batch_done = std::function<void(caf::expected<std::string>)>;
/// Stores documents, one a line.
using store_batch = std::function<void(const std::string& lines, batch_done)>;

/// Of batches.
inline constexpr pump_limits import_limits{4, 8, std::chrono::milliseconds{50}};

/// Stores everything that `source` holds. A batch that fails as a whole is
/// tried again a few times; if it still fails, the import stops.
import_report
run_import(document_source& source, const store_batch& store,
           const pump_limits& limits,
           const std::function<void(const import_report&)>& on_progress);

}  // namespace larder::cli
