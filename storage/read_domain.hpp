// Who is reading, so that a writer knows when nobody can still hold what it
// took away: quiescent-state-based reclamation.
//
// A removal is stamped with a new epoch of the domain. A reader says now and
// then that it holds nothing; its slot then shows the newest epoch. What was
// stamped with an epoch that every slot shows is out of everybody's reach.
//
// Used by hot_cache (writers) and reader. Thread rule: everything here may be
// called from any thread; a slot belongs to one thread at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

namespace larder {

/// Knows every reader; shared by the caches whose entries they look up.
class read_domain {
 public:
  /// One reader's place, alone on its cache line.
  struct alignas(64) slot {
    /// The newest epoch at this reader's last quiescent state; 0: it is
    /// offline and holds nothing.
    std::atomic<std::uint64_t> seen{0};
    slot* next = nullptr;
    bool taken = true;  // guarded by the domain's mutex
  };

  read_domain() = default;
  ~read_domain();  // every reader must be gone
  read_domain(const read_domain&) = delete;
  read_domain& operator=(const read_domain&) = delete;

  /// A place for a reader, offline; give it back with `leave`.
  slot& enter();
  void leave(slot& s);

  /// From now on the slot's owner may find entries.
  void online(slot& s);

  /// The slot's owner holds nothing that it found before.
  void quiesce(slot& s) {
    // Acquire: this reader sees every removal stamped up to here. Release: the
    // writer that sees this store sees our reads done.
    s.seen.store(epoch_.load(std::memory_order_acquire),
                 std::memory_order_release);
  }

  /// As quiesce, until the next `online`.
  void offline(slot& s) { s.seen.store(0, std::memory_order_release); }

  /// The epoch to stamp what the caller has removed before this call.
  std::uint64_t stamp();

  /// Whatever is stamped with this epoch or an older one can be released.
  std::uint64_t safe() const;

 private:
  // Read by every quiesce, written once a batch of removals.
  alignas(64) std::atomic<std::uint64_t> epoch_{1};
  alignas(64) std::atomic<slot*> slots_{nullptr};
  std::mutex mutex_;
};

}  // namespace larder
