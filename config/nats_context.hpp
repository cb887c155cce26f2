// The contexts that the `nats` command keeps: named server addresses with
// credentials, in `$XDG_CONFIG_HOME/nats` or `~/.config/nats`.
//
// Thread rule: no state; blocks on the file system.
#pragma once

#include "config/environment.hpp"
#include "config/result.hpp"

#include <optional>
#include <string>

namespace larder::config {

struct nats_context {
  std::string url, user, password, token;
  /// Paths.
  std::string creds, nkey, cert, key, ca;
};

/// `context/NAME.json`. An error names the file and says why: absent, not
/// JSON, a field that is not text, or credentials that only the `nats` command
/// can fetch (`nsc://…`, `op://…`).
result<nats_context> read_nats_context(const environment& env,
                                       const std::string& name);

/// The context chosen with `nats context select`; nothing when none is.
std::optional<std::string> selected_nats_context(const environment& env);

/// Fills the NATS settings that nobody set from `nats.context`; when that is
/// empty, nobody set `nats.url` and `use_selected` allows it, from the selected
/// context. Credentials are one thing: when any of them is set, the context
/// gives none. What cannot be read is a problem.
void apply_nats_context(const environment& env, bool use_selected, draft& into);

}  // namespace larder::config
