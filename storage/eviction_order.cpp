#include "storage/eviction_order.hpp"

#include <algorithm>
#include <utility>

namespace larder {

eviction_order::eviction_order(hot_cache_limits limits) : limits_(limits) {}

std::uint32_t eviction_order::add(artifact_ptr value, std::uint32_t hash) {
  value->frequency().store(0, std::memory_order_relaxed);
  auto n = take_free();
  at(n).value = std::move(value);
  at(n).hash = hash;
  bool known = limits_.eviction == eviction::lru
               || ghosts_.take(hash, std::max<std::size_t>(main_.size, 8));
  push(n, !known);
  return n;
}

artifact_ptr eviction_order::replace(std::uint32_t n, artifact_ptr value) {
  auto& old = at(n).value;
  value->frequency().store(old->frequency().load(std::memory_order_relaxed),
                           std::memory_order_relaxed);
  auto& q = queue_of(n);
  q.bytes += value->footprint();
  q.bytes -= old->footprint();
  return std::exchange(old, std::move(value));
}

artifact_ptr eviction_order::remove(std::uint32_t n) {
  unlink(n);
  auto value = std::move(at(n).value);
  at(n).older = std::exchange(free_, n);
  return value;
}

std::uint32_t eviction_order::victim(std::uint32_t spared) {
  if (size() == 0 || (size() == 1 && first() == spared))
    return none;
  // Readers may raise frequencies faster than this lowers them: end anyway.
  for (auto patience = 4 * size();; patience -= patience > 0) {
    bool small = small_is_due(spared);
    auto n = small ? small_.oldest : main_.oldest;
    if (n == spared) {
      unlink(n);
      push(n, small);
      continue;
    }
    auto& frequency = at(n).value->frequency();
    auto read = frequency.load(std::memory_order_relaxed);
    if (read == 0 || patience == 0) {
      if (small) {
        ghosts_.reserve(main_.size);
        ghosts_.add(at(n).hash);
      }
      return n;
    }
    bool lower = !small && limits_.eviction == eviction::s3fifo;
    frequency.store(lower ? read - 1 : 0, std::memory_order_relaxed);
    unlink(n);
    push(n, false);
  }
}

bool eviction_order::small_is_due(std::uint32_t spared) const {
  auto others = [&](const queue& q) {
    return q.size > 1 || (q.size == 1 && q.oldest != spared);
  };
  if (!others(small_))
    return false;
  return !others(main_) || small_.size > limits_.max_entries / 10
         || small_.bytes > limits_.max_bytes / 10;
}

std::uint32_t eviction_order::first() const {
  return small_.oldest != none ? small_.oldest : main_.oldest;
}

std::uint32_t eviction_order::after(std::uint32_t n) const {
  if (at(n).newer == none && at(n).in_small)
    return main_.oldest;
  return at(n).newer;
}

std::size_t eviction_order::footprint() const {
  return blocks_.size() * block_size * sizeof(node) + ghosts_.footprint();
}

std::uint32_t eviction_order::take_free() {
  if (free_ == none) {
    auto begin = static_cast<std::uint32_t>(blocks_.size()) * block_size;
    blocks_.push_back(std::make_unique<node[]>(block_size));
    for (auto n = begin + block_size; n-- > begin;)
      at(n).older = std::exchange(free_, n);
  }
  return std::exchange(free_, at(free_).older);
}

void eviction_order::push(std::uint32_t n, bool small) {
  auto& x = at(n);
  auto& q = small ? small_ : main_;
  x.in_small = small;
  x.newer = none;
  x.older = std::exchange(q.newest, n);
  (x.older == none ? q.oldest : at(x.older).newer) = n;
  ++q.size;
  q.bytes += x.value->footprint();
}

void eviction_order::unlink(std::uint32_t n) {
  auto& x = at(n);
  auto& q = queue_of(n);
  (x.newer == none ? q.newest : at(x.newer).older) = x.older;
  (x.older == none ? q.oldest : at(x.older).newer) = x.newer;
  --q.size;
  q.bytes -= x.value->footprint();
}

}  // namespace larder
