// The pump of `larder load`: many puts in flight, those that a node was too
// busy for sent again, every failure kept for the end.
//
// Used by cli/load.cpp. Thread rule: `run_load` blocks its caller; a put may
// complete on any thread, at once or later, but exactly once.
#pragma once

#include "node/cli/load_source.hpp"
#include "node/cli/pump_limits.hpp"

#include <caf/error.hpp>
#include <caf/expected.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace larder::cli {

struct load_failure {
  std::string origin;
  caf::error error;
};

struct load_report {
  std::uint64_t loaded = 0;
  std::uint64_t bytes = 0;
  std::uint64_t retries = 0;
  std::vector<load_failure> failures;
  /// True if it gave up with items left: nothing had succeeded through all
  /// attempts of one item.
  bool stopped = false;
  std::chrono::nanoseconds elapsed{};
};

/// Of items.
inline constexpr pump_limits load_limits{256, 9, std::chrono::milliseconds{20}};

using put_done = std::function<void(caf::error)>;
using put_async = std::function<void(const load_item&, put_done)>;

/// Puts everything that `source` holds. Busy, unavailable and late answers are
/// tried again (a put twice is a put once, but for its version number).
load_report run_load(load_source& source, const put_async& put,
                     const pump_limits& limits,
                     const std::function<void(std::uint64_t)>& on_progress);

/// The exit code of the failure that matters most.
int exit_code_of(const load_report& report);

}  // namespace larder::cli
