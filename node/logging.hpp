// The process's log: where it goes, what a line looks like, how much is said.
// Everybody else writes with `spdlog::info(…)` and its like.
//
// Used by node.cpp and the control actor's `log-level`. Thread rule: any
// thread, any time.
#pragma once

#include "config/settings.hpp"

#include <caf/expected.hpp>

#include <string>
#include <string_view>

namespace larder {

/// Logs to stderr from now on. Fails with `configuration` for a level or a
/// format that does not exist, and then changes nothing.
caf::expected<void> start_logging(const config::log_settings& settings);

/// Fails with `invalid_request` for a level that does not exist.
caf::expected<void> set_log_level(std::string_view level);

/// trace, debug, info, warn, error or off
std::string log_level();

}  // namespace larder
