// The source of truth, as the cold tier sees it. It alone assigns revisions.
//
// Implementations: postgres_store (PostgreSQL), embedded_store (RocksDB) and
// memory_store (tests). One contract judges them all and their outboxes:
// tests/storage/truth_store_contract.hpp and outbox_contract.hpp.
//
// Thread rule: blocking; one thread at a time, one object a session. Failures
// are `unavailable` (not reached, or reached and lost; a write says whether its
// outcome is known), `deadline_exceeded` (the store's own time-out) and
// `internal`. No call throws.
#pragma once

#include "storage/artifact.hpp"
#include "storage/artifact_search.hpp"
#include "storage/fingerprint.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace larder {

/// What the truth says of one key. `value` is null when there is no such key;
/// `info.revision` is then the deletion's, or 0 for a key that never was.
/// `info.epoch` is always the current one.
struct lookup {
  artifact_ptr value;
  version_info info;
};

struct write_request {
  larder::key key;
  /// The value, byte for byte; no value: delete the key.
  std::optional<std::string> content;
  /// A JSON object; absent: left as it is.
  std::optional<std::string> metadata;
  /// Absent: left as they are.
  std::optional<std::vector<std::string>> tags;
  /// Only if this revision is current; 0: only if the key is absent.
  std::optional<std::int64_t> expected_revision;
};

struct list_item {
  std::string id;
  std::int64_t revision = 0;
  std::int32_t version = 0;
  /// RFC 3339, UTC, microseconds.
  std::string updated_at;
};

struct usage {
  larder::key key;
  std::uint32_t reads = 0;
};

class truth_store {
 public:
  virtual ~truth_store() = default;

  /// One query for all keys; answers in their order.
  virtual caf::expected<std::vector<lookup>> get(std::span<const key> keys) = 0;

  /// The same without values: cheap enough to verify thousands of entries.
  virtual caf::expected<std::vector<lookup>>
  revisions(std::span<const key> keys) = 0;

  /// One transaction for all requests, durable when it returns. Each request
  /// has its own outcome: the new version; `revision_conflict` with the current
  /// revision (or 0); `not_found` for a delete of an absent key;
  /// `invalid_request` for a value that the store cannot hold. The failure of
  /// one undoes no other. If the connection dies during the commit, the outcome
  /// is looked up by the transaction's id; where that is impossible, the error
  /// is `unavailable` and says that the outcome is unknown. Two requests for
  /// one key in one call are applied in order.
  virtual caf::expected<std::vector<caf::expected<version_info>>>
  write(std::span<const write_request> requests) = 0;

  /// Up to `limit` items of `type` with an id after `after` (empty: from the
  /// first), by id in byte order.
  virtual caf::expected<std::vector<list_item>>
  list(const std::string& type, std::uint32_t limit,
       const std::string& after) = 0;

  /// Up to `limit` values with a key after `after` (absent: from the first), by
  /// (type, id) in byte order; of one type if `type` is given. For warm-up.
  virtual caf::expected<std::vector<artifact_ptr>>
  scan(const std::optional<std::string>& type, std::uint32_t limit,
       const std::optional<key>& after) = 0;

  /// The best matches; none if the query has no words that could match. Sees
  /// every write acknowledged before, unless `unindexed` says otherwise.
  virtual caf::expected<artifact_matches>
  search(const artifact_query& query) = 0;

  /// Indexes up to `limit` artifacts that have changed, for stores whose
  /// writers do not wait for that. True if there may be more.
  virtual caf::expected<bool> index(std::uint32_t limit) = 0;

  /// Adds reads to the usage counters; never a change of content.
  virtual caf::expected<void> count_usage(std::span<const usage> reads) = 0;

  // -- for those who check what nodes answer ----------------------------------

  /// What the keys hold now, in their order.
  virtual caf::expected<std::vector<fingerprint>>
  fingerprints(std::span<const key> keys) = 0;

  /// Up to `limit` keys that changed within the last `ago`, the newest first,
  /// deletions included.
  virtual caf::expected<std::vector<fingerprint>>
  changed_within(std::chrono::milliseconds ago, std::uint32_t limit) = 0;

  /// Up to `limit` keys that have a value, in the order of scan().
  virtual caf::expected<std::vector<fingerprint>>
  survey(const std::optional<std::string>& type, std::uint32_t limit,
         const std::optional<key>& after) = 0;
};

}  // namespace larder
