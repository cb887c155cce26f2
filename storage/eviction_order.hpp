// Which entry goes when a hot cache is full: its queues, and the two policies
// that read them.
//
// Readers cannot move an entry in a list without a lock, so all they leave is
// the entry's frequency (0 to 3); the writer draws the conclusions when it
// looks for a victim.
//
// s3fifo (Yang et al., SOSP 2023): a new key enters a small queue of 10 %; at
// its end it goes to the main queue if it was read, else out, its hash kept in
// a ghost list. A key in the ghost list enters main. At the end of main an
// entry that was read is put back with its frequency lowered.
// lru: one queue; at its end an entry that was read since it was last there is
// put back to the front. Close to exact LRU, see the trace benchmark.
//
// Thread rule: the cache's writer only.
#pragma once

#include "storage/artifact.hpp"
#include "storage/ghost_list.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace larder {

enum class eviction { s3fifo, lru };

struct hot_cache_limits {
  std::uint64_t max_entries = 1'000;
  std::uint64_t max_bytes = 64ull << 20;
  larder::eviction eviction = larder::eviction::s3fifo;
};

class eviction_order {
 public:
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  explicit eviction_order(hot_cache_limits limits);

  /// A new entry; returns its node.
  std::uint32_t add(artifact_ptr value, std::uint32_t hash);

  /// Puts `value` in the place of what the node holds, which is returned.
  artifact_ptr replace(std::uint32_t node, artifact_ptr value);

  /// Takes the node out; returns what it held.
  artifact_ptr remove(std::uint32_t node);

  /// The node that has to go next, but not `spared`; none if there is no
  /// other. The caller removes it.
  std::uint32_t victim(std::uint32_t spared);

  const artifact_ptr& value(std::uint32_t n) const { return at(n).value; }
  std::uint32_t hash(std::uint32_t n) const { return at(n).hash; }

  /// The first node in no particular order, and the one after `n`.
  std::uint32_t first() const;
  std::uint32_t after(std::uint32_t n) const;

  std::size_t size() const { return small_.size + main_.size; }
  std::size_t bytes() const { return small_.bytes + main_.bytes; }
  /// Bytes that nodes and ghosts take.
  std::size_t footprint() const;

 private:
  struct node {
    artifact_ptr value;
    std::uint32_t newer = none;
    std::uint32_t older = none;
    std::uint32_t hash = 0;
    bool in_small = false;
  };

  struct queue {
    std::uint32_t newest = none;
    std::uint32_t oldest = none;
    std::size_t size = 0;
    std::size_t bytes = 0;
  };

  node& at(std::uint32_t n) { return blocks_[n / block_size][n % block_size]; }
  const node& at(std::uint32_t n) const {
    return blocks_[n / block_size][n % block_size];
  }
  queue& queue_of(std::uint32_t n) { return at(n).in_small ? small_ : main_; }
  std::uint32_t take_free();
  void push(std::uint32_t n, bool small);
  void unlink(std::uint32_t n);
  bool small_is_due(std::uint32_t spared) const;

  static constexpr std::uint32_t block_size = 64;

  hot_cache_limits limits_;
  queue small_;
  queue main_;
  ghost_list ghosts_;
  std::vector<std::unique_ptr<node[]>> blocks_;
  /// Free nodes, linked by `older`.
  std::uint32_t free_ = none;
};

}  // namespace larder
