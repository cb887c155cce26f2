// What answers from memory: the hot caches of all shards and what vouches for
// them. Used by the front door, by actors that read many keys at once, and by
// in-process callers, each with a `read_view` of its own.
#pragma once

#include "storage/freshness.hpp"
#include "storage/hot_cache.hpp"
#include "storage/lookup_hash.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace larder {

/// The memory of one node. Shared; its parts say who may write them.
struct hot_tier {
  read_domain domain;
  std::vector<std::shared_ptr<hot_cache>> shards;
  std::shared_ptr<larder::freshness> freshness =
      std::make_shared<larder::freshness>();
};

/// One thread's look into it. Not thread-safe.
class read_view {
 public:
  explicit read_view(std::shared_ptr<hot_tier> tier,
                     counting reads = counting::every)
      : tier_(std::move(tier)), reader_(tier_->domain, reads) {}

  /// The value if it is proved fresh and no older than `min_revision`, else
  /// nullptr: ask the shard. Valid until quiesce() or offline().
  const artifact* find(key_view k, std::int64_t now,
                       std::int64_t min_revision = 0) {
    auto hash = lookup_hash(k);
    auto& shard = *tier_->shards[shard_of_hash(hash, tier_->shards.size())];
    auto* found = reader_.find(shard, k, hash);
    return found && found->revision() >= min_revision
                   && provably_fresh(*found, now, *tier_->freshness)
               ? found
               : nullptr;
  }

  /// The shard is about to hear that `k` has this revision (0: nobody knows
  /// which): an older one is not fresh any more, for any reader, from now on.
  /// Whether there is one.
  bool doubt(key_view k, std::int64_t revision) {
    auto& shard = *tier_->shards[shard_of(k, tier_->shards.size())];
    auto* found = reader_.peek(shard, k);
    if (!found || (revision > 0 && found->revision() >= revision))
      return false;
    found->doubted() = true;
    return true;
  }

  /// The same for those who check what readers are answered: counts no read.
  const artifact* peek(key_view k, std::int64_t now) {
    auto& shard = *tier_->shards[shard_of(k, tier_->shards.size())];
    auto* found = reader_.peek(shard, k);
    return found && provably_fresh(*found, now, *tier_->freshness) ? found
                                                                   : nullptr;
  }

  /// Some entries of each shard, from a random place on.
  void look_around(std::uint64_t where,
                   const std::function<void(const artifact&)>& visit) {
    for (auto& shard : tier_->shards)
      reader_.look_around(*shard, where, visit);
  }

  /// Once a batch.
  void quiesce() { reader_.quiesce(); }

  /// Before waiting.
  void offline() { reader_.offline(); }

 private:
  std::shared_ptr<hot_tier> tier_;
  reader reader_;
};

}  // namespace larder
