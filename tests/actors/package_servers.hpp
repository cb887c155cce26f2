// What the nodes of a package_world share: bucket, log and database, as plain
// objects that a test can take away, hold up, and look into.
//
// Thread rule: one thread.
#pragma once

#include "actors/packages.hpp"
#include "cluster/change_log.hpp"
#include "storage/kv_store.hpp"
#include "storage/package_database.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace larder::test {

inline caf::error taken_away() {
  return fail(ec::unavailable, "as the test has it");
}

/// A bucket that answers at once, but for gets while it is held.
class shared_bucket final : public kv_store {
 public:
  bool down = false;
  bool held = false;
  std::vector<std::function<void()>> waiting;
  std::map<key, kv_entry> entries;
  std::uint64_t gets = 0;

  void get(const key& k, std::chrono::milliseconds, on_get done) override {
    ++gets;
    if (held)
      return waiting.push_back([this, k, done] { answer(k, done); });
    answer(k, done);
  }
  void release() {
    held = false;
    for (auto& go_on : std::exchange(waiting, {}))
      go_on();
  }
  void put(kv_put e, std::chrono::milliseconds, on_put done) override {
    if (down)
      return done(taken_away());
    auto& kept = entries[e.key];
    if (kept.sequence != e.expected_sequence)
      return done(
          conflict(static_cast<std::int64_t>(kept.sequence), "another one"));
    kept = {e.value, e.info, e.generation, ++sequence_};
    done(kept.sequence);
  }
  void purge(const key& k, std::chrono::milliseconds, on_done done) override {
    entries.erase(k);
    done({});
  }
  void clear(std::optional<std::string>, std::chrono::milliseconds,
             on_done done) override {
    done({});
  }

 private:
  void answer(const key& k, const on_get& done) {
    if (down)
      return done(taken_away());
    auto found = entries.find(k);
    done(found == entries.end() ? kv_entry{} : found->second);
  }
  std::uint64_t sequence_ = 0;
};

struct log_server {
  struct stored {
    log_record record;
    std::string message_id;
  };
  bool down = false;
  /// Records are taken, but nobody is told so until release().
  bool held = false;
  std::vector<std::function<void()>> acknowledgements;
  std::int64_t created = 1;
  std::uint64_t first = 1;
  std::vector<stored> records;
  std::vector<std::pair<const void*, change_log::reader>> readers;

  std::uint64_t last() const { return first + records.size() - 1; }
  void append(const std::string& subject, const std::string& id,
              const std::string& payload) {
    log_record r{
        {last() + 1, static_cast<std::int64_t>(last() + 1)}, subject, payload};
    records.push_back({r, id});
    for (auto& [who, to] : readers)
      to.on_record(r);
  }
  void release() {
    held = false;
    for (auto& tell : std::exchange(acknowledgements, {}))
      tell();
  }
  void lose_readers() {
    for (auto& [who, to] : std::exchange(readers, {}))
      to.on_lost(taken_away());
  }
  /// The log is lost; another one begins.
  void make_anew() {
    ++created;
    first = 1;
    records.clear();
  }
  /// The records before are gone, as after the log's retention.
  void forget_all() {
    first = last() + 1;
    records.clear();
  }
};

class node_log final : public change_log {
 public:
  explicit node_log(std::shared_ptr<log_server> server)
      : server_(std::move(server)) {}

  void publish(std::string subject, std::string id, std::string payload,
               std::chrono::milliseconds, on<std::uint64_t> done) override {
    if (server_->down)
      return done(taken_away());
    server_->append(subject, id, payload);
    if (server_->held)
      server_->acknowledgements.push_back(
          [done, at = server_->last()] { done(at); });
    else
      done(server_->last());
  }
  void info(std::chrono::milliseconds, on<log_info> done) override {
    if (server_->down)
      return done(taken_away());
    done(log_info{server_->created, server_->first, server_->last()});
  }
  void at(std::uint64_t sequence, std::chrono::milliseconds,
          on<std::optional<log_identity>> done) override {
    std::optional<log_identity> found;
    if (sequence >= server_->first && sequence <= server_->last()) {
      auto& s = server_->records[sequence - server_->first];
      found = log_identity{s.record.at, s.message_id};
    }
    done(found);
  }
  void read(log_start start, reader to) override {
    stop();
    for (auto& s : server_->records)
      if (s.record.at.sequence >= std::get<std::uint64_t>(start))
        to.on_record(s.record);
    server_->readers.emplace_back(this, std::move(to));
  }
  void stop() override {
    std::erase_if(server_->readers,
                  [this](auto& r) { return r.first == this; });
  }

 private:
  std::shared_ptr<log_server> server_;
};

/// As PostgreSQL keeps them.
struct database_server {
  bool down = false;
  std::map<package_key, package_rows> rows;
};

class shared_database final : public package_database {
 public:
  explicit shared_database(std::shared_ptr<database_server> server)
      : server_(std::move(server)) {}

  caf::expected<void> put(std::span<const package_update> updates) override {
    if (server_->down)
      return taken_away();
    for (auto& u : updates) {
      auto& row = server_->rows[u.change.key];
      if (u.change.removed) {
        row.removed_at = std::max(row.removed_at, u.change.revision);
        std::erase_if(row.versions, [&](auto& v) {
          return v.change.revision <= row.removed_at;
        });
        continue;
      }
      std::erase_if(row.versions, [&](auto& v) {
        return v.change.version == u.change.version
               && v.change.revision < u.change.revision;
      });
      row.versions.push_back(u);
    }
    return caf::unit;
  }
  caf::expected<package_rows> load(const package_key& key) override {
    if (server_->down)
      return taken_away();
    return server_->rows[key];
  }
  caf::expected<package_revision_page>
  revisions(std::uint32_t, const std::optional<package_key>&) override {
    if (server_->down)
      return taken_away();
    package_revision_page page;
    for (auto& [key, row] : server_->rows) {
      auto& item = page.items.emplace_back();
      item.key = key;
      item.removed_at = row.removed_at;
      for (auto& v : row.versions)
        item.versions.push_back({v.change.version, v.change.revision});
    }
    return page;
  }
  caf::expected<std::uint64_t> sweep(std::chrono::milliseconds) override {
    return std::uint64_t{0};
  }

 private:
  std::shared_ptr<database_server> server_;
};

}  // namespace larder::test
