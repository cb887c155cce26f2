// The cold actor: the source of truth as the rest of the node sees it. What
// many ask at once goes to a worker as one query: keys that arrive together,
// and those that arrive while every worker is busy. One query per key, however
// many shards or callers ask. A worker that hangs blocks neither callers (they
// have deadlines) nor the other workers.
#pragma once

#include "actors/breaker.hpp"
#include "actors/handles.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <unordered_map>
#include <vector>

namespace larder {

struct cold_context {
  std::vector<cold_worker_actor> workers;
  /// What the tier is called in errors.
  std::string tier_name = "postgres";
  std::size_t max_batch = 256;
  /// More reads, or more writes, than this are refused as busy.
  std::size_t max_waiting = 65'536;
  /// Verifications that do not fill a query are sent so often at most, and wait
  /// for a query that is under way for so long at most.
  std::chrono::milliseconds verify_interval{10};
  std::chrono::milliseconds verify_gathering{50};
  /// Usage counters are written so often, in one statement.
  std::chrono::milliseconds usage_interval{5'000};
  /// Changes are indexed so often, and so many at a time. While there are more,
  /// the pause is index_pause times as long as that took.
  std::chrono::milliseconds index_interval{5'000};
  std::uint32_t index_batch = 128;
  std::uint32_t index_pause = 9;
};

class cold_state {
 public:
  using pointer = cold_actor::stateful_pointer<cold_state>;
  static inline const char* name = "cold";

  explicit cold_state(pointer self) : self_(self) {}
  void start(cold_context context);

  caf::result<lookup> read(bool whole, key k, time_point deadline);
  caf::result<version_info> write(write_request request);
  caf::result<std::vector<list_item>>
  list(const std::string& type, std::uint32_t limit, const std::string& after);
  caf::result<std::vector<artifact_ptr>>
  scan(const std::optional<std::string>& type, std::uint32_t limit,
       const std::optional<key>& after);
  caf::result<artifact_matches> search(const artifact_query& query);
  void count(const std::vector<usage>& reads);
  void flush();
  void flush_usage();
  void index();
  cold_stats stats() const;

 private:
  using lookup_promise = caf::typed_response_promise<lookup>;
  struct question {
    time_point deadline{};
    std::vector<lookup_promise> askers;
    bool retried = false;
  };
  using questions = std::unordered_map<key, question, key_hash, key_equal>;
  struct pending_write {
    write_request request;
    caf::typed_response_promise<version_info> reply;
    time_point queued;
  };

  template <class T, class... Ts>
  caf::result<T> pass_on(Ts... request);
  void schedule_flush();
  /// Whether verifications are to wait for others to go with. When the log has
  /// a gap, or no fence comes, every entry in memory is verified as it is asked
  /// for: in many small queries, if each went at once, in a moment that is hard
  /// enough for the source of truth.
  bool verifications_gather();
  void send_reads(questions& waiting, bool whole);
  void ask_worker(cold_worker_actor worker, std::vector<key> keys,
                  questions asked, bool whole);
  void send_writes();
  void drop_old_writes();
  cold_worker_actor take_worker();
  /// After a question.
  void give_back(cold_worker_actor worker, const caf::error& why);
  /// After a write of any kind.
  void wrote(cold_worker_actor worker, const caf::error& why);
  void take_back(cold_worker_actor worker, const caf::error& why);
  bool may_write_unasked();
  static bool has_failed(const caf::error& why);
  /// Why nothing is taken on behind `waiting` others now; no error: go on.
  caf::error refusal(std::size_t waiting);
  time_point now() const;

  pointer self_;
  cold_context context_;
  std::vector<cold_worker_actor> idle_;
  questions gets_;
  questions verifications_;
  std::vector<pending_write> writes_;
  std::vector<std::function<void(cold_worker_actor)>> others_;
  std::unordered_map<key, std::uint32_t, key_hash, key_equal> usage_;
  std::size_t verifying_ = 0;
  time_point verified_last_{};
  /// When the flush that they wait for comes.
  time_point gathered_at_{};
  bool flush_scheduled_ = false;
  time_point last_progress_{};
  breaker breaker_;
  /// What keeps a store from writing (a full disk, a lock, a standby) keeps
  /// nobody from reading.
  breaker write_breaker_;
  caf::error write_failure_;
  cold_stats stats_;
};

cold_actor::behavior_type cold(cold_state::pointer self, cold_context context);

}  // namespace larder
