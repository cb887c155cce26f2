// The pump of `larder packages collect`: several packages in flight, what is
// there already passed over, what a node had no time for asked again, every
// failure kept for the end.
//
// Used by cli/packages_collect.cpp. Thread rule: `run_collect` blocks its
// caller; a call may complete on any thread, but exactly once.
#pragma once

#include "node/cli/package_list.hpp"
#include "node/cli/pump_limits.hpp"

#include <caf/error.hpp>
#include <caf/expected.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::cli {

/// What the node said of one package.
struct collect_result {
  /// "collected", "unchanged", "stale"; "present" if it was not asked for.
  std::string outcome;
  std::string version;
  bool verified = false;
  std::uint64_t snippets = 0;
  std::uint64_t archive_bytes = 0;
  std::uint64_t downloaded_bytes = 0;
  /// Of "stale": what the registry said.
  std::string failure;
};

/// The summary in a reply to a collect.
caf::expected<collect_result> parse_collect_reply(std::string_view body);
/// The same of a document that is stored: "present" if its archive was
/// verified; nothing if it has to be collected.
std::optional<collect_result> parse_stored(std::string_view document);

struct collect_failure {
  wanted_package package;
  caf::error error;
};

struct collect_report {
  std::uint64_t collected = 0;
  std::uint64_t unchanged = 0;
  std::uint64_t present = 0;
  std::uint64_t stale = 0;
  std::uint64_t retries = 0;
  /// Of all that are stored now.
  std::uint64_t verified = 0;
  std::uint64_t snippets = 0;
  std::uint64_t archive_bytes = 0;
  std::uint64_t downloaded_bytes = 0;
  std::vector<collect_failure> failures;
  std::chrono::nanoseconds elapsed{};

  std::uint64_t done() const {
    return collected + unchanged + present + stale + failures.size();
  }
};

struct collect_calls {
  /// The stored document of a package of a certain version; an error if there
  /// is none.
  using stored_done = std::function<void(caf::expected<std::string>)>;
  std::function<void(const wanted_package&, stored_done)> stored;
  using collect_done = std::function<void(caf::expected<collect_result>)>;
  std::function<void(const wanted_package&, collect_done)> collect;
};

/// Of packages.
inline constexpr pump_limits collect_limits{8, 3, std::chrono::seconds{1}};

collect_report
run_collect(const std::vector<wanted_package>& packages,
            const collect_calls& calls, const pump_limits& limits,
            const std::function<void(std::uint64_t)>& on_progress);

/// The exit code of what went wrong and matters most; a stale package may be
/// tried again.
int exit_code_of(const collect_report& report);

}  // namespace larder::cli
