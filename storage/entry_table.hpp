// The index of a hot cache: open addressing, one writer, any number of readers
// without a lock. Fixed capacity: to grow, or to get rid of tombstones, the
// writer fills another table and publishes that.
//
// An entry never moves within a table, and a slot in front of an entry never
// becomes empty while the entry stays, so a reader that walks from a key's home
// to the first empty slot meets every entry that stays for the walk.
//
// Thread rule: `find` from any thread that is online in the cache's domain; all
// else from the writer.
#pragma once

#include "storage/artifact.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

namespace larder {

class entry_table {
 public:
  static constexpr std::size_t npos = ~std::size_t{0};

  /// Room for `entries`, and as much again for tombstones as keeps the work
  /// of replacing the table small.
  explicit entry_table(std::size_t entries)
      : capacity_(16 + entries + entries / 8 * 5),
        words_(new std::atomic<std::uint64_t>[capacity_]()),
        nodes_(new std::uint32_t[capacity_]) {}

  const artifact* find(key_view key, std::uint32_t hash) const {
    auto [at, tag] = home(hash);
    for (;; at = after(at)) {
      auto word = words_[at].load(std::memory_order_acquire);
      if (word >> pointer_bits == tag) {
        const auto* a = pointer(word);
        if (same(a->id(), key.id) && same(a->type(), key.type))
          return a;
      } else if (word == empty) {
        return nullptr;
      }
    }
  }

  /// The slot of the key, or npos.
  std::size_t slot_of(key_view key, std::uint32_t hash) const {
    return walk(hash, [&](const artifact* a) { return a->name() == key; });
  }

  /// The slot of this very artifact, or npos.
  std::size_t slot_of(const artifact* value, std::uint32_t hash) const {
    return walk(hash, [&](const artifact* a) { return a == value; });
  }

  /// Adds an entry whose key is not there. False: the table is full, of
  /// entries or of tombstones; fill another.
  bool insert(const artifact* value, std::uint32_t hash, std::uint32_t node) {
    auto [at, tag] = home(hash);
    for (;; at = after(at)) {
      auto word = words_[at].load(std::memory_order_relaxed);
      if (word != empty && word != tombstone)
        continue;
      if (word == empty && ++used_ > capacity_ / 16 * 13) {
        --used_;
        return false;
      }
      nodes_[at] = node;
      words_[at].store(packed(value, tag), std::memory_order_release);
      return true;
    }
  }

  void replace(std::size_t slot, const artifact* value) {
    auto tag = words_[slot].load(std::memory_order_relaxed) >> pointer_bits;
    words_[slot].store(packed(value, tag), std::memory_order_release);
  }

  void erase(std::size_t slot) {
    if (words_[after(slot)].load(std::memory_order_relaxed) != empty) {
      words_[slot].store(tombstone, std::memory_order_release);
      return;
    }
    // Nobody's walk leads on from here, nor from the tombstones before it.
    for (;; slot = before(slot)) {
      words_[slot].store(empty, std::memory_order_release);
      --used_;
      if (words_[before(slot)].load(std::memory_order_relaxed) != tombstone)
        return;
    }
  }

  const artifact* value_at(std::size_t slot) const {
    return pointer(words_[slot].load(std::memory_order_relaxed));
  }

  /// Calls `visit` with the entries of `slots` slots, from one on that `where`
  /// names (of all 64-bit numbers, each slot is named by as many).
  template <class Visit>
  void look_around(std::uint64_t where, std::size_t slots, Visit visit) const {
    auto at = static_cast<std::size_t>(((where >> 32) * capacity_) >> 32);
    for (auto left = std::min(slots, capacity_); left > 0; --left) {
      auto word = words_[at].load(std::memory_order_acquire);
      if (word != empty && word != tombstone)
        visit(*pointer(word));
      at = after(at);
    }
  }

  /// What the writer noted with the entry.
  std::uint32_t node_at(std::size_t slot) const { return nodes_[slot]; }

  /// Bytes that the table takes.
  std::size_t footprint() const {
    return sizeof(*this)
           + capacity_ * (sizeof(std::uint64_t) + sizeof(std::uint32_t));
  }

 private:
  // A word is an artifact's address with a tag of its hash in the 16 bits that
  // user-space addresses leave free; no tag is 0.
  static constexpr int pointer_bits = 48;
  static constexpr std::uint64_t empty = 0;
  static constexpr std::uint64_t tombstone = 1;

  /// Keys are short: a loop of words beats a call of memcmp.
  static bool same(std::string_view a, std::string_view b) {
    auto n = a.size();
    if (n != b.size())
      return false;
    auto word = [](const char* from) {
      std::uint64_t result;
      std::memcpy(&result, from, sizeof(result));
      return result;
    };
    if (n < sizeof(std::uint64_t)) {
      for (std::size_t i = 0; i < n; ++i)
        if (a[i] != b[i])
          return false;
      return true;
    }
    for (std::size_t i = 0; i + sizeof(std::uint64_t) <= n;
         i += sizeof(std::uint64_t))
      if (word(a.data() + i) != word(b.data() + i))
        return false;
    auto tail = n - sizeof(std::uint64_t);
    return word(a.data() + tail) == word(b.data() + tail);
  }

  struct position {
    std::size_t at;
    std::uint64_t tag;
  };

  // Mixed again, so that any 32-bit hash will do.
  position home(std::uint32_t hash) const {
    auto mixed = hash * 0x9E3779B97F4A7C15ull;
    return {static_cast<std::size_t>(((mixed >> 32) * capacity_) >> 32),
            ((mixed >> 16) & 0xFFFF) | 1};
  }

  static std::uint64_t packed(const artifact* value, std::uint64_t tag) {
    return reinterpret_cast<std::uint64_t>(value) | tag << pointer_bits;
  }

  static const artifact* pointer(std::uint64_t word) {
    return reinterpret_cast<const artifact*>(
        word & ((std::uint64_t{1} << pointer_bits) - 1));
  }

  std::size_t after(std::size_t at) const {
    return at + 1 == capacity_ ? 0 : at + 1;
  }

  std::size_t before(std::size_t at) const {
    return at == 0 ? capacity_ - 1 : at - 1;
  }

  template <class Predicate>
  std::size_t walk(std::uint32_t hash, Predicate wanted) const {
    auto [at, tag] = home(hash);
    for (;; at = after(at)) {
      auto word = words_[at].load(std::memory_order_relaxed);
      if (word == empty)
        return npos;
      if (word >> pointer_bits == tag && wanted(pointer(word)))
        return at;
    }
  }

  std::size_t capacity_;
  /// Slots that are not empty; some always are, so that walks end.
  std::size_t used_ = 0;
  std::unique_ptr<std::atomic<std::uint64_t>[]> words_;
  std::unique_ptr<std::uint32_t[]> nodes_;
};

}  // namespace larder
