#include "node/package_reply.hpp"

#include "storage/json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace larder {

namespace {

using nlohmann::ordered_json;

// What stands around the items: brackets and the next page's name.
constexpr std::size_t frame_bytes = 2'048;

std::string dumped(const ordered_json& j) {
  return j.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

ordered_json summary_json(const package_summary& s) {
  ordered_json out{
      {"ecosystem", s.key.ecosystem}, {"name", s.key.name},
      {"version", s.version},         {"description", s.description},
      {"revision", s.revision},       {"bytes", s.bytes},
      {"versions", s.versions},       {"snippets", s.snippets}};
  if (!s.deprecated.empty())
    out["deprecated"] = s.deprecated;
  return out;
}

std::string place_of(const package_summary& s) {
  return s.key.ecosystem + "/" + s.key.name;
}

/// Items, one after the other, until they fill a message.
class filling_page {
 public:
  explicit filling_page(std::size_t most) : most_(most) {}

  /// False: it does not fit any more.
  bool add(std::string_view item) {
    if (!text_.empty() && text_.size() + item.size() + frame_bytes > most_)
      return false;
    text_ += text_.empty() ? "" : ",";
    text_ += item;
    return true;
  }

  std::string take(const char* name, const ordered_json& next) {
    return std::string{"{\""} + name + "\":[" + std::move(text_)
           + "],\"next\":" + dumped(next) + "}";
  }

 private:
  std::size_t most_;
  std::string text_;
};

ordered_json next_page(const package_page& page, std::size_t taken) {
  if (taken < page.items.size())
    return taken == 0 ? ordered_json(nullptr)
                      : ordered_json(place_of(page.items[taken - 1]));
  return page.next.empty() ? ordered_json(nullptr) : ordered_json(page.next);
}

}  // namespace

std::string to_json(const package_page& page, std::size_t most) {
  filling_page out{most};
  std::size_t taken = 0;
  while (taken < page.items.size()
         && out.add(dumped(summary_json(page.items[taken]))))
    ++taken;
  return out.take("items", next_page(page, taken));
}

caf::expected<std::string> documents_json(const package_store& store,
                                          const package_page& page,
                                          std::size_t most) {
  filling_page out{most};
  std::size_t taken = 0;
  for (; taken < page.items.size(); ++taken) {
    auto& item = page.items[taken];
    auto found = store.get(item.key.ecosystem, item.key.name, item.version);
    if (!found)
      return std::move(found.error());
    // Removed since the page was read.
    if (found->document && !out.add(*found->document))
      break;
  }
  return out.take("items", next_page(page, taken));
}

std::string to_json(const package_results& found) {
  ordered_json results = ordered_json::array();
  for (auto& hit : found.hits) {
    auto& passage = hit.passage;
    ordered_json snippet{{"field", passage.field}, {"text", passage.text}};
    ordered_json matches = ordered_json::array();
    for (auto& mark : passage.marks)
      matches.push_back(
          ordered_json::array({mark.offset, mark.offset + mark.bytes}));
    snippet["matches"] = std::move(matches);
    if (!passage.path.empty()) {
      snippet["path"] = passage.path;
      snippet["line"] = passage.line;
    }
    ordered_json one{{"ecosystem", hit.package.key.ecosystem},
                     {"name", hit.package.key.name},
                     {"version", hit.package.version},
                     {"description", hit.package.description},
                     {"score", hit.score},
                     {"snippet", std::move(snippet)}};
    if (!hit.package.deprecated.empty())
      one["deprecated"] = hit.package.deprecated;
    results.push_back(std::move(one));
  }
  return dumped({{"results", std::move(results)},
                 {"total", found.total},
                 {"total_is_exact", found.total_is_exact}});
}

std::string to_json(const std::vector<package_snippet>& snippets,
                    std::size_t offset, std::size_t limit, std::size_t most) {
  filling_page out{most};
  auto end = std::min(snippets.size(), offset + limit);
  auto at = std::min(offset, end);
  while (at < end && out.add(to_json(snippets[at])))
    ++at;
  return out.take("snippets", at < snippets.size() ? ordered_json(at)
                                                   : ordered_json(nullptr));
}

std::string to_json(const package_written& written) {
  return dumped({{"ecosystem", written.key.ecosystem},
                 {"name", written.key.name},
                 {"version", written.version},
                 {"revision", written.revision}});
}

std::string removed_json(const package_written& written) {
  return dumped({{"ecosystem", written.key.ecosystem},
                 {"name", written.key.name},
                 {"revision", written.revision}});
}

std::string to_json(const std::vector<package_outcome>& outcomes,
                    std::span<const std::size_t> lines) {
  std::uint64_t stored = 0, unchanged = 0;
  ordered_json failed = ordered_json::array();
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (auto& why = outcomes[i].failure)
      failed.push_back({{"line", lines[i]},
                        {"error", name_of(code_of(why))},
                        {"message", message_of(why)}});
    else
      ++(outcomes[i].written.applied ? stored : unchanged);
  }
  return dumped({{"stored", stored},
                 {"unchanged", unchanged},
                 {"failed", std::move(failed)}});
}

std::string to_json(const package_collected& collected,
                    const package_limits& limits) {
  auto& found = collected.found;
  ordered_json out = ordered_json::object();
  if (auto p = parse_package(found.document, limits)) {
    out = {{"ecosystem", p->ecosystem},
           {"name", p->name},
           {"version", p->version},
           {"description", p->description},
           {"licenses", p->licenses},
           {"dependencies", p->dependencies.size()},
           {"versions", p->versions.size()},
           {"snippets", p->snippets.size()},
           {"archive_bytes", p->archive.bytes},
           {"verified", p->archive.verified},
           {"collected_at", p->collected_at}};
    if (!p->deprecated.empty())
      out["deprecated"] = p->deprecated;
  }
  out["revision"] = found.revision;
  out["bytes"] = found.document.size();
  out["downloaded_bytes"] = collected.bytes;
  out["outcome"] = name_of(collected.outcome);
  if (collected.failure)
    out["failure"] = message_of(collected.failure);
  return dumped(out);
}

std::string to_json(const package_store_stats& kept,
                    const package_statistics& counted) {
  ordered_json ecosystems = ordered_json::array();
  std::uint64_t packages = 0, bytes = 0;
  for (auto& e : kept.ecosystems) {
    packages += e.packages;
    bytes += e.bytes;
    ecosystems.push_back({{"ecosystem", e.ecosystem},
                          {"packages", e.packages},
                          {"versions", e.versions},
                          {"snippets", e.snippets},
                          {"bytes", e.bytes}});
  }
  ordered_json hits = ordered_json::object();
  auto& plane = counted.plane;
  for (std::size_t i = 0; i < plane.hits.size(); ++i)
    if (auto from = static_cast<tier>(i); from != tier::embedded)
      hits[std::string{name_of(from)}] = plane.hits[i];
  return dumped({{"ecosystems", std::move(ecosystems)},
                 {"packages", packages},
                 {"bytes", bytes},
                 {"disk_bytes", kept.disk_bytes},
                 {"hits", std::move(hits)},
                 {"misses", plane.misses},
                 {"coalesced", plane.coalesced},
                 {"stored", plane.stored},
                 {"removed", plane.removed},
                 {"memory_entries", plane.entries},
                 {"memory_bytes", plane.bytes},
                 {"published", counted.relay.published},
                 {"unpublished", counted.relay.waiting},
                 {"applied", counted.feed.applied},
                 {"awaited", counted.feed.waiting},
                 {"log_gaps", counted.feed.gaps},
                 {"collected", counted.collector.collected},
                 {"collect_failures", counted.collector.failed}});
}

std::string to_json(const package_check& found) {
  return dumped({{"packages", found.packages},
                 {"versions", found.versions},
                 {"snippets", found.snippets},
                 {"tombstones", found.tombstones},
                 {"problem_count", found.problem_count},
                 {"problems", found.problems}});
}

}  // namespace larder
