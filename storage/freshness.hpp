// What a reader must know to answer from memory without asking anybody: how
// long the fence holds, and which log generation entries must belong to.
//
// Written by the invalidation actor alone, read by every reader of the read
// view. All times are nanoseconds of one monotonic clock, given by the caller.
#pragma once

#include "storage/artifact.hpp"

#include <atomic>
#include <cstdint>
#include <limits>

namespace larder {

struct freshness {
  /// Every write acknowledged 2 s before now is known here while now is below
  /// this: the moment the last fence was asked for, plus its greatest age.
  std::atomic<std::int64_t> fence_until{0};
  /// Raised when the log had a gap: entries of an older generation are
  /// verified one by one before they are answered as fresh.
  std::atomic<std::uint32_t> generation{0};
  /// Entries of JetStream's bucket count if they are of this generation; 0:
  /// none does.
  std::atomic<std::uint32_t> bucket_generation{0};
  /// Until then other nodes of the cluster may be alive; after it this one is
  /// alone. It decides what is worth doing, never what is true.
  std::atomic<std::int64_t> others_until{
      std::numeric_limits<std::int64_t>::max()};
  /// The source of truth's current history, as far as this node knows.
  std::atomic<epoch> current_epoch{};
};

/// Whether `a` may be answered as fresh, unverified, at `now`. The order of
/// the two loads does not matter: a reader that sees an old generation began
/// before the gap was known, within the age that the fence bounds.
inline bool provably_fresh(const artifact& a, std::int64_t now,
                           const freshness& f) {
  const auto& notes = a.cached();
  return now < notes.expires_at.load(std::memory_order_relaxed)
         && !a.doubted().load(std::memory_order_relaxed)
         && ((now < f.fence_until.load(std::memory_order_acquire)
              && notes.generation.load(std::memory_order_relaxed)
                     == f.generation.load(std::memory_order_acquire))
             || now < notes.verified_until.load(std::memory_order_relaxed));
}

}  // namespace larder
