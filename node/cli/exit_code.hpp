// What the process says to the shell, and how a failure becomes that.
//
// Used by every command. Scripts branch on these numbers, so they are part of
// the contract. Thread rule: values, no state.
#pragma once

#include "storage/error.hpp"

#include <caf/error.hpp>

namespace larder::cli {

enum exit_code : int {
  /// Done.
  exit_done = 0,
  /// No such key.
  exit_not_found = 1,
  /// verify: a node answered something wrong.
  exit_inconsistent = 1,
  /// The command line, the key or the value is wrong: the same call can never
  /// succeed.
  exit_usage = 2,
  /// Nobody answers, a tier is down, or the node cannot do this.
  exit_unavailable = 69,
  /// The same call may succeed later: busy, deadline passed, or somebody else
  /// changed the key first (read the new revision, then try again).
  exit_try_again = 75,
  /// The configuration is wrong.
  exit_configuration = 78,
};

/// The exit code for a failure; `exit_done` for none.
int exit_code_of(const caf::error& err);

/// Of several outcomes the one that matters most: what can never succeed before
/// what may, a failure before a missing key.
int worse_of(int one, int other);

/// Prints the failure on stderr, as a sentence or as one JSON object
/// {"error","message"}, and returns its exit code.
int report(const caf::error& err, bool json = false);

/// A failure as the contract names it on the wire ("revision_conflict"), as
/// ours. An unknown name is judged by its status: 4xx is the caller's fault.
ec ec_named(std::string_view name, int status);

}  // namespace larder::cli
