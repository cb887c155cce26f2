// The relay: publishes what the source of truth has committed. JetStream's
// entry first, then the log, then the row is marked: whoever sees a record in
// the log finds the value in JetStream, and whatever was not marked is
// published again.
//
// Beside the marks it keeps how far publication has come, in the log and in
// JetStream's bucket, so that a loss in either is noticed by whoever publishes
// or reads next: see publication in storage/outbox.hpp.
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
#include <optional>
#include <string>
#include <vector>

namespace larder {

struct relay_context {
  /// One session of its own; moved out at the start.
  std::shared_ptr<std::unique_ptr<larder::outbox>> outbox;
  std::shared_ptr<change_log> log;
  warm_actor warm;
  /// For its mark; values go through `warm`.
  std::shared_ptr<kv_store> bucket;
  collection_subjects collection;
  std::string cluster = "larder";
  /// Who holds the lease; unique for this run of this node.
  std::string holder;
  std::chrono::milliseconds interval{100};
  /// What is committed through nodes waits so long for more of its kind: every
  /// node has been told of it already, and a round costs about as much for one
  /// change as for fifty.
  std::chrono::milliseconds gathering{5};
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
  using step = void (relay_state::*)();

  // One round, in its order; see relay.cpp.
  bool holds_lease();
  void begin_round();
  void write_shared();
  void mark_then_publish();
  void publish_events();
  void acknowledged(std::uint64_t sequence, const std::string& message_id);
  void check_then_mark();
  void check_log(step next);
  void mark_published();
  void publish_fence();
  void log_failed(const caf::error& why);
  void fence_stored(std::uint64_t sequence, const std::string& message_id);
  void end_round();
  void fail_round(const caf::error& why);

  // The bucket's mark; see relay_bucket.cpp.
  bool skips_bucket() const;
  void check_bucket();
  void mark_bucket(step next);
  void find_mark(step next);
  void mark_again();
  bool is_successor(const kv_entry& mark) const;
  void bucket_failed(const caf::error& why);
  void bucket_lost();
  void check_then_keep();
  void keep_publication();

  /// Wraps what goes on with an answer: nothing, once the round is over.
  template <class F>
  auto in_this_round(F go_on) {
    return [this, round = round_, go_on](auto answer) {
      if (round == round_ && in_round_)
        go_on(std::move(answer));
    };
  }
  /// One of `outstanding_` answers: the last one goes on with `next`.
  void part_done(step next);
  void schedule(std::chrono::milliseconds pause);
  time_point now() const;

  pointer self_;
  relay_context context_;
  std::unique_ptr<outbox> outbox_;
  bool stopped_ = false;
  bool in_round_ = false;
  bool woken_ = false;
  /// When the poll of `poll_number_` comes; nothing: none is on its way.
  std::optional<time_point> poll_due_;
  std::uint64_t poll_number_ = 0;
  time_point lease_due_{};
  /// Asked for, and not yet part of a round.
  std::vector<std::string> asked_;
  /// Asked for before this round's first snapshot.
  std::vector<std::string> nonces_;
  outbox_batch batch_;
  std::uint64_t round_ = 0;
  std::size_t outstanding_ = 0;
  /// How far this round has come.
  publication upto_;
  /// This relay's newest fence, as a place in the log.
  publication fenced_;
  std::uint64_t fences_ = 0;
  /// The newest mark that is known to stand, and the kept one behind which it
  /// was written.
  std::uint64_t mark_ = 0;
  std::uint64_t mark_base_ = 0;
  int mark_tries_ = 0;
  step after_mark_ = nullptr;
  /// When publication was last kept.
  std::optional<time_point> kept_at_;
  int bucket_failures_ = 0;
  /// This batch does without the bucket, and so does the next before then.
  bool without_bucket_ = false;
  time_point bucket_due_{};
  int failures_ = 0;
  /// For mutant::outbox_by_cursor.
  std::int64_t cursor_ = 0;
  relay_stats stats_;
};

relay_actor::behavior_type relay(relay_state::pointer self,
                                 relay_context context);

}  // namespace larder
