// The hot tier: the entries of one shard, and their lock-free read view.
//
// `hot_cache` is the writer's side: one thread at a time (its shard actor).
// `reader` is the other side: one a thread, looks up in every cache of its
// domain without a lock, and says `quiesce()` between batches; what it found
// is valid until then. A removed entry is released only after every reader of
// the domain has been quiescent once (quiescent-state-based reclamation,
// see read_domain.hpp).
//
// Eviction is S3-FIFO (Yang et al., SOSP 2023: small queue of 10 %, promoted
// at one hit, ghost queue of the main queue's length), or LRU (approximated
// for lock-free readers: a read bit, examined at eviction), within both bounds:
// entries and bytes. No actor, no clock: the caller passes the time.
#pragma once

#include "storage/artifact.hpp"
#include "storage/eviction_order.hpp"
#include "storage/read_domain.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace larder {

class hot_cache;

/// How a reader counts the reads of an entry.
enum class counting {
  /// Each. For a domain with few readers.
  every,
  /// One in sixteen at random, as sixteen. Where many threads read one entry
  /// its count would go from core to core with every hit.
  sampled,
};

/// One thread's right to look up. Not thread-safe itself.
class reader {
 public:
  explicit reader(read_domain& domain, counting reads = counting::every);
  ~reader();
  reader(const reader&) = delete;
  reader& operator=(const reader&) = delete;

  /// The entry, whatever its age, or nullptr. Valid until quiesce(), offline()
  /// or the reader's end; take an artifact_ptr to keep it longer. Counts a
  /// read in the entry's notes (frequency and reads), nothing shared else.
  const artifact* find(const hot_cache& cache, key_view key);
  /// The same for a caller that knows the key's lookup_hash.
  const artifact* find(const hot_cache& cache, key_view key,
                       std::uint32_t hash);

  /// The same, but no read: nothing is counted.
  const artifact* peek(const hot_cache& cache, key_view key);

  /// Calls `visit` with the entries of some thousand places of the cache, from
  /// one on that the random number `where` names; counts nothing.
  void look_around(const hot_cache& cache, std::uint64_t where,
                   const std::function<void(const artifact&)>& visit);

  /// Nothing found before is used any more. Call it once a batch.
  void quiesce();

  /// Before the thread blocks for long: reclamation does not wait for it.
  /// The next find() comes back by itself.
  void offline();

 private:
  void come_online();

  read_domain& domain_;
  read_domain::slot& slot_;
  bool online_ = false;
  counting counting_;
  std::uint32_t random_ = 1;
};

class hot_cache {
 public:
  hot_cache(read_domain& domain, hot_cache_limits limits);
  ~hot_cache();
  hot_cache(const hot_cache&) = delete;
  hot_cache& operator=(const hot_cache&) = delete;

  /// Publishes `value` in place of what the key had; readers see it at once.
  /// Its notes (expires_at …) must be set before. Evicts down to the limits. A
  /// value larger than max_bytes is not kept: false, and what the key had is
  /// dropped.
  bool put(artifact_ptr value);

  /// Removes the key; readers do not find it any more when this returns.
  /// Returns what was there, or nullptr.
  artifact_ptr drop(key_view key);

  /// The writer's own look: no count, no promotion.
  artifact_ptr peek(key_view key) const;

  /// Removes the entries for which `doomed` says so; returns how many.
  std::size_t drop_if(const std::function<bool(const artifact&)>& doomed);

  /// Calls `visit` with every entry, in no order.
  void for_each(const std::function<void(const artifact&)>& visit) const;

  /// Called with each entry that eviction, not the caller, removed.
  void on_evict(std::function<void(const artifact&)> callback);

  /// Releases what every reader has left behind since an earlier call. put and
  /// drop do it now and then; an idle writer calls it from its sweep.
  void reclaim();

  std::size_t size() const;
  /// Footprints of the entries, as bounded by max_bytes.
  std::size_t bytes() const;
  /// Bytes removed but not yet released.
  std::size_t retired_bytes() const;
  std::uint64_t evictions() const;
  /// Bytes of index, queues and ghosts: what the entries cost beside their
  /// footprints.
  std::size_t overhead_bytes() const;

 private:
  friend class reader;
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace larder
