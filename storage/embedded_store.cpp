#include "storage/embedded_store.hpp"

#include "storage/embedded_moment.hpp"
#include "storage/embedded_search.hpp"
#include "storage/ordered_key.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <utility>

namespace larder {

using embedded::moment;

namespace {

std::string rfc3339(std::int64_t nanoseconds) {
  auto seconds = static_cast<std::time_t>(nanoseconds / 1'000'000'000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  auto size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text + size, sizeof text - size, ".%06dZ",
                static_cast<int>(nanoseconds % 1'000'000'000 / 1'000));
  return text;
}

/// Where a page begins, and where it ends at the latest.
std::pair<std::string, std::string>
page_of(const std::optional<std::string>& type,
        const std::optional<key>& after) {
  std::string begin, end;
  if (type) {
    begin = embedded::prefix_of(*type);
    end = ordered_key::end_of_prefix(begin);
  }
  // The first key behind another one is the same with a NUL at its end.
  if (after)
    begin = std::max(begin, embedded::encode(key_view{*after}) + '\0');
  return {std::move(begin), std::move(end)};
}

caf::expected<std::vector<fingerprint>>
fingerprints_of(const moment& at, std::span<const key> keys) {
  std::vector<fingerprint> result;
  std::int64_t bytes = 0;
  for (auto& k : keys) {
    auto one = at.fingerprint_of(k);
    if (!one)
      return one.error();
    auto& [f, value] = *one;
    if (value) {
      bytes += static_cast<std::int64_t>(value->content().size());
      if (bytes <= fingerprint_budget)
        f.digest = digest_of(value->content());
    }
    result.push_back(std::move(f));
  }
  return result;
}

}  // namespace

embedded_store::embedded_store(std::shared_ptr<embedded_database> database)
    : database_(std::move(database)) {}

// -- reading -----------------------------------------------------------------

caf::expected<std::vector<lookup>>
embedded_store::get(std::span<const key> keys) {
  auto at = moment::of(*database_);
  if (!at)
    return at.error();
  std::vector<lookup> result;
  result.reserve(keys.size());
  for (auto& k : keys) {
    auto found = at->look_up(k);
    if (!found)
      return found.error();
    result.push_back(std::move(*found));
  }
  return result;
}

caf::expected<std::vector<lookup>>
embedded_store::revisions(std::span<const key> keys) {
  auto at = moment::of(*database_);
  if (!at)
    return at.error();
  std::vector<lookup> result;
  result.reserve(keys.size());
  for (auto& k : keys) {
    auto row = at->revision_of(k);
    if (!row)
      return row.error();
    result.push_back({nullptr, at->info_of(*row)});
  }
  return result;
}

caf::expected<std::vector<list_item>>
embedded_store::list(const std::string& type, std::uint32_t limit,
                     const std::string& after) {
  std::vector<list_item> items;
  if (limit == 0)
    return items;
  auto [begin, end] = page_of(
      type, after.empty() ? std::nullopt : std::optional{key{type, after}});
  auto ok = database_->rocks().each(
      embedded::revisions, begin, end, [&](auto name, auto bytes) {
        auto row = embedded::decode_revision(bytes);
        if (row && !row->deleted)
          items.push_back({embedded::decode_key(name).id, row->revision,
                           row->version, rfc3339(row->changed_at)});
        return items.size() < limit;
      });
  if (!ok)
    return ok.error();
  return items;
}

caf::expected<std::vector<artifact_ptr>>
embedded_store::scan(const std::optional<std::string>& type,
                     std::uint32_t limit, const std::optional<key>& after) {
  std::vector<artifact_ptr> found;
  auto at = moment::of(*database_);
  if (!at)
    return at.error();
  if (limit == 0)
    return found;
  auto [begin, end] = page_of(type, after);
  auto ok = database_->rocks().each(
      embedded::values, begin, end,
      [&](auto name, auto bytes) {
        if (auto value = embedded::decode_value(bytes))
          found.push_back(
              artifact::make(embedded::decode_key(name), value->content,
                             {value->revision, value->version, at->epoch()}));
        return found.size() < limit;
      },
      &at->at());
  if (!ok)
    return ok.error();
  return found;
}

// -- writing -----------------------------------------------------------------

caf::expected<std::vector<caf::expected<version_info>>>
embedded_store::write(std::span<const write_request> requests) {
  return database_->write(requests);
}

caf::expected<void> embedded_store::count_usage(std::span<const usage> reads) {
  return database_->count_usage(reads);
}

// -- searching ---------------------------------------------------------------

caf::expected<artifact_matches>
embedded_store::search(const artifact_query& query) {
  return embedded::find(*database_, query);
}

caf::expected<bool> embedded_store::index(std::uint32_t) {
  if (auto ok = database_->mend_search(); !ok)
    return ok.error();
  return false;
}

// -- checking ----------------------------------------------------------------

caf::expected<std::vector<fingerprint>>
embedded_store::fingerprints(std::span<const key> keys) {
  auto at = moment::of(*database_);
  if (!at)
    return at.error();
  return fingerprints_of(*at, keys);
}

caf::expected<std::vector<fingerprint>>
embedded_store::changed_within(std::chrono::milliseconds ago,
                               std::uint32_t limit) {
  auto at = moment::of(*database_);
  if (!at)
    return at.error();
  auto since = std::max<std::int64_t>(
      0, database_->now() - std::chrono::nanoseconds{ago}.count());
  auto first = embedded::encode_number(static_cast<std::uint64_t>(since) + 1);
  std::vector<key> keys;
  auto place = database_->rocks().cursor(embedded::changes, &at->at());
  for (std::string end; keys.size() < limit && place.seek_last(end);) {
    end = place.key();
    if (end < first)
      break;
    keys.push_back(embedded::decode_key(place.value()));
  }
  if (auto err = place.failed())
    return err;
  return fingerprints_of(*at, keys);
}

caf::expected<std::vector<fingerprint>>
embedded_store::survey(const std::optional<std::string>& type,
                       std::uint32_t limit, const std::optional<key>& after) {
  auto at = moment::of(*database_);
  if (!at)
    return at.error();
  std::vector<key> keys;
  if (limit == 0)
    return std::vector<fingerprint>{};
  auto [begin, end] = page_of(type, after);
  auto ok = database_->rocks().each(
      embedded::revisions, begin, end,
      [&](auto name, auto bytes) {
        auto row = embedded::decode_revision(bytes);
        if (row && !row->deleted)
          keys.push_back(embedded::decode_key(name));
        return keys.size() < limit;
      },
      &at->at());
  if (!ok)
    return ok.error();
  return fingerprints_of(*at, keys);
}

}  // namespace larder
