// Why a call failed: one name a reason, used in every folder and, through
// `node/`, on the wire. `not_found` is an answer of a store, not a failure.
//
// Thread rule: values, no state.
#pragma once

#include <caf/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace larder {

enum class ec : std::uint8_t {
  none = 0,
  /// The request breaks the contract; a retry cannot help.
  invalid_request,
  /// No such key; a retry helps only after somebody wrote it.
  not_found,
  /// Another revision is current; read it, then try again.
  revision_conflict,
  /// The value or the reply is over a limit; a retry cannot help.
  too_large,
  /// The node has too much to do; retry later.
  busy,
  /// A defect of ours; a retry may help.
  internal,
  /// This build or store cannot do it; a retry cannot help.
  not_supported,
  /// A tier cannot be reached; retry later. The write, if it was one, did not
  /// happen or (the message says so) its outcome is unknown.
  unavailable,
  /// The deadline passed first; a retry may help.
  deadline_exceeded,
  /// Start-up only: the configuration is wrong.
  configuration,
};

/// The contract's name, for example "revision_conflict".
std::string_view name_of(ec code);

/// The contract's status, for example 409.
int status_of(ec code);

/// The error with no more to say than its name.
caf::error make_error(ec code);

/// The error with a sentence: what is wrong, what was expected, what to do.
caf::error fail(ec code, std::string message);

/// A revision conflict, carrying the current revision.
caf::error conflict(std::int64_t current, std::string message);

/// Our code in `err`; a CAF time-out is `deadline_exceeded`, any other error
/// of CAF's is `internal`.
ec code_of(const caf::error& err);

/// The sentence given to `fail`, else a generic one.
std::string message_of(const caf::error& err);

/// The current revision given to `conflict`, else -1.
std::int64_t current_revision_of(const caf::error& err);

}  // namespace larder
