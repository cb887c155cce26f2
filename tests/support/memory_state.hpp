// What a memory_database holds, and the rules by which it changes: those of the
// triggers in storage/migrations.
//
// Used by memory_database.cpp and memory_store.cpp alone. Thread rule: under
// `mutex`.
#pragma once

#include "tests/support/memory_store.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <utility>

namespace larder::test {

struct memory_contents {
  struct record {
    std::string content;
    std::string metadata;
    std::vector<std::string> tags;
    std::uint64_t usage = 0;
  };

  struct revision_row {
    std::int64_t revision = 0;
    std::int32_t version = 0;
    bool deleted = true;
    std::int64_t changed_at = 0;
  };

  struct change {
    larder::key key;
    std::int64_t revision = 0;
    std::int32_t version = 0;
    bool deleted = false;
  };

  struct open_transaction {
    std::int64_t outbox_id = 0;
    change what;
    std::string content;
  };

  struct lease {
    std::string holder;
    std::int64_t expires_at = 0;
  };

  std::map<key, record> rows;
  std::map<key, revision_row> revisions;
  std::map<std::int64_t, change> outbox;
  std::map<std::string, lease> leases;
  std::int64_t sequence = 0;
  std::int64_t outbox_sequence = 0;
  std::uint64_t counter = 1;
  publication upto;
};

class memory_database::backup {
 public:
  memory_contents contents;
};

struct memory_database::state : memory_contents {
  clock now;
  mutable std::mutex mutex;
  std::uint64_t timeline = 1;
  std::map<std::uint64_t, open_transaction> open;
  std::uint64_t last_transaction = 0;
  ec next_failure = ec::none;
  std::uint32_t failures_left = 0;
  bool available = true;
  std::optional<in_doubt> doubt;
  query_counts counts;

  larder::epoch epoch() const {
    return larder::epoch{"memory-" + std::to_string(timeline) + '-'
                         + std::to_string(counter)};
  }

  /// Counts a call, and fails it if it is to fail.
  caf::error enter(std::uint64_t& count) {
    ++count;
    if (!available)
      return fail(ec::unavailable, "the database is not available");
    if (failures_left > 0) {
      --failures_left;
      return fail(next_failure, "the database was told to fail");
    }
    return {};
  }

  bool is_locked(const key& k) const {
    return std::any_of(open.begin(), open.end(),
                       [&](auto& t) { return t.second.what.key == k; });
  }

  version_info info_of(const key& k) const {
    auto i = revisions.find(k);
    if (i == revisions.end())
      return {0, 0, epoch()};
    return {i->second.revision, i->second.version, epoch()};
  }

  lookup look_up(const key& k, bool with_value) const {
    lookup result{nullptr, info_of(k)};
    if (auto i = rows.find(k); with_value && i != rows.end())
      result.value = artifact::make(k, i->second.content, result.info);
    return result;
  }

  std::vector<fingerprint> fingerprints_of(std::span<const key> keys) const {
    std::vector<fingerprint> result;
    std::size_t bytes = 0;
    for (auto& k : keys) {
      fingerprint f{k, info_of(k), false, {}, {}};
      if (auto i = rows.find(k); i != rows.end()) {
        f.present = true;
        bytes += i->second.content.size();
        if (bytes <= static_cast<std::size_t>(fingerprint_budget))
          f.digest = digest_of(i->second.content);
      }
      if (auto i = revisions.find(k); i != revisions.end())
        f.age = std::chrono::duration_cast<std::chrono::milliseconds>(
            std::chrono::nanoseconds{now() - i->second.changed_at});
      result.push_back(std::move(f));
    }
    return result;
  }

  /// The next revision of a key and its outbox row, as the trigger has it.
  version_info note(const key& k, bool deleted) {
    auto& row = revisions[k];
    row.revision = ++sequence;
    row.version += deleted ? 0 : 1;
    row.deleted = deleted;
    row.changed_at = now();
    outbox[++outbox_sequence] = {k, row.revision, row.version, deleted};
    return info_of(k);
  }

  version_info store(const key& k, std::string content) {
    rows[k].content = std::move(content);
    return note(k, false);
  }

  caf::expected<version_info> write(const write_request& w);
};

template <class F>
auto memory_database::with(F&& f) const {
  std::lock_guard guard{state_->mutex};
  return f(*state_);
}

}  // namespace larder::test
