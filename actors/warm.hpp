// The warm actor: the shared tier. Turns the asynchronous port into requests,
// skips the tier while it fails, and keeps the rules that an entry is replaced
// only by a newer one, and that one node of the cluster fills a key.
#pragma once

#include "actors/breaker.hpp"
#include "actors/handles.hpp"
#include "storage/freshness.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

namespace larder {

struct warm_context {
  std::shared_ptr<kv_store> bucket;
  /// Who fills which key: entries that go by themselves, 1.5 s after they were
  /// put. Null: every node fills for itself.
  std::shared_ptr<kv_store> leases;
  /// This node, for who reads them.
  std::string holder;
  std::chrono::milliseconds timeout{1'000};
  /// Whether no other node could read what is put there; null: others may.
  std::shared_ptr<const larder::freshness> freshness;
  /// Called when the bucket was cleared.
  std::function<void()> cleared;
  /// What readers fill while nobody else is there is put at this pace, so that
  /// sharing takes no time from reading: so many each time.
  std::size_t fills_at_once = 32;
  std::chrono::milliseconds fill_interval{10};
  /// What waits beyond this is not shared now; the next miss does it.
  std::size_t most_fill_bytes = 16u << 20;
};

class warm_state {
 public:
  using pointer = warm_actor::stateful_pointer<warm_state>;
  static inline const char* name = "warm";

  explicit warm_state(pointer self) : self_(self) {}
  void start(warm_context context) { context_ = std::move(context); }

  caf::result<kv_entry> get(const key& k);
  caf::result<bool> write(shared_fill entry);
  caf::result<bool> lease(const key& k);
  void release(const key& k);
  caf::result<done_atom> clear(std::optional<std::string> type);
  warm_stats stats() const;

 private:
  using kept_promise = caf::typed_response_promise<bool>;

  struct waiting_fill {
    shared_fill entry;
    kept_promise kept;
  };

  bool alone() const;
  caf::result<bool> fill_later(shared_fill entry);
  void pace_fills();
  void put_fills();
  caf::result<bool> replace(shared_fill entry);
  void look_then_put(shared_fill entry, kept_promise kept, int tries);
  void put(shared_fill entry, std::uint64_t sequence, kept_promise kept,
           int tries);
  caf::error note(const caf::error& why);
  void probe_later();
  void probe();
  bool may_ask();
  caf::error skipped() const;

  pointer self_;
  warm_context context_;
  breaker breaker_;
  breaker leases_;
  bool probing_ = false;
  /// What this node itself put last for some keys: most who change a key
  /// change it again, and need not look what is there.
  std::unordered_map<key, kv_entry, key_hash, key_equal> put_last_;
  std::deque<waiting_fill> fills_;
  std::size_t fill_bytes_ = 0;
  /// Whether the timer runs.
  bool pacing_ = false;
  warm_stats stats_;
};

warm_actor::behavior_type warm(warm_state::pointer self, warm_context context);

}  // namespace larder
