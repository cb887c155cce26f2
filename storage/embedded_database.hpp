// The embedded store's one database: RocksDB, the revisions it has given out,
// its outbox and its epoch. Opened once in a process; every embedded_store and
// embedded_outbox over it is a session.
//
// Writes that wait for each other go to disk together: whoever's turn it is
// takes all that have come meanwhile into one batch, with one sync. A write is
// one WriteBatch: value, revision, outbox row, words.
//
// The epoch is the store's random id, the time of its opening and a counter: a
// directory that was put back from a copy gives out revisions a second time,
// and nothing else would tell. JetStream's entries of the time before are void
// then; values, revisions and versions stay.
//
// Thread rule: blocking; every call from any thread. Failures are those of
// rocks_database. No call throws.
#pragma once

#include "storage/embedded_records.hpp"
#include "storage/search_index.hpp"
#include "storage/truth_store.hpp"

#include <caf/expected.hpp>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace larder {

struct embedded_options {
  /// Made if it is not there.
  std::string directory;
  /// Nanoseconds since 1970; none: the system's.
  std::function<std::int64_t()> clock;
  /// The id of a new store; empty: random.
  std::string origin;
  /// A power cut, not only the end of the process, loses nothing acknowledged.
  bool sync = true;
  /// Opening needs as much on the file system, and a write half of it.
  std::uint64_t least_free_bytes = std::uint64_t{128} << 20;
};

class embedded_database {
 public:
  using results = std::vector<caf::expected<version_info>>;

  /// `unavailable` also if another process has it open; `configuration` if it
  /// was written by a newer release.
  static caf::expected<std::shared_ptr<embedded_database>>
  open(embedded_options options);

  /// As truth_store::write().
  caf::expected<results> write(std::span<const write_request> requests);
  /// As truth_store::count_usage().
  caf::expected<void> count_usage(std::span<const usage> reads);
  /// Drops all values, as TRUNCATE does to a table of PostgreSQL: another
  /// epoch, an empty outbox.
  caf::expected<void> truncate();

  // -- the outbox ------------------------------------------------------------

  /// A snapshot, and the ids of the outbox's first rows in it.
  struct outbox_moment {
    rocks_snapshot at;
    std::vector<std::int64_t> ids;
    bool more = false;
  };
  outbox_moment unpublished(std::uint32_t limit);
  std::uint64_t backlog();
  caf::expected<void> published(std::span<const std::int64_t> ids,
                                const publication& upto);
  caf::expected<void> renew_bucket(std::uint32_t from);
  caf::expected<larder::epoch> raise_epoch(const larder::epoch& from);
  bool hold_lease(const std::string& name, const std::string& holder,
                  std::chrono::milliseconds ttl);
  void release_lease(const std::string& name, const std::string& holder);

  // -- for its sessions' reads
  // -------------------------------------------------

  const rocks_database& rocks() const { return *rocks_; }
  const search_index& words() const { return index_; }
  /// Makes the index anew if that is needed; writers wait for it.
  caf::expected<void> mend_search();
  /// The epoch as of a snapshot.
  caf::expected<larder::epoch> epoch_at(const rocks_snapshot& at) const;
  std::int64_t now() const { return options_.clock(); }

  const std::string& directory() const { return options_.directory; }

 private:
  struct waiting_write {
    std::span<const write_request> requests;
    results outcomes;
    caf::error failure;
    bool done = false;
  };
  struct lease {
    std::string holder;
    std::int64_t expires_at = 0;
  };

  embedded_database(embedded_options options,
                    std::unique_ptr<rocks_database> rocks);
  caf::expected<void> load();
  void commit(std::span<waiting_write* const> writes);
  caf::expected<void> put_state(rocks_batch& batch, rocks_write how);
  caf::expected<void> rebuild_search();
  larder::epoch epoch_of(std::uint64_t timeline, std::uint64_t counter) const;
  rocks_write durability() const {
    return options_.sync ? rocks_write::durable : rocks_write::fast;
  }

  embedded_options options_;
  std::unique_ptr<rocks_database> rocks_;
  search_index index_;
  std::string origin_;

  std::mutex queue_mutex_;
  std::vector<waiting_write*> queue_;

  /// Held by whoever changes something on disk; guards what follows.
  mutable std::mutex turn_;
  std::uint64_t timeline_ = 0;
  std::uint64_t counter_ = 1;
  std::int64_t revision_ = 0;
  publication upto_;
  std::set<std::int64_t> unpublished_;
  bool search_is_stale_ = false;

  std::mutex leases_mutex_;
  std::map<std::string, lease> leases_;
};

}  // namespace larder
