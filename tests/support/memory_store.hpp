// A source of truth in memory: what PostgreSQL does for a node, without
// PostgreSQL. Judged by the same contract suite as the real one.
//
// Used by unit tests of actors and by the simulator. `memory_database` is the
// server: all stores and outboxes made over one see the same state, and tests
// reach into it to write like a third-party program, to hold a transaction
// open, and to fail on demand. Deterministic: no clock and no thread of its
// own.
//
// Thread rule: every object may be used from any thread.
#pragma once

#include "storage/error.hpp"
#include "storage/outbox.hpp"
#include "storage/truth_store.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace larder::test {

/// What becomes of a write whose connection dies during the commit, when its
/// outcome cannot be looked up.
enum class in_doubt {
  /// It was committed; the writer is told "outcome unknown".
  committed,
  /// It was not; the writer is told the same.
  lost,
};

/// Calls answered or failed, by kind.
struct query_counts {
  std::uint64_t get = 0;
  std::uint64_t revisions = 0;
  std::uint64_t write = 0;
  std::uint64_t list = 0;
  std::uint64_t scan = 0;
  std::uint64_t search = 0;
  std::uint64_t count_usage = 0;
  std::uint64_t outbox = 0;
  /// Of all three kinds.
  std::uint64_t fingerprints = 0;
  /// Keys asked for by get and revisions.
  std::uint64_t keys = 0;
};

class memory_database {
 public:
  /// Nanoseconds; what leases and updated_at go by.
  using clock = std::function<std::int64_t()>;

  explicit memory_database(clock now);
  ~memory_database();

  // -- failures --------------------------------------------------------------

  /// The next `times` calls fail with `code`, and do nothing.
  void fail_next(ec code, std::uint32_t times = 1);
  /// While false, every call fails with `unavailable`.
  void set_available(bool available);
  /// The next write fails with `unavailable`, "outcome unknown".
  void doubt_next_write(in_doubt outcome);

  std::uint64_t query_count() const;
  query_counts queries() const;

  // -- a program that knows nothing of Larder --------------------------------

  /// As a lock time-out would have it, nothing happens to a key that an open
  /// transaction holds: `put` then answers revision 0, the others false.
  version_info put(const key& key, std::string content);
  /// False if there was no such key.
  bool erase(const key& key);
  /// False if there is no `from`, or a `to` already.
  bool rename(const key& from, const key& to);
  /// Empties the table, as TRUNCATE does: another epoch, an empty outbox. Open
  /// transactions are rolled back.
  void truncate();

  // -- transactions that stay open -------------------------------------------

  /// A put with its revision and outbox row assigned, but not yet committed:
  /// nobody sees it, and other writes of the key fail with
  /// `deadline_exceeded`, as they do when a lock times out. Returns the
  /// transaction's number.
  std::uint64_t begin_put(const key& key, std::string content);
  void commit(std::uint64_t transaction);
  void roll_back(std::uint64_t transaction);

  // -- backups ---------------------------------------------------------------

  class backup;
  std::shared_ptr<const backup> back_up() const;
  /// Everything as it was then, on a new timeline: another epoch, and
  /// revisions that are given out a second time.
  void restore(const backup& from);

  larder::epoch current_epoch() const;
  std::uint64_t usage_of(const key& key) const;
  std::string metadata_of(const key& key) const;
  std::vector<std::string> tags_of(const key& key) const;

 private:
  friend class memory_store;
  friend class memory_outbox;
  struct state;
  /// Runs `f` on the state, under its lock.
  template <class F>
  auto with(F&& f) const;
  std::unique_ptr<state> state_;
};

/// Searches for whole words without stemming: enough for those who ask what a
/// node does with an answer. The ranking contract is for the real stores.
class memory_store final : public truth_store {
 public:
  explicit memory_store(std::shared_ptr<memory_database> database);

  caf::expected<std::vector<lookup>> get(std::span<const key> keys) override;
  caf::expected<std::vector<lookup>>
  revisions(std::span<const key> keys) override;
  caf::expected<std::vector<caf::expected<version_info>>>
  write(std::span<const write_request> requests) override;
  caf::expected<std::vector<list_item>> list(const std::string& type,
                                             std::uint32_t limit,
                                             const std::string& after) override;
  caf::expected<std::vector<artifact_ptr>>
  scan(const std::optional<std::string>& type, std::uint32_t limit,
       const std::optional<key>& after) override;
  caf::expected<artifact_matches> search(const artifact_query& query) override;
  caf::expected<bool> index(std::uint32_t limit) override;
  caf::expected<void> count_usage(std::span<const usage> reads) override;
  caf::expected<std::vector<fingerprint>>
  fingerprints(std::span<const key> keys) override;
  caf::expected<std::vector<fingerprint>>
  changed_within(std::chrono::milliseconds ago, std::uint32_t limit) override;
  caf::expected<std::vector<fingerprint>>
  survey(const std::optional<std::string>& type, std::uint32_t limit,
         const std::optional<key>& after) override;

 private:
  std::shared_ptr<memory_database> database_;
};

class memory_outbox final : public outbox {
 public:
  explicit memory_outbox(std::shared_ptr<memory_database> database);

  caf::expected<bool> hold_lease(const std::string& name,
                                 const std::string& holder,
                                 std::chrono::milliseconds ttl) override;
  caf::expected<void> release_lease(const std::string& name,
                                    const std::string& holder) override;
  caf::expected<outbox_batch> unpublished(std::uint32_t limit) override;
  caf::expected<void> published(std::span<const std::int64_t> ids,
                                const publication& upto) override;
  caf::expected<void> renew_bucket(std::uint32_t from) override;
  caf::expected<larder::epoch> raise_epoch(const larder::epoch& from) override;
  caf::expected<std::uint64_t> backlog() override;

 private:
  std::shared_ptr<memory_database> database_;
};

}  // namespace larder::test
