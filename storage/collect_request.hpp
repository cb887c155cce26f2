// What is asked of a collector, and what it answers: strings alone, as the
// package store keeps them.
//
// Used by the packages actor, which asks and keeps, and by the collector actor.
// Thread rule: values, no state.
#pragma once

#include "storage/package.hpp"

#include <caf/error.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace larder {

struct collect_request {
  /// npm, cargo, hex or pypi; for any other the answer is `not_supported`.
  package_key package;
  /// Empty: the newest release.
  std::string version;
  /// What package_store::collector_state has for the package; empty: nothing.
  std::string state;
  /// The document that is kept, of `version` if that is given; empty: none.
  /// It is what `unchanged` and `stale` answer with.
  std::string known;
  /// Nobody waits for longer.
  std::chrono::steady_clock::time_point deadline =
      std::chrono::steady_clock::time_point::max();
};

enum class collect_outcome : std::uint8_t {
  /// `document` is new: store it.
  collected,
  /// The registry says that `known` is still what there is, and the digest of
  /// its archive was verified when it was collected.
  unchanged,
  /// The registry failed, `failure` says how; `document` is `known`.
  stale,
  /// No document; `failure` says why: `not_found`, `invalid_request` (an
  /// archive that was refused, a digest that differs), `too_large`,
  /// `configuration` (no URL: it says what to set), `unavailable`, `busy`,
  /// `deadline_exceeded`, `not_supported`.
  failed,
};

/// "collected", "unchanged", "stale", "failed".
std::string_view name_of(collect_outcome o);

struct collect_reply {
  collect_outcome outcome = collect_outcome::failed;
  std::string document;
  caf::error failure;
  /// Whatever the outcome: to be kept by package_store::put_collector_state,
  /// unless it is what was given.
  std::string state;
  /// What was downloaded for it.
  std::uint64_t bytes = 0;
};

}  // namespace larder
