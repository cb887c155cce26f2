// The changes that the source of truth has committed and nobody has published
// yet, as the relay sees them; and the lease that makes one relay the active
// one.
//
// Thread rule and failures: those of truth_store.hpp.
#pragma once

#include "storage/artifact.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace larder {

struct outbox_row {
  std::int64_t id = 0;
  larder::key key;
  /// The change itself.
  version_info info;
  bool deleted = false;
  /// The key's value as it is now (perhaps newer than the change: see its own
  /// info), or null when there is none now. Shared by rows of one key.
  artifact_ptr current;
  /// The version that `current` (or its absence) has.
  version_info current_info;
};

/// How far publication has come, kept beside the marks and in one transaction
/// with them: whatever is marked stands in the log at or before
/// `log_sequence`, and in the bucket at or before its mark. By it a loss is
/// told, whoever publishes next.
struct publication {
  /// 0: nothing was published in this epoch.
  std::uint64_t log_sequence = 0;
  /// Of the record there; the log may use its sequence again.
  std::string message_id;
  /// Entries of another generation of the bucket are void.
  std::uint32_t bucket_generation = 1;
  /// The sequence of the bucket's mark; 0: this generation has none yet.
  std::uint64_t bucket_mark = 0;
};

struct outbox_batch {
  /// The epoch at the time of the snapshot.
  larder::epoch epoch;
  /// The same of what was published by then.
  publication upto;
  std::vector<outbox_row> rows;
  /// True if the snapshot held more rows than the limit.
  bool more = false;
};

class outbox {
 public:
  virtual ~outbox() = default;

  /// Takes or renews the lease, by the store's own clock. True if `holder`
  /// has it now.
  virtual caf::expected<bool> hold_lease(const std::string& name,
                                         const std::string& holder,
                                         std::chrono::milliseconds ttl) = 0;

  /// Gives the lease up, if `holder` has it.
  virtual caf::expected<void> release_lease(const std::string& name,
                                            const std::string& holder) = 0;

  /// Unpublished rows of one snapshot, oldest first, those that another
  /// session has locked included.
  virtual caf::expected<outbox_batch> unpublished(std::uint32_t limit) = 0;

  /// Marks rows as published, and keeps what is later than what is known of
  /// `upto`. A bucket generation of 0 says that the rows were not written to
  /// the bucket: another generation begins. Unknown ids are none of its
  /// business.
  virtual caf::expected<void> published(std::span<const std::int64_t> ids,
                                        const publication& upto) = 0;

  /// Begins a new generation of the bucket, because it has lost entries, or
  /// will not take any; only if `from` is the current one.
  virtual caf::expected<void> renew_bucket(std::uint32_t from) = 0;

  /// Begins a new epoch, because the log has lost what was published. Only if
  /// `from` is the current one: of many nodes that saw the same loss, one
  /// raises it. Returns the epoch that is current then.
  virtual caf::expected<larder::epoch>
  raise_epoch(const larder::epoch& from) = 0;

  /// How many rows are unpublished.
  virtual caf::expected<std::uint64_t> backlog() = 0;
};

}  // namespace larder
