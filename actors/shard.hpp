// The shard actor: the hot entries of one slice of keys, the fills in flight
// for them, and the floors. The only writer of its hot cache; a hit does not
// come here (see node/front_door.hpp), so what arrives is a miss, an entry that
// must be verified, a write or a change.
#pragma once

#include "actors/handles.hpp"
#include "actors/patience.hpp"
#include "storage/floors.hpp"
#include "storage/freshness.hpp"
#include "storage/hot_cache.hpp"
#include "storage/kv_contents.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace larder {

struct shard_context {
  std::shared_ptr<larder::freshness> freshness;
  std::shared_ptr<hot_cache> cache;
  warm_actor warm;
  /// What JetStream lacks; null: it is asked for everything.
  std::shared_ptr<kv_contents> shared_contents;
  cold_actor cold;
  /// Called after each commit: the relay has something to do, and the other
  /// nodes may hear of it sooner than from the log.
  std::function<void(const change_notice&)> committed;
  /// What the source of truth is called in replies.
  tier truth = tier::postgres;
  /// false: nothing is kept, in memory or in JetStream.
  bool caching = true;
  std::chrono::milliseconds ttl{30 * 60 * 1'000};
  std::chrono::milliseconds grace{10 * 60 * 1'000};
  std::chrono::milliseconds fence_max_age{2'000};
  std::chrono::milliseconds floor_ttl{10 * 60 * 1'000};
  std::chrono::milliseconds sweep_interval{5'000};
  /// A read of the source of truth has failed after this …
  std::chrono::milliseconds truth_timeout{2'000};
  /// … or, when an older value could be answered instead, after this.
  std::chrono::milliseconds truth_patience{800};
  std::size_t max_floors = 100'000;
};

class shard_state {
 public:
  using pointer = shard_actor::stateful_pointer<shard_state>;
  static inline const char* name = "shard";

  explicit shard_state(pointer self) : self_(self), patience_(self) {}
  void start(shard_context context);

  caf::result<answer> get(key k, read_options options);
  caf::result<version_info> write(write_request request);
  void apply(const change_notice& change);
  void hear(const change_notice& change);
  std::uint64_t install(const std::vector<artifact_ptr>& values,
                        time_point began, std::uint32_t generation);
  std::uint64_t clear(const std::optional<std::string>& type);
  void begin_epoch();
  void sweep();
  shard_stats stats() const;

 private:
  struct waiter {
    read_options options;
    time_point joined;
    floors::tick joined_at;
    caf::typed_response_promise<answer> reply;
  };

  /// One read of one key in the tiers below, however many wait for it.
  struct fill {
    std::vector<waiter> waiters;
    /// Of the step that runs now.
    time_point began;
    floors::tick began_at = 0;
    std::uint32_t generation = 0;
    std::int64_t fence_until = 0;
    std::uint32_t bucket_generation = 0;
    /// What JetStream had, once it was asked.
    std::optional<kv_entry> shared;
    int rereads = 0;
    /// Whether this node holds the cluster's lease to fill the key; how often,
    /// and since when, another one had it.
    bool leased = false;
    int refused = 0;
    time_point refused_since{};
    /// How long somebody waited when the source of truth was asked.
    time_point asked_until{};
    std::int64_t min_revision() const;
    time_point deadline() const;
  };

  // The miss path, in its order; see shard.cpp.
  void begin(const key& k);
  void verify(const key& k);
  void verified(const key& k, const lookup& found);
  void ask_shared(const key& k);
  void shared_found(const key& k, kv_entry entry);
  void take_lease(const key& k);
  void release_lease(const key& k, bool leased);
  void ask_truth(const key& k);
  template <class Atom>
  void question_truth(Atom what, const key& k,
                      std::chrono::milliseconds longest,
                      void (shard_state::*answered)(const key&, const lookup&));
  void truth_found(const key& k, const lookup& found);
  void fall_back(const key& k, const caf::error& why);
  void answer_stale(const key& k, const caf::error& why);

  void settle(const key& k, const artifact_ptr& value, tier from,
              const version_info& info);
  void drop(const key& k);
  bool let_go(const artifact& a);
  void count_reads(key_view k, std::uint32_t n);
  void hand_in_reads();
  void mark_begun(fill& f);
  void share(const key& k, const lookup& found, fill& f);
  void committed(const write_request& request, const version_info& info,
                 time_point began, std::uint32_t generation);
  void keep(const artifact_ptr& value, std::int64_t proved_until,
            std::uint32_t generation);
  void replace(const artifact& older, const artifact_ptr& value);
  bool alone() const;
  bool fence_holds_at(std::int64_t fence_until, time_point t) const;
  bool usable_from_shared(const kv_entry& entry, const fill& f,
                          const key& k) const;
  epoch current_epoch() const;
  time_point now() const;
  std::int64_t next_revision(const key& k) const;
  std::chrono::milliseconds unproved_for(const artifact& a) const;

  pointer self_;
  /// With the source of truth: it may hang.
  patience<pointer> patience_;
  shard_context context_;
  floors floors_{0};
  floors::tick tick_ = 0;
  time_point started_{};
  time_point floors_aged_{};
  std::unordered_map<key, fill, key_hash, key_equal> fills_;
  /// Read since they were last handed in, of entries that are gone.
  std::vector<usage> reads_;
  shard_stats stats_;
};

shard_actor::behavior_type shard(shard_state::pointer self,
                                 shard_context context);

}  // namespace larder
