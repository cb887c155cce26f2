// The floors of one shard: for every key that changed or was read lately, the
// revision below which no value is taken any more. They outlive entries, so
// that a fill that was under way during a change cannot bring the old value
// back (Meta's article "Cache made consistent" describes the race).
//
// Kept by hash, not by key: a collision makes a floor too high, which costs a
// read of the source of truth and breaks nothing. Bounded: past the limit the
// oldest floors are merged into one that holds for every key.
//
// Order is told by ticks, not by time: the owner counts one up for everything
// that happens in its shard. One thread; no clock.
#pragma once

#include "storage/key.hpp"

#include <cstddef>
#include <cstdint>
#include <unordered_map>

namespace larder {

class floors {
 public:
  using tick = std::uint64_t;

  explicit floors(std::size_t limit) : limit_(limit) {}

  /// The key is known to have had this revision at `now`.
  void raise(key_view k, std::int64_t revision, tick now);

  /// The key changed, nobody says to what: no value read before `now` will do,
  /// and none of the shared tier until `trust_shared`.
  void distrust(key_view k, tick now);

  /// The shared tier was brought up to `revision`, which was read from the
  /// source of truth since `began`: a distrust from before that is settled.
  void trust_shared(key_view k, std::int64_t revision, tick began);

  /// Whether a value of this revision, read from the source of truth since
  /// `began`, may be kept. What was read after the floor was set is newer by
  /// itself.
  bool admits_truth(key_view k, std::int64_t revision, tick began) const;

  /// Whether a value of this revision from the shared tier may be kept. It is
  /// filled after the source of truth, so the order of reads proves nothing.
  bool admits_shared(key_view k, std::int64_t revision) const;

  /// Whether the shared tier's entry of this revision must be overwritten.
  bool distrusts_shared(key_view k) const;

  /// The source of truth has this revision; the shared tier does not, as far as
  /// anybody has heard.
  void expect_shared(key_view k, std::int64_t revision);

  /// The shared tier has this revision, or a newer one.
  void came_to_shared(key_view k, std::int64_t revision);

  /// Whether there is no point in asking the shared tier: what it has is older
  /// than what is known. A hint, forgotten sooner than floors are.
  bool expects_shared(key_view k) const;

  /// Forgets floors that were set before the call before the last one: call it
  /// once every floor lifetime.
  void age();

  /// A new epoch: revisions mean nothing any more; what was read before `now`
  /// will not do. A distrust stays, for it may be of the new epoch: the change
  /// that tells of it can stand in the log before the epoch itself does.
  void reset(tick now);

  std::size_t size() const { return young_.size() + old_.size(); }

 private:
  struct floor {
    std::int64_t revision = 0;
    tick set = 0;
    /// Of the newest distrust that is not settled; 0: there is none.
    tick distrusted = 0;
    /// On its way to the shared tier; 0: nothing is.
    std::int64_t expected = 0;
  };
  using map = std::unordered_map<std::uint64_t, floor>;

  floor& at(key_view k);
  floor find(key_view k) const;
  static void merge(floor& into, const floor& other);

  std::size_t limit_;
  map young_;
  map old_;
  floor everywhere_;
  tick reset_ = 0;
  bool merged_lately_ = false;
};

}  // namespace larder
