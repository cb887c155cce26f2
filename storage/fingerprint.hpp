// What a key holds, without the bytes: enough to tell whether somebody else's
// answer is as new as this, and the same.
//
// Used by the source of truth, which says it of keys, and by those who check
// nodes against it (actors/sampler.hpp, `larder verify`).
//
// Thread rule: values.
#pragma once

#include "storage/artifact.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace larder {

struct fingerprint {
  larder::key key;
  /// The current revision, or the deletion's, or 0 for a key that never was.
  /// The epoch is always the current one.
  version_info info;
  bool present = false;
  /// digest_of() the value; empty without a value, and for values that the
  /// answer had no room for (see fingerprint_budget).
  std::string digest;
  /// Since the key changed, by the store's own clock: to show, not to judge
  /// by. The clock says when the change began, not when it was committed.
  std::chrono::milliseconds age{0};
};

/// Of one answer's values this many bytes are digested, the first ones first;
/// a value beyond has no digest. It bounds what a check costs the source of
/// truth.
inline constexpr std::int64_t fingerprint_budget = 4 << 20;

/// SHA-256, in lower-case hex.
std::string digest_of(std::string_view content);

}  // namespace larder
