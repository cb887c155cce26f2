#include "storage/package_store.hpp"

#include "storage/error.hpp"
#include "storage/package_store_parts.hpp"
#include "storage/package_weight.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace larder {

using namespace package_records;

namespace {

std::int64_t system_clock() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

// -- shared
// ---------------------------------------------------------------------

namespace package_records {

caf::error damaged(std::string_view key) {
  std::string name{key};
  std::replace(name.begin(), name.end(), '\0', '/');
  return fail(ec::internal,
              "the package store's record of " + name
                  + " is damaged; run `larder packages check`, then restore a "
                    "backup or store the package again");
}

search_document searchable(std::string_view head, const package& p) {
  search_document d;
  d.id = head;
  d.name = p.name;
  for (auto* list : {&p.keywords, &p.tags})
    for (auto& word : *list)
      d.keywords.append(d.keywords.empty() ? "" : ", ").append(word);
  d.description = p.description;
  d.body = p.readme;
  for (auto& s : p.snippets)
    d.code.append(s.title).append("\n").append(s.code).append("\n");
  d.filters.push_back(ecosystem_filter(p.ecosystem));
  for (auto& tag : tags_of(p))
    d.filters.push_back(tag_filter(tag));
  d.weight = package_weight(p);
  return d;
}

}  // namespace package_records

caf::expected<std::optional<kept_document>>
package_store::parts::document(std::string_view key,
                               const rocks_snapshot* at) const {
  kept_document kept;
  auto found = db->get(documents, key, kept.json, at);
  if (!found)
    return std::move(found.error());
  if (!*found)
    return std::optional<kept_document>{};
  auto meta = take_meta(kept.json);
  if (!meta)
    return damaged(key);
  kept.meta = std::move(*meta);
  return std::optional{std::move(kept)};
}

caf::expected<std::optional<summary_record>>
package_store::parts::summary(std::string_view head,
                              const rocks_snapshot* at) const {
  std::string value;
  auto found = db->get(summaries, head, value, at);
  if (!found)
    return std::move(found.error());
  if (!*found)
    return std::optional<summary_record>{};
  auto record = decode_summary(value);
  if (!record)
    return damaged(head);
  return record;
}

caf::expected<std::optional<std::string>>
package_store::parts::detail(std::string_view key,
                             const rocks_snapshot* at) const {
  std::string value;
  auto found = db->get(details, key, value, at);
  if (!found)
    return std::move(found.error());
  return *found ? std::optional{std::move(value)} : std::nullopt;
}

// -- opening
// --------------------------------------------------------------------

package_store::package_store(std::unique_ptr<parts> p) : parts_(std::move(p)) {}
package_store::~package_store() = default;

caf::expected<std::unique_ptr<package_store>>
package_store::open(package_store_options options) {
  if (!options.clock)
    options.clock = system_clock;
  rocks_options wanted;
  wanted.families = {"documents", "summaries", "details", "search"};
  wanted.block_cache_bytes = options.cache_bytes;
  wanted.least_free_bytes = options.least_free_bytes;
  wanted.reserve_bytes = options.reserve_bytes;
  auto db = rocks_database::open(options.directory, std::move(wanted));
  if (!db)
    return std::move(db.error());
  std::unique_ptr<package_store> store{new package_store{
      std::make_unique<parts>(std::move(options), std::move(*db))}};
  auto& p = *store->parts_;
  auto made_as = p.detail(format_key);
  if (!made_as)
    return std::move(made_as.error());
  if (!*made_as) {
    rocks_batch batch;
    batch.put(details, format_key, format);
    batch.put(details, rules_key, rules);
    if (auto ok = p.db->write(batch); !ok)
      return std::move(ok.error());
  } else if (**made_as != format) {
    return fail(ec::configuration,
                "the package store in " + p.options.directory + " has format "
                    + **made_as + "; this program knows " + std::string{format}
                    + ": use the program that made it, or another directory");
  }
  auto unfinished = p.detail(unfinished_key);
  if (!unfinished)
    return std::move(unfinished.error());
  auto current = p.index.is_current();
  if (!current)
    return std::move(current.error());
  auto made_by = p.detail(rules_key);
  if (!made_by)
    return std::move(made_by.error());
  if (*unfinished || !*current || *made_by != std::string{rules})
    if (auto ok = store->reindex(); !ok)
      return std::move(ok.error());
  return store;
}

// -- reads
// ----------------------------------------------------------------------

caf::expected<package_lookup>
package_store::get(std::string_view ecosystem, std::string_view name,
                   std::string_view version) const {
  if (auto ok = check_package_key(ecosystem, name); !ok)
    return std::move(ok.error());
  auto answer = [](std::optional<kept_document> kept) {
    package_lookup found;
    if (!kept)
      return found;
    found.revision = kept->meta.revision;
    found.stored_at = kept->meta.stored_at;
    if (kept->meta.present) {
      found.version = std::move(kept->meta.version);
      found.document = std::move(kept->json);
    }
    return found;
  };
  auto head = head_key(ecosystem, name);
  if (version.empty()) {
    auto kept = parts_->document(head);
    if (!kept)
      return std::move(kept.error());
    return answer(std::move(*kept));
  }
  if (auto ok = check_package_version(version); !ok)
    return std::move(ok.error());
  // Of one moment: the version may become the head between two reads.
  auto at = parts_->db->snapshot();
  auto kept = parts_->document(head, &at);
  if (!kept)
    return std::move(kept.error());
  if (!*kept || !(*kept)->meta.present || (*kept)->meta.version == version)
    return answer(std::move(*kept));
  auto other = parts_->document(version_key(head, version), &at);
  if (!other)
    return std::move(other.error());
  if (*other)
    return answer(std::move(*other));
  package_lookup none;
  none.revision = (*kept)->meta.removed;
  return none;
}

caf::expected<std::vector<std::string>>
package_store::versions(std::string_view ecosystem,
                        std::string_view name) const {
  if (auto ok = check_package_key(ecosystem, name); !ok)
    return std::move(ok.error());
  auto at = parts_->db->snapshot();
  auto head = head_key(ecosystem, name);
  auto kept = parts_->document(head, &at);
  if (!kept)
    return std::move(kept.error());
  std::vector<std::string> found;
  if (!*kept || !(*kept)->meta.present)
    return found;
  found.push_back(std::move((*kept)->meta.version));
  auto prefix = versions_prefix(head);
  auto ok = parts_->db->each_prefix(
      documents, prefix,
      [&](std::string_view key, std::string_view) {
        found.emplace_back(key.substr(prefix.size()));
        return true;
      },
      &at);
  if (!ok)
    return std::move(ok.error());
  return found;
}

caf::expected<std::vector<package_snippet>>
package_store::snippets(std::string_view ecosystem, std::string_view name,
                        std::string_view kind) const {
  if (auto ok = check_package_key(ecosystem, name); !ok)
    return std::move(ok.error());
  auto at = parts_->db->snapshot();
  auto head = head_key(ecosystem, name);
  auto record = parts_->summary(head, &at);
  if (!record)
    return std::move(record.error());
  if (!*record)
    return fail(ec::not_found, "no package " + std::string{ecosystem} + "/"
                                   + std::string{name});
  std::vector<package_snippet> found;
  for (std::uint32_t i = 0; i < (*record)->snippets; ++i) {
    auto value = parts_->detail(snippet_key(head, i), &at);
    if (!value)
      return std::move(value.error());
    auto snippet = *value ? decode_snippet(**value) : std::nullopt;
    if (!snippet)
      return damaged(head);
    if (kind.empty() || snippet->kind == kind)
      found.push_back(std::move(*snippet));
  }
  return found;
}

caf::expected<package_store_stats> package_store::stats() const {
  package_store_stats stats;
  caf::error broken;
  auto ok = parts_->db->each_prefix(
      details, counters_key({}),
      [&](std::string_view key, std::string_view value) {
        auto c = decode_counters(value);
        if (!c) {
          broken = damaged(key);
          return false;
        }
        auto number = [](std::int64_t n) {
          return static_cast<std::uint64_t>(std::max<std::int64_t>(n, 0));
        };
        stats.ecosystems.push_back({std::string{key.substr(1)},
                                    number(c->packages), number(c->versions),
                                    number(c->snippets), number(c->bytes)});
        return true;
      });
  if (!ok)
    return std::move(ok.error());
  if (broken)
    return broken;
  for (rocks_family f = documents; f <= first_of_search; ++f) {
    auto sizes = parts_->db->sizes(f);
    stats.disk_bytes += sizes.disk_bytes + sizes.memory_bytes;
  }
  return stats;
}

}  // namespace larder
