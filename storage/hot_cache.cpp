#include "storage/hot_cache.hpp"

#include "storage/entry_table.hpp"
#include "storage/lookup_hash.hpp"
#include "storage/retired_list.hpp"

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

namespace larder {

struct hot_cache::impl {
  /// All that readers touch; alone on its line, so that the writer's counts
  /// do not take it from them.
  alignas(64) std::atomic<entry_table*> table;

  alignas(64) std::unique_ptr<entry_table> owned_table;
  hot_cache_limits limits;
  eviction_order order;
  retired_list retired;
  std::function<void(const artifact&)> evicted;
  std::uint64_t evictions = 0;

  impl(read_domain& domain, hot_cache_limits l)
      : owned_table(std::make_unique<entry_table>(0)), limits(l), order(l),
        retired(domain) {
    table.store(owned_table.get(), std::memory_order_release);
  }

  void insert(artifact_ptr value, std::uint32_t hash) {
    const auto* raw = value.get();
    auto node = order.add(std::move(value), hash);
    if (!owned_table->insert(raw, hash, node))
      replace_table();
  }

  /// Moves to a table without tombstones and with room to grow. Readers in the
  /// old one still find what was there when they began.
  void replace_table() {
    auto fresh = std::make_unique<entry_table>(order.size());
    for (auto n = order.first(); n != eviction_order::none; n = order.after(n))
      fresh->insert(order.value(n).get(), order.hash(n), n);
    table.store(fresh.get(), std::memory_order_release);
    retired.add(std::exchange(owned_table, std::move(fresh)));
  }

  /// Takes the entry from readers first, then from the queues.
  artifact_ptr remove(std::size_t slot) {
    auto node = owned_table->node_at(slot);
    owned_table->erase(slot);
    auto value = order.remove(node);
    retired.add(value);
    return value;
  }

  artifact_ptr remove_node(std::uint32_t node) {
    return remove(
        owned_table->slot_of(order.value(node).get(), order.hash(node)));
  }

  /// Evicts until `entries` and `bytes` more fit.
  void make_room(std::size_t entries, std::size_t bytes,
                 std::uint32_t spared = eviction_order::none) {
    while (order.size() + entries > limits.max_entries
           || order.bytes() + bytes > limits.max_bytes) {
      auto node = order.victim(spared);
      if (node == eviction_order::none)
        return;
      auto value = remove_node(node);
      ++evictions;
      if (evicted)
        evicted(*value);
    }
  }

  void reclaim_now_and_then() {
    // What waits beside the entries stays small against what they may take.
    if (retired.due(std::max<std::size_t>(limits.max_bytes / 64, 64 << 10)))
      retired.reclaim();
  }
};

hot_cache::hot_cache(read_domain& domain, hot_cache_limits limits)
    : impl_(std::make_unique<impl>(domain, limits)) {}

// Nobody reads a cache that is going, so nothing has to wait.
hot_cache::~hot_cache() = default;

bool hot_cache::put(artifact_ptr value) {
  auto& my = *impl_;
  auto hash = lookup_hash(value->name());
  auto slot = my.owned_table->slot_of(value->name(), hash);
  bool fits =
      value->footprint() <= my.limits.max_bytes && my.limits.max_entries > 0;
  if (!fits) {
    if (slot != entry_table::npos)
      my.remove(slot);
  } else if (slot == entry_table::npos) {
    my.make_room(1, value->footprint());
    my.insert(std::move(value), hash);
  } else if (my.owned_table->value_at(slot) != value.get()) {
    auto node = my.owned_table->node_at(slot);
    const auto& old = my.order.value(node)->cached();
    value->cached().reads.store(old.reads.load(std::memory_order_relaxed),
                                std::memory_order_relaxed);
    my.owned_table->replace(slot, value.get());
    my.retired.add(my.order.replace(node, std::move(value)));
    my.make_room(0, 0, node);
  }
  my.reclaim_now_and_then();
  return fits;
}

artifact_ptr hot_cache::drop(key_view key) {
  auto slot = impl_->owned_table->slot_of(key, lookup_hash(key));
  if (slot == entry_table::npos)
    return nullptr;
  auto value = impl_->remove(slot);
  impl_->reclaim_now_and_then();
  return value;
}

artifact_ptr hot_cache::peek(key_view key) const {
  return artifact_ptr{impl_->owned_table->find(key, lookup_hash(key))};
}

std::size_t
hot_cache::drop_if(const std::function<bool(const artifact&)>& doomed) {
  auto& my = *impl_;
  std::size_t count = 0;
  for (auto n = my.order.first(); n != eviction_order::none;) {
    auto next = my.order.after(n);
    if (doomed(*my.order.value(n))) {
      my.remove_node(n);
      ++count;
    }
    n = next;
  }
  my.reclaim_now_and_then();
  return count;
}

void hot_cache::for_each(
    const std::function<void(const artifact&)>& visit) const {
  const auto& order = impl_->order;
  for (auto n = order.first(); n != eviction_order::none; n = order.after(n))
    visit(*order.value(n));
}

void hot_cache::on_evict(std::function<void(const artifact&)> callback) {
  impl_->evicted = std::move(callback);
}

void hot_cache::reclaim() {
  impl_->retired.reclaim();
}

std::size_t hot_cache::size() const {
  return impl_->order.size();
}

std::size_t hot_cache::bytes() const {
  return impl_->order.bytes();
}

std::size_t hot_cache::retired_bytes() const {
  return impl_->retired.bytes();
}

std::uint64_t hot_cache::evictions() const {
  return impl_->evictions;
}

std::size_t hot_cache::overhead_bytes() const {
  return sizeof(impl) + impl_->owned_table->footprint()
         + impl_->order.footprint();
}

// -- reader ------------------------------------------------------------------

reader::reader(read_domain& domain, counting reads)
    : domain_(domain), slot_(domain.enter()), counting_(reads) {}

reader::~reader() {
  domain_.leave(slot_);
}

inline void reader::come_online() {
  if (online_)
    return;
  domain_.online(slot_);
  online_ = true;
}

const artifact* reader::peek(const hot_cache& cache, key_view key) {
  come_online();
  return cache.impl_->table.load(std::memory_order_acquire)
      ->find(key, lookup_hash(key));
}

void reader::look_around(const hot_cache& cache, std::uint64_t where,
                         const std::function<void(const artifact&)>& visit) {
  // As long as a reader looks, nothing is released: not too long.
  constexpr std::size_t slots = 4'096;
  come_online();
  cache.impl_->table.load(std::memory_order_acquire)
      ->look_around(where, slots, visit);
}

const artifact* reader::find(const hot_cache& cache, key_view key) {
  return find(cache, key, lookup_hash(key));
}

const artifact* reader::find(const hot_cache& cache, key_view key,
                             std::uint32_t hash) {
  come_online();
  const auto* a =
      cache.impl_->table.load(std::memory_order_acquire)->find(key, hash);
  if (a == nullptr)
    return nullptr;
  // Plain loads and stores: a count lost to another reader does no harm, a
  // locked instruction on a hot entry would.
  auto& frequency = a->frequency();
  if (auto f = frequency.load(std::memory_order_relaxed); f < 3)
    frequency.store(static_cast<std::uint8_t>(f + 1),
                    std::memory_order_relaxed);
  std::uint32_t weight = 1;
  if (counting_ == counting::sampled) {
    random_ = random_ * 1'664'525u + 1'013'904'223u;
    if (random_ >> 28 != 0)
      return a;
    weight = 16;
  }
  auto& reads = a->cached().reads;
  reads.store(reads.load(std::memory_order_relaxed) + weight,
              std::memory_order_relaxed);
  return a;
}

void reader::quiesce() {
  if (online_)
    domain_.quiesce(slot_);
}

void reader::offline() {
  domain_.offline(slot_);
  online_ = false;
}

}  // namespace larder
