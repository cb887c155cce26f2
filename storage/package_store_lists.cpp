// Pages and searches of the package store.
#include "storage/error.hpp"
#include "storage/package_store_parts.hpp"

#include <algorithm>
#include <utility>

namespace larder {

using namespace package_records;

namespace {

/// A page that fits into a message, whatever the descriptions.
constexpr std::size_t page_bytes = 256 << 10;
constexpr std::uint32_t page_items = 1'000;

class page_builder {
 public:
  explicit page_builder(std::uint32_t limit)
      : limit_(std::clamp(limit, 1u, page_items)) {}

  /// False: the page is full, and this is on the next one.
  bool add(const package_key& key, summary_record record) {
    if (page_.items.size() == limit_ || bytes_ > page_bytes) {
      auto& last = page_.items.back().key;
      page_.next = last.ecosystem + "/" + last.name;
      return false;
    }
    bytes_ += key.name.size() + record.description.size()
              + record.deprecated.size() + 128;
    page_.items.push_back(to_summary(key, std::move(record)));
    return true;
  }

  package_page take() { return std::move(page_); }

 private:
  std::uint32_t limit_;
  std::size_t bytes_ = 0;
  package_page page_;
};

caf::error no_page(std::string_view after) {
  return fail(ec::invalid_request,
              "after is \"" + std::string{after}
                  + "\"; expected \"ecosystem/name\", as next of the page "
                    "before");
}

caf::error no_tag(const std::string& tag) {
  return fail(ec::invalid_request,
              "\"" + tag
                  + "\" cannot be a tag; expected 1 to 128 bytes without "
                    "control characters");
}

/// Where in the package the words of the query stand closest together.
class passage_finder {
 public:
  explicit passage_finder(const std::string& query) : words_(query) {}

  package_passage find(const package& p) const {
    package_passage best;
    std::uint32_t found = 0;
    auto look = [&](const char* field, std::string_view text,
                    const package_snippet* at) {
      auto passage = words_.best_passage(text);
      // Of equals the first: what is for people before what is code.
      if (!best.field.empty() && passage.words <= found)
        return;
      found = passage.words;
      best = {field, std::move(passage.text), std::move(passage.marks),
              at == nullptr ? std::string{} : at->path,
              at == nullptr ? 0 : at->line};
    };
    look("description", p.description, nullptr);
    look("readme", p.readme, nullptr);
    for (auto& s : p.snippets)
      look("snippet", s.code, &s);
    return best;
  }

 private:
  search_highlighter words_;
};

constexpr std::uint32_t most_hits = 100;

}  // namespace

caf::expected<package_page> package_store::list(std::string_view ecosystem,
                                                std::uint32_t limit,
                                                std::string_view after) const {
  std::string begin, end;
  if (!ecosystem.empty()) {
    if (auto ok = check_package_key(ecosystem, "x"); !ok)
      return std::move(ok.error());
    begin = head_key(ecosystem, {});
    end = std::string{ecosystem} + '\1';
  }
  auto last = parse_after(after);
  if (!last)
    return no_page(after);
  if (!last->empty())
    begin = std::max(begin, *last + '\0');
  page_builder page{limit};
  caf::error broken;
  auto ok = parts_->db->each(summaries, begin, end,
                             [&](std::string_view key, std::string_view value) {
                               auto where = parse_head(key);
                               auto record = decode_summary(value);
                               if (!where || !record) {
                                 broken = damaged(key);
                                 return false;
                               }
                               return page.add(*where, std::move(*record));
                             });
  if (!ok)
    return std::move(ok.error());
  if (broken)
    return broken;
  return page.take();
}

caf::expected<package_page>
package_store::search_by_tags(const package_tag_query& query) const {
  std::string within;
  if (query.ecosystem) {
    if (auto ok = check_package_key(*query.ecosystem, "x"); !ok)
      return std::move(ok.error());
    within = head_key(*query.ecosystem, {});
  }
  std::vector<std::string> tags;
  for (auto& tag : query.tags) {
    auto plain = plain_tag(tag);
    if (plain.empty())
      return no_tag(tag);
    tags.push_back(std::move(plain));
  }
  std::sort(tags.begin(), tags.end());
  tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
  if (tags.empty() || tags.size() > 64)
    return fail(ec::invalid_request, "tags has " + std::to_string(tags.size())
                                         + " different tags; expected 1 to 64");
  auto last = parse_after(query.after);
  if (!last)
    return no_page(query.after);

  // All tags' lists are in the order of head keys: merge them, always looking
  // at the least (any) or at the greatest (all) of what they stand at.
  struct list {
    std::string prefix;
    rocks_cursor at;
    bool more = true;
    std::string_view head() const { return at.key().substr(prefix.size()); }
  };
  auto moment = parts_->db->snapshot();
  std::vector<list> lists;
  caf::error broken;
  auto seek = [&](list& l, std::string_view head) {
    l.more = l.at.seek(l.prefix + std::string{head})
             && l.at.key().starts_with(l.prefix)
             && l.head().starts_with(within);
    if (!l.more && !broken)
      broken = l.at.failed();
  };
  auto begin = last->empty() ? within : std::max(within, *last + '\0');
  for (auto& tag : tags) {
    lists.push_back({tag_prefix(tag), parts_->db->cursor(details, &moment)});
    seek(lists.back(), begin);
  }
  page_builder page{query.limit};
  auto all = query.match == tag_match::all;
  for (;;) {
    std::optional<std::string> least, greatest;
    for (auto& l : lists) {
      if (!l.more)
        continue;
      if (!least || l.head() < *least)
        least = l.head();
      if (!greatest || l.head() > *greatest)
        greatest = l.head();
    }
    auto ended = std::any_of(lists.begin(), lists.end(),
                             [](auto& l) { return !l.more; });
    if (broken || !least || (all && ended))
      break;
    if (all && *least != *greatest) {
      for (auto& l : lists)
        if (l.head() < *greatest)
          seek(l, *greatest);
      continue;
    }
    auto where = parse_head(*least);
    auto record = parts_->summary(*least, &moment);
    if (!record)
      return std::move(record.error());
    if (!where || !*record)
      return damaged(*least);
    if (!page.add(*where, std::move(**record)))
      break;
    for (auto& l : lists)
      if (l.more && l.head() == *least)
        seek(l, *least + '\0');
  }
  if (broken)
    return broken;
  return page.take();
}

caf::expected<package_results>
package_store::search(const package_query& query) const {
  search_query wanted;
  wanted.text = query.text;
  wanted.limit = std::clamp(query.limit, 1u, most_hits);
  wanted.offset = query.offset;
  if (query.ecosystem) {
    if (auto ok = check_package_key(*query.ecosystem, "x"); !ok)
      return std::move(ok.error());
    wanted.all_of.push_back(ecosystem_filter(*query.ecosystem));
  }
  for (auto& tag : query.tags) {
    auto plain = plain_tag(tag);
    if (plain.empty())
      return no_tag(tag);
    wanted.all_of.push_back(tag_filter(plain));
  }
  // Of one moment: what the index finds is there.
  auto at = parts_->db->snapshot();
  auto found = parts_->index.search(wanted, &at);
  if (!found)
    return std::move(found.error());
  package_results results;
  results.total = found->total;
  results.total_is_exact = found->total_is_exact;
  passage_finder passages{query.text};
  for (auto& hit : found->hits) {
    auto where = parse_head(hit.id);
    auto record = parts_->summary(hit.id, &at);
    if (!record)
      return std::move(record.error());
    auto kept = parts_->document(hit.id, &at);
    if (!kept)
      return std::move(kept.error());
    auto p = *kept ? parse_package((*kept)->json, no_limits)
                   : caf::expected<package>{make_error(ec::not_found)};
    if (!where || !*record || !p)
      return damaged(hit.id);
    results.hits.push_back({to_summary(std::move(*where), std::move(**record)),
                            hit.score, passages.find(*p)});
  }
  return results;
}

caf::expected<package_revision_page>
package_store::revisions(std::uint32_t limit,
                         const std::optional<package_key>& after) const {
  // Behind the last package and all of its versions.
  auto begin = after ? head_key(*after) + '\1' : std::string{};
  auto most = std::clamp(limit, 1u, page_items);
  package_revision_page page;
  std::size_t bytes = 0;
  std::string head;
  auto ok = parts_->db->each(
      documents, begin, {}, [&](std::string_view key, std::string_view value) {
        // What is damaged cannot be told, and keeps nothing else from being so.
        auto meta = read_meta(value);
        if (!meta)
          return true;
        if (head.empty() || !key.starts_with(versions_prefix(head))) {
          if (page.items.size() == most || bytes > page_bytes) {
            page.next = page.items.back().key;
            return false;
          }
          auto where = parse_head(key);
          if (!where)
            return true;
          head = key;
          bytes += head.size() + 64;
          page.items.push_back({std::move(*where), meta->removed, {}});
        }
        bytes += meta->version.size() + 48;
        if (meta->present)
          page.items.back().versions.push_back(
              {std::move(meta->version), meta->revision});
        return true;
      });
  if (!ok)
    return std::move(ok.error());
  return page;
}

}  // namespace larder
