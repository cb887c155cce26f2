// Puts the settings of a process together. Used by `larder node`, by every
// client command, and again when a node reloads.
//
// Thread rule: no state; blocks on the file system.
#pragma once

#include "config/environment.hpp"
#include "config/result.hpp"
#include "config/settings.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace larder::config {

/// Where settings come from; the later ones win.
struct sources {
  /// A YAML file; it must exist.
  std::optional<std::string> file;
  environment env;
  /// Dotted name and value, from the command line.
  std::vector<std::pair<std::string, std::string>> flags;
  /// When no NATS URL is given: take the context that `nats context select`
  /// chose. For client commands; a node is not told where to go by a file in
  /// somebody's home.
  bool use_selected_nats_context = false;
};

/// The effective settings, with secrets read from their files and the NATS
/// context filled in. An error lists every problem that was found, one a line:
/// who set what (file and line, variable or flag), what was expected.
result<settings> load(const sources& from);

}  // namespace larder::config
