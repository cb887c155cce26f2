#include "tests/support/memory_state.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <ctime>
#include <functional>
#include <map>
#include <set>

namespace larder::test {

namespace {

std::string rfc3339(std::int64_t nanoseconds) {
  auto seconds = static_cast<std::time_t>(nanoseconds / 1'000'000'000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[64];
  std::snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ",
                parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                parts.tm_hour, parts.tm_min, parts.tm_sec,
                static_cast<int>(nanoseconds % 1'000'000'000 / 1'000));
  return text;
}

std::set<std::string> words_of(const std::string& text) {
  std::set<std::string> words{""};
  std::string word;
  for (unsigned char c : text + ' ')
    if (std::isalnum(c) != 0 || c >= 0x80)
      word += static_cast<char>(std::tolower(c));
    else
      words.insert(std::exchange(word, {}));
  words.erase("");
  return words;
}

}  // namespace

// -- the store ---------------------------------------------------------------

memory_store::memory_store(std::shared_ptr<memory_database> database)
    : database_(std::move(database)) {}

caf::expected<std::vector<lookup>>
memory_store::get(std::span<const key> keys) {
  using result = caf::expected<std::vector<lookup>>;
  return database_->with([&](auto& s) -> result {
    if (auto err = s.enter(s.counts.get))
      return err;
    s.counts.keys += keys.size();
    std::vector<lookup> found;
    for (auto& k : keys)
      found.push_back(s.look_up(k, true));
    return found;
  });
}

caf::expected<std::vector<lookup>>
memory_store::revisions(std::span<const key> keys) {
  using result = caf::expected<std::vector<lookup>>;
  return database_->with([&](auto& s) -> result {
    if (auto err = s.enter(s.counts.revisions))
      return err;
    s.counts.keys += keys.size();
    std::vector<lookup> found;
    for (auto& k : keys)
      found.push_back(s.look_up(k, false));
    return found;
  });
}

caf::expected<std::vector<caf::expected<version_info>>>
memory_store::write(std::span<const write_request> requests) {
  using results = std::vector<caf::expected<version_info>>;
  return database_->with([&](auto& s) -> caf::expected<results> {
    if (auto err = s.enter(s.counts.write))
      return err;
    auto doubt = std::exchange(s.doubt, std::nullopt);
    results all;
    if (doubt != in_doubt::lost)
      for (auto& w : requests)
        all.push_back(s.write(w));
    if (doubt)
      return fail(ec::unavailable, "the connection was lost during the commit "
                                   "and its outcome is unknown");
    return all;
  });
}

caf::expected<std::vector<list_item>>
memory_store::list(const std::string& type, std::uint32_t limit,
                   const std::string& after) {
  using result = caf::expected<std::vector<list_item>>;
  return database_->with([&](auto& s) -> result {
    if (auto err = s.enter(s.counts.list))
      return err;
    std::vector<list_item> items;
    for (auto i = s.rows.upper_bound(key{type, after});
         i != s.rows.end() && i->first.type == type && items.size() < limit;
         ++i) {
      auto& row = s.revisions[i->first];
      items.push_back(
          {i->first.id, row.revision, row.version, rfc3339(row.changed_at)});
    }
    return items;
  });
}

caf::expected<std::vector<artifact_ptr>>
memory_store::scan(const std::optional<std::string>& type, std::uint32_t limit,
                   const std::optional<key>& after) {
  using result = caf::expected<std::vector<artifact_ptr>>;
  return database_->with([&](auto& s) -> result {
    if (auto err = s.enter(s.counts.scan))
      return err;
    auto from = std::max(after.value_or(key{}), key{type.value_or(""), ""});
    std::vector<artifact_ptr> found;
    for (auto i = s.rows.upper_bound(from);
         i != s.rows.end() && found.size() < limit
         && (!type || i->first.type == *type);
         ++i)
      found.push_back(s.look_up(i->first, true).value);
    return found;
  });
}

caf::expected<artifact_matches>
memory_store::search(const artifact_query& query) {
  return database_->with([&](auto& s) -> caf::expected<artifact_matches> {
    if (auto err = s.enter(s.counts.search))
      return err;
    auto wanted = words_of(query.words);
    artifact_matches matches;
    for (auto& [k, row] : s.rows) {
      auto there = words_of(k.id + ' ' + row.content);
      if (wanted.empty() || (query.type && k.type != *query.type)
          || !std::includes(there.begin(), there.end(), wanted.begin(),
                            wanted.end()))
        continue;
      auto info = s.info_of(k);
      matches.found.push_back({k, info.revision, info.version,
                               words_of(k.id) == wanted ? 1. : .5,
                               row.content});
    }
    auto& found = matches.found;
    std::stable_sort(found.begin(), found.end(),
                     [](auto& a, auto& b) { return a.score > b.score; });
    auto begin = std::min<std::size_t>(query.offset, found.size());
    found.erase(found.begin(), found.begin() + static_cast<long>(begin));
    found.resize(std::min<std::size_t>(query.limit, found.size()));
    return matches;
  });
}

caf::expected<bool> memory_store::index(std::uint32_t) {
  return false;
}

caf::expected<void> memory_store::count_usage(std::span<const usage> reads) {
  return database_->with([&](auto& s) -> caf::expected<void> {
    if (auto err = s.enter(s.counts.count_usage))
      return err;
    for (auto& u : reads)
      if (auto i = s.rows.find(u.key); i != s.rows.end())
        i->second.usage += u.reads;
    return caf::unit;
  });
}

caf::expected<std::vector<fingerprint>>
memory_store::fingerprints(std::span<const key> keys) {
  using result = caf::expected<std::vector<fingerprint>>;
  return database_->with([&](auto& s) -> result {
    if (auto err = s.enter(s.counts.fingerprints))
      return err;
    return s.fingerprints_of(keys);
  });
}

caf::expected<std::vector<fingerprint>>
memory_store::changed_within(std::chrono::milliseconds ago,
                             std::uint32_t limit) {
  using result = caf::expected<std::vector<fingerprint>>;
  return database_->with([&](auto& s) -> result {
    if (auto err = s.enter(s.counts.fingerprints))
      return err;
    auto since = s.now() - std::chrono::nanoseconds{ago}.count();
    std::multimap<std::int64_t, key, std::greater<>> newest;
    for (auto& [k, row] : s.revisions)
      if (row.changed_at > since)
        newest.emplace(row.changed_at, k);
    std::vector<key> keys;
    for (auto& [at, k] : newest)
      if (keys.size() < limit)
        keys.push_back(k);
    return s.fingerprints_of(keys);
  });
}

caf::expected<std::vector<fingerprint>>
memory_store::survey(const std::optional<std::string>& type,
                     std::uint32_t limit, const std::optional<key>& after) {
  using result = caf::expected<std::vector<fingerprint>>;
  return database_->with([&](auto& s) -> result {
    if (auto err = s.enter(s.counts.fingerprints))
      return err;
    auto from = std::max(after.value_or(key{}), key{type.value_or(""), ""});
    std::vector<key> keys;
    for (auto i = s.rows.upper_bound(from);
         i != s.rows.end() && keys.size() < limit
         && (!type || i->first.type == *type);
         ++i)
      keys.push_back(i->first);
    return s.fingerprints_of(keys);
  });
}

// -- the outbox --------------------------------------------------------------

memory_outbox::memory_outbox(std::shared_ptr<memory_database> database)
    : database_(std::move(database)) {}

caf::expected<bool> memory_outbox::hold_lease(const std::string& name,
                                              const std::string& holder,
                                              std::chrono::milliseconds ttl) {
  return database_->with([&](auto& s) -> caf::expected<bool> {
    if (auto err = s.enter(s.counts.outbox))
      return err;
    auto& held = s.leases[name];
    if (held.holder != holder && !held.holder.empty()
        && s.now() < held.expires_at)
      return false;
    held.holder = holder;
    held.expires_at = s.now() + std::chrono::nanoseconds{ttl}.count();
    return true;
  });
}

caf::expected<void> memory_outbox::release_lease(const std::string& name,
                                                 const std::string& holder) {
  return database_->with([&](auto& s) -> caf::expected<void> {
    if (auto err = s.enter(s.counts.outbox))
      return err;
    if (auto i = s.leases.find(name);
        i != s.leases.end() && i->second.holder == holder)
      s.leases.erase(i);
    return caf::unit;
  });
}

caf::expected<outbox_batch> memory_outbox::unpublished(std::uint32_t limit) {
  return database_->with([&](auto& s) -> caf::expected<outbox_batch> {
    if (auto err = s.enter(s.counts.outbox))
      return err;
    outbox_batch batch;
    batch.epoch = s.epoch();
    batch.upto = s.upto;
    std::map<key, artifact_ptr> values;
    for (auto& [id, c] : s.outbox) {
      if (batch.rows.size() == limit) {
        batch.more = true;
        break;
      }
      auto& value = values[c.key];
      if (!value)
        value = s.look_up(c.key, true).value;
      batch.rows.push_back({id,
                            c.key,
                            {c.revision, c.version, batch.epoch},
                            c.deleted,
                            value,
                            s.info_of(c.key)});
    }
    return batch;
  });
}

caf::expected<void> memory_outbox::published(std::span<const std::int64_t> ids,
                                             const publication& upto) {
  return database_->with([&](auto& s) -> caf::expected<void> {
    if (auto err = s.enter(s.counts.outbox))
      return err;
    for (auto id : ids)
      s.outbox.erase(id);
    if (upto.log_sequence > s.upto.log_sequence) {
      s.upto.log_sequence = upto.log_sequence;
      s.upto.message_id = upto.message_id;
    }
    if (upto.bucket_generation == 0) {
      ++s.upto.bucket_generation;
      s.upto.bucket_mark = 0;
    } else if (upto.bucket_generation == s.upto.bucket_generation)
      s.upto.bucket_mark = std::max(s.upto.bucket_mark, upto.bucket_mark);
    return caf::unit;
  });
}

caf::expected<void> memory_outbox::renew_bucket(std::uint32_t from) {
  return database_->with([&](auto& s) -> caf::expected<void> {
    if (auto err = s.enter(s.counts.outbox))
      return err;
    if (s.upto.bucket_generation == from) {
      ++s.upto.bucket_generation;
      s.upto.bucket_mark = 0;
    }
    return caf::unit;
  });
}

caf::expected<larder::epoch>
memory_outbox::raise_epoch(const larder::epoch& from) {
  return database_->with([&](auto& s) -> caf::expected<larder::epoch> {
    if (auto err = s.enter(s.counts.outbox))
      return err;
    if (s.epoch() == from) {
      ++s.counter;
      s.upto.log_sequence = 0;
      s.upto.message_id.clear();
    }
    return s.epoch();
  });
}

caf::expected<std::uint64_t> memory_outbox::backlog() {
  return database_->with([&](auto& s) -> caf::expected<std::uint64_t> {
    if (auto err = s.enter(s.counts.outbox))
      return err;
    return s.outbox.size();
  });
}

}  // namespace larder::test
