// The relay: publishes what the source of truth has committed. JetStream's
// entry first, then the log, then the row is marked: whoever sees a record in
// the log finds the value in JetStream, and whatever was not marked is
// published again.
//
// Every node has one; the lease makes one of them active, and two at once only
// do some of the work twice. Blocks in its outbox, so node.cpp spawns it
// detached.
#pragma once

#include "actors/handles.hpp"
#include "cluster/subjects.hpp"
#include "storage/outbox.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace larder {

struct relay_context {
  /// One session of its own; moved out at the start.
  std::shared_ptr<std::unique_ptr<larder::outbox>> outbox;
  std::shared_ptr<change_log> log;
  warm_actor warm;
  collection_subjects collection;
  std::string cluster = "larder";
  /// Who holds the lease; unique for this run of this node.
  std::string holder;
  std::chrono::milliseconds interval{50};
  std::chrono::milliseconds lease_ttl{1'500};
  std::chrono::milliseconds timeout{1'000};
  /// Rows of a round. Values may have half a MiB each, and are all held at
  /// once.
  std::uint32_t batch = 128;
};

class relay_state {
 public:
  using pointer = relay_actor::stateful_pointer<relay_state>;
  static inline const char* name = "relay";

  explicit relay_state(pointer self) : self_(self) {}
  void start(relay_context context);

  void wake();
  void poll(std::uint64_t number);
  void fence_asked(const std::string& nonce);
  void raise_epoch(const epoch& from);
  void stop();
  relay_stats stats() const { return stats_; }

 private:
  // One round, in its order; see relay.cpp.
  bool holds_lease();
  void begin_round();
  void write_shared();
  void publish_events();
  void acknowledged(std::uint64_t sequence);
  void mark_published();
  void publish_fence();
  void end_round();
  void fail_round(const caf::error& why);

  /// Calls `next` when `parts` answers have come, or fails the round.
  void part_done(std::uint64_t round, const caf::error& why,
                 void (relay_state::*next)());
  void schedule(std::chrono::milliseconds pause);
  time_point now() const;

  pointer self_;
  relay_context context_;
  std::unique_ptr<outbox> outbox_;
  bool stopped_ = false;
  bool in_round_ = false;
  bool woken_ = false;
  bool poll_is_next_ = false;
  std::uint64_t poll_number_ = 0;
  time_point lease_due_{};
  /// Asked for, and not yet part of a round.
  std::vector<std::string> asked_;
  /// Asked for before this round's first snapshot.
  std::vector<std::string> nonces_;
  outbox_batch batch_;
  std::uint64_t round_ = 0;
  std::size_t outstanding_ = 0;
  /// The log's greatest sequence that was acknowledged to this relay.
  std::uint64_t acknowledged_ = 0;
  /// The same when this round began, and of this round alone.
  std::uint64_t acknowledged_before_ = 0;
  std::uint64_t newest_of_round_ = 0;
  bool log_went_back_ = false;
  int failures_ = 0;
  relay_stats stats_;
};

relay_actor::behavior_type relay(relay_state::pointer self,
                                 relay_context context);

}  // namespace larder
