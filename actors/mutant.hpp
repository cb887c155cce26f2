// The ways in which a cache like this one is usually wrong, one for each rule
// that keeps this one right. The simulator plants them, one at a time, and must
// find every one: a rule whose breach nobody notices is not tested.
//
// `planted` is false at compile time in everything but the build of the actors
// that the simulator's tests link (LARDER_MUTANTS).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace larder {

enum class mutant : std::uint8_t {
  none,
  /// A change forgets the key's fill that is under way: only what is held is
  /// dropped.
  no_in_flight_check,
  /// What was read before a change is kept after it.
  no_floor_on_truth_fill,
  /// JetStream's entry is overwritten, whatever it is by now.
  blind_shared_put,
  /// A change is in the log before its value is in JetStream.
  log_before_shared,
  /// A row is marked as published before the log has acknowledged it.
  marked_before_acknowledged,
  /// Reading goes on in a log that is not the one that was read.
  no_anchor_check,
  /// Memory is answered however long nothing was heard.
  no_fence,
  /// A fence answers questions that came after its snapshot.
  snapshot_before_receipt,
  /// A write is acknowledged before it is committed.
  acknowledged_before_commit,
  /// Changes are read by their number, not by what is unpublished.
  outbox_by_cursor,
  /// The node counts revisions, not the source of truth.
  revision_from_node,
  /// JetStream's entries of a former history are taken.
  old_epoch_accepted,
  /// A fence leaves out the rows that another relay holds.
  fence_skips_locked_rows,
  /// A value that another node tells of is kept where nothing older is held.
  any_word_kept,
};

inline constexpr std::array<std::string_view, 15> mutant_names{
    "none",
    "no-in-flight-check",
    "no-floor-on-truth-fill",
    "blind-shared-put",
    "log-before-shared",
    "marked-before-acknowledged",
    "no-anchor-check",
    "no-fence",
    "snapshot-before-receipt",
    "acknowledged-before-commit",
    "outbox-by-cursor",
    "revision-from-node",
    "old-epoch-accepted",
    "fence-skips-locked-rows",
    "any-word-kept",
};

#ifdef LARDER_MUTANTS
/// Set before any actor is spawned.
inline mutant planted_mutant = mutant::none;
inline bool planted(mutant m) {
  return m == planted_mutant;
}
#else
constexpr bool planted(mutant) {
  return false;
}
#endif

}  // namespace larder
