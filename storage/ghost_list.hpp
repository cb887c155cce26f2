// The hashes of what was lately evicted unread: S3-FIFO's ghost queue. A key
// found here has come back soon enough to deserve the main queue.
//
// Kept as a table of buckets rather than a queue, eight bytes an entry: an
// entry is in the list while fewer than `length` were added after it; a full
// bucket forgets its oldest. A 32-bit hash shared by two keys promotes the
// wrong one once in a while, which costs nothing but a place.
//
// Thread rule: the cache's writer only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace larder {

class ghost_list {
 public:
  /// Remembers `hash` as the newest.
  void add(std::uint32_t hash);

  /// Whether `hash` is among the newest `length`; it is forgotten.
  bool take(std::uint32_t hash, std::size_t length);

  /// Makes room for `length` entries; never gives room back.
  void reserve(std::size_t length);

  std::size_t footprint() const { return buckets_.size() * sizeof(bucket); }

 private:
  struct entry {
    std::uint32_t hash = 0;
    /// The count of additions at its own; 0: nothing here.
    std::uint32_t added = 0;
  };
  using bucket = std::array<entry, 8>;

  bucket& bucket_of(std::uint32_t hash);

  std::vector<bucket> buckets_;
  std::uint32_t additions_ = 0;
};

}  // namespace larder
