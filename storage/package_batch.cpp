#include "storage/package_batch.hpp"

#include "storage/error.hpp"
#include "storage/package_version.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

namespace larder {

using namespace package_records;

struct package_batch::other_version {
  document_meta meta;
  std::int64_t json_bytes = 0;
};

package_batch::package_batch(const package_store::parts& store)
    : store_(store), words_(std::make_unique<search_update>(store.index)) {}

bool package_batch::has(const package_key& key) const {
  return changed_.count(head_key(key)) > 0;
}

void package_batch::set_position(const package_log_position& position) {
  batch_.put(details, log_key, encode(position));
}

caf::expected<void> package_batch::commit() {
  if (auto ok = words_->finish(batch_); !ok)
    return ok;
  for (auto& [ecosystem, by] : counts_) {
    auto key = counters_key(ecosystem);
    auto value = store_.detail(key);
    if (!value)
      return std::move(value.error());
    ecosystem_counters now;
    if (*value) {
      auto before = decode_counters(**value);
      if (!before)
        return damaged(key);
      now = *before;
    }
    now += by;
    if (now == ecosystem_counters{})
      batch_.erase(details, key);
    else
      batch_.put(details, key, encode(now));
  }
  // What another node's change did to nothing here may be lost: it would be
  // read from the log again.
  if (!batch_.empty())
    if (auto ok = store_.db->write(batch_, changed_.empty() ? rocks_write::fast
                                                            : store_.how());
        !ok)
      return ok;
  reset();
  return caf::unit;
}

void package_batch::reset() {
  batch_.clear();
  words_ = std::make_unique<search_update>(store_.index);
  counts_.clear();
  changed_.clear();
}

void package_batch::put_document(std::string_view key, std::string_view json,
                                 const document_meta& meta) {
  std::string value;
  value.reserve(json.size() + meta.version.size() + 32);
  value = json;
  append_meta(value, meta);
  batch_.put(documents, key, value);
}

void package_batch::count(const std::string& ecosystem,
                          const ecosystem_counters& by) {
  counts_[ecosystem] += by;
}

void package_batch::add_details(const std::string& head, const package& p,
                                const summary_record& summary) {
  replace_details(head, {}, indexed{p, summary});
}

void package_batch::replace_details(const std::string& head,
                                    const std::optional<indexed>& before,
                                    const std::optional<indexed>& after) {
  std::optional<search_document> old_words, new_words;
  std::vector<std::string> old_tags, new_tags, only;
  std::uint32_t old_snippets = 0, new_snippets = 0;
  if (before) {
    old_words = searchable(head, before->p);
    old_tags = before->summary.tags;
    old_snippets = before->summary.snippets;
  }
  if (after) {
    new_words = searchable(head, after->p);
    new_tags = after->summary.tags;
    new_snippets = after->summary.snippets;
  }
  if (old_words != new_words)
    words_->change(old_words ? &*old_words : nullptr,
                   new_words ? &*new_words : nullptr);
  std::set_difference(old_tags.begin(), old_tags.end(), new_tags.begin(),
                      new_tags.end(), std::back_inserter(only));
  for (auto& tag : only)
    batch_.erase(details, tag_key(tag, head));
  only.clear();
  std::set_difference(new_tags.begin(), new_tags.end(), old_tags.begin(),
                      old_tags.end(), std::back_inserter(only));
  for (auto& tag : only)
    batch_.put(details, tag_key(tag, head), {});
  for (auto i = std::uint32_t{0}; i < new_snippets; ++i)
    batch_.put(details, snippet_key(head, i), encode(after->p.snippets[i]));
  for (auto i = new_snippets; i < old_snippets; ++i)
    batch_.erase(details, snippet_key(head, i));
  if (after)
    batch_.put(summaries, head, encode(after->summary));
  else
    batch_.erase(summaries, head);
}

caf::expected<std::vector<package_batch::other_version>>
package_batch::other_versions(const std::string& head) const {
  std::vector<other_version> found;
  caf::error broken;
  auto ok = store_.db->each_prefix(
      documents, versions_prefix(head),
      [&](std::string_view key, std::string_view value) {
        auto meta = read_meta(value);
        if (!meta || !meta->present) {
          broken = damaged(key);
          return false;
        }
        auto bytes = value.size() - trailer_bytes(*meta);
        found.push_back({std::move(*meta), static_cast<std::int64_t>(bytes)});
        return true;
      });
  if (!ok)
    return std::move(ok.error());
  if (broken)
    return broken;
  return found;
}

caf::expected<package_batch::answered>
package_batch::answered_by(const std::string& head,
                           const kept_document& top) const {
  auto record = store_.summary(head);
  if (!record)
    return std::move(record.error());
  auto parsed = parse_package(top.json, no_limits);
  if (!*record || !parsed)
    return damaged(head);
  return answered{std::move(**record), std::move(*parsed)};
}

caf::expected<package_batch::heir>
package_batch::heir_in(const std::string& key) const {
  auto kept = store_.document(key);
  if (!kept)
    return std::move(kept.error());
  auto p = *kept ? parse_package((*kept)->json, no_limits)
                 : caf::expected<package>{make_error(ec::not_found)};
  if (!p)
    return damaged(key);
  return heir{std::move(**kept), std::move(*p)};
}

caf::expected<std::vector<std::string>>
package_batch::untold_puts(const std::string& head) const {
  std::vector<std::string> found;
  auto ok =
      store_.db->each_prefix(details, pending_put_key(head, {}),
                             [&](std::string_view pending, std::string_view) {
                               found.emplace_back(pending);
                               return true;
                             });
  if (!ok)
    return std::move(ok.error());
  return found;
}

// -- who wins
// -------------------------------------------------------------------

caf::expected<package_written> package_batch::put(std::string_view json,
                                                  const package& p,
                                                  const origin& from) {
  auto head = head_key(p.ecosystem, p.name);
  auto top = store_.document(head);
  if (!top)
    return std::move(top.error());
  auto live = *top && (*top)->meta.present;
  auto removed = *top ? (*top)->meta.removed : 0;
  package_written result{
      {p.ecosystem, p.name}, p.version, removed, false, false};
  if ((from.revision && *from.revision <= removed)
      || (from.seen && removed > *from.seen))
    return result;

  // What this version holds now, and what the package answers.
  std::optional<kept_document> existing;
  auto is_top = live && (*top)->meta.version == p.version;
  if (is_top) {
    existing = **top;
  } else if (live) {
    auto other = store_.document(version_key(head, p.version));
    if (!other)
      return std::move(other.error());
    existing = std::move(*other);
  }
  result.existed = existing.has_value();
  if (existing) {
    result.revision = existing->meta.revision;
    auto loses = from.revision
                     ? std::tie(*from.revision, json)
                           <= std::make_tuple(existing->meta.revision,
                                              std::string_view{existing->json})
                     : existing->json == json;
    if (loses)
      return result;
  }
  std::optional<answered> old;
  if (live) {
    auto before = answered_by(head, **top);
    if (!before)
      return std::move(before.error());
    old = std::move(*before);
  }

  auto revision = from.revision.value_or(std::max(
      store_.now(), 1
                        + std::max({removed, *top ? (*top)->meta.revision : 0,
                                    existing ? existing->meta.revision : 0})));
  document_meta meta{true, revision, store_.now(), 0, p.version};
  auto versions = (live ? old->summary.versions : 0) + (existing ? 0u : 1u);
  ecosystem_counters by;
  by.packages = live ? 0 : 1;
  by.versions = existing ? 0 : 1;
  by.bytes = static_cast<std::int64_t>(json.size())
             - static_cast<std::int64_t>(existing ? existing->json.size() : 0);

  if (!live || is_top
      || is_preferred(p.ecosystem, p.version, (*top)->meta.version)) {
    if (live && !is_top) {
      auto down = (*top)->meta;
      down.removed = 0;
      put_document(version_key(head, down.version), (*top)->json, down);
    }
    meta.removed = removed;
    put_document(head, json, meta);
    auto summary = summary_of(p, json.size(), revision, versions);
    by.snippets = static_cast<std::int64_t>(summary.snippets)
                  - (live ? old->summary.snippets : 0);
    replace_details(head,
                    live ? std::optional{indexed{old->p, old->summary}}
                         : std::nullopt,
                    indexed{p, summary});
  } else {
    put_document(version_key(head, p.version), json, meta);
    old->summary.versions = versions;
    batch_.put(summaries, head, encode(old->summary));
  }
  count(p.ecosystem, by);
  if (!from.revision)
    batch_.put(details, pending_put_key(head, p.version),
               encode_revision(revision));
  changed_.insert(head);
  result.revision = revision;
  result.applied = true;
  return result;
}

caf::expected<package_written>
package_batch::remove(const package_key& key,
                      std::optional<std::int64_t> given) {
  auto head = head_key(key);
  // All is read before anything is changed: what else is in the batch is
  // committed even if this fails.
  auto top = store_.document(head);
  if (!top)
    return std::move(top.error());
  auto others = other_versions(head);
  if (!others)
    return std::move(others.error());
  auto live = *top && (*top)->meta.present;
  auto removed = *top ? (*top)->meta.removed : 0;
  package_written result{key, {}, removed, false, live};
  if (given && *given <= removed)
    return result;
  auto newest = std::max(removed, *top ? (*top)->meta.revision : 0);
  for (auto& other : *others)
    newest = std::max(newest, other.meta.revision);
  auto revision = given.value_or(std::max(store_.now(), newest + 1));
  result.revision = revision;
  result.applied = true;

  const other_version* next = nullptr;
  std::uint32_t left = 0;
  for (auto& other : *others) {
    if (other.meta.revision <= revision)
      continue;
    // Written after the removal, wherever that was.
    left += 1;
    if (next == nullptr
        || is_preferred(key.ecosystem, other.meta.version, next->meta.version))
      next = &other;
  }
  std::optional<answered> old;
  if (live) {
    auto before = answered_by(head, **top);
    if (!before)
      return std::move(before.error());
    old = std::move(*before);
  }
  auto top_stays = live && (*top)->meta.revision > revision;
  std::optional<package_batch::heir> heir;
  if (!top_stays && next != nullptr) {
    auto found = heir_in(version_key(head, next->meta.version));
    if (!found)
      return std::move(found.error());
    if (!live)
      return damaged(head);
    heir = std::move(*found);
  }
  std::vector<std::string> untold;
  if (!given) {
    auto found = untold_puts(head);
    if (!found)
      return std::move(found.error());
    untold = std::move(*found);
  }

  ecosystem_counters by;
  for (auto& other : *others)
    if (other.meta.revision <= revision) {
      batch_.erase(documents, version_key(head, other.meta.version));
      by.versions -= 1;
      by.bytes -= other.json_bytes;
    }
  if (top_stays) {
    auto meta = (*top)->meta;
    meta.removed = revision;
    put_document(head, (*top)->json, meta);
    old->summary.versions = left + 1;
    batch_.put(summaries, head, encode(old->summary));
  } else if (heir) {
    auto& [kept, p] = *heir;
    auto meta = kept.meta;
    meta.removed = revision;
    put_document(head, kept.json, meta);
    batch_.erase(documents, version_key(head, meta.version));
    auto summary = summary_of(p, kept.json.size(), meta.revision, left);
    replace_details(head, indexed{old->p, old->summary}, indexed{p, summary});
    by.versions -= 1;
    by.bytes -= static_cast<std::int64_t>((*top)->json.size());
    by.snippets +=
        static_cast<std::int64_t>(summary.snippets) - old->summary.snippets;
  } else {
    put_document(head, {}, {false, revision, store_.now(), revision, {}});
    batch_.erase(details, collector_key(head));
    if (live) {
      replace_details(head, indexed{old->p, old->summary}, {});
      by.packages -= 1;
      by.versions -= 1;
      by.bytes -= static_cast<std::int64_t>((*top)->json.size());
      by.snippets -= old->summary.snippets;
    }
  }
  count(key.ecosystem, by);
  batch_.put(details, removal_key(revision, head), {});
  // Puts that nobody has been told of are as good as never made.
  for (auto& put : untold)
    batch_.erase(details, put);
  if (!given)
    batch_.put(details, pending_removal_key(head), encode_revision(revision));
  changed_.insert(head);
  return result;
}

}  // namespace larder
