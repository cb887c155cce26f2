// The settings of commands that work on this machine: where they come from and
// what they say.
//
// Used by node, migrate and config. Thread rule: one thread, but for
// `settings_of`, which a node also calls from the thread that reloads.
#pragma once

#include "config/settings.hpp"
#include "node/cli/command_line.hpp"

#include <caf/expected.hpp>

#include <optional>
#include <string>
#include <vector>

namespace larder::cli {

struct local_options {
  std::optional<std::string> file;
  /// "section.key=value"
  std::vector<std::string> set;
  std::optional<std::string> nats_url;
  bool json = false;
};

void add_settings_options(command& to, local_options& options);

/// What is in effect now: flags over environment over file over defaults.
/// Fails with `configuration`, one problem a line.
caf::expected<config::settings> settings_of(const local_options& options);

}  // namespace larder::cli
