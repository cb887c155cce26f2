// The invalidation actor: follows the change log, hands every change to its
// shard, and keeps the fence that lets memory be answered unverified.
//
// What it remembers of the log is one position: sequence and time stamp of the
// last applied record. As long as the log still has that very record, reading
// goes on behind it and nothing was missed. Otherwise every entry is verified
// before it is answered (a new generation), and if the log has lost what was
// stored in it, a new epoch begins, since other nodes may not be able to see
// the loss.
#pragma once

#include "actors/handles.hpp"
#include "cluster/fence.hpp"
#include "cluster/signals.hpp"
#include "cluster/subjects.hpp"
#include "storage/freshness.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace larder {

struct invalidation_context {
  std::shared_ptr<larder::freshness> freshness;
  std::shared_ptr<change_log> log;
  std::shared_ptr<larder::signals> signals;
  std::vector<shard_actor> shards;
  relay_actor relay;
  collection_subjects collection;
  std::string cluster = "larder";
  /// Unique for this run of this node; nonces begin with it.
  std::string incarnation;
  std::chrono::milliseconds fence_interval{500};
  std::chrono::milliseconds fence_max_age{2'000};
  /// How much of the log is replayed at the start, to set the floors.
  std::chrono::milliseconds floor_ttl{10 * 60 * 1'000};
  std::chrono::milliseconds timeout{1'000};
};

class invalidation_state {
 public:
  using pointer = invalidation_actor::stateful_pointer<invalidation_state>;
  static inline const char* name = "invalidation";

  explicit invalidation_state(pointer self) : self_(self) {}
  void start(invalidation_context context);

  void open();
  void lost(std::uint64_t reader);
  void record(std::uint64_t reader, const log_record& record);
  void ask_fence();
  coherence_stats stats() const;

 private:
  /// A record on its way: applied once it and all before it are done.
  struct step {
    log_position at;
    int outstanding = 0;
    std::vector<std::string> nonces;
  };

  void opened(const log_info& info);
  void resume(const log_info& info);
  void read(log_start start);
  void missed_some(const log_info& info);
  void log_damaged(const log_info& info);
  void end_epoch(const epoch& which);
  void try_again();

  void apply_change(const log_record& record, step& s);
  void apply_fence(const log_record& record, step& s);
  bool is_outdated(const epoch& of_fence) const;
  void adopt_epoch(const epoch& current, step& s);
  void trust_bucket(std::uint32_t generation);
  void check_log(const fence& f);
  void done(std::uint64_t step_number);
  void advance();
  void request_fence();
  void fenced(const std::string& nonce);
  time_point now() const;

  pointer self_;
  invalidation_context context_;
  bool reading_ = false;
  bool opened_once_ = false;
  bool open_scheduled_ = false;
  /// Count attempts to open and to read, so that what belongs to an old one is
  /// known when it comes late.
  std::uint64_t attempt_ = 0;
  std::uint64_t reader_ = 0;
  int failures_ = 0;
  std::int64_t log_created_ = 0;
  std::uint64_t last_known_ = 0;
  log_position received_;
  log_position applied_;
  std::deque<step> steps_;
  std::uint64_t first_step_ = 0;
  std::map<std::string, time_point> asked_;
  std::uint64_t nonce_ = 0;
  time_point fence_asked_{};
  bool fenced_once_ = false;
  /// After a loss: fences of this epoch prove nothing.
  epoch void_epoch_;
  /// The newest fence of the current epoch, and the newest place of which a
  /// fence said that the log holds it, and it does.
  time_point epoch_seen_{};
  std::uint64_t sound_ = 0;
  std::string sound_id_;
  /// The greatest of this epoch.
  std::uint32_t bucket_generation_ = 0;
  std::uint64_t gaps_ = 0;
};

invalidation_actor::behavior_type invalidation(invalidation_state::pointer self,
                                               invalidation_context context);

}  // namespace larder
