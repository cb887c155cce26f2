#include "storage/embedded_search.hpp"

#include "storage/embedded_moment.hpp"
#include "storage/embedded_query.hpp"
#include "storage/embedded_text.hpp"
#include "storage/search_highlight.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace larder::embedded {

namespace {

constexpr std::uint32_t most_candidates = 1'000;
constexpr std::size_t highlight_bytes = 240;

struct candidate {
  std::string name;
  double score = 0;
};

/// From 1 upwards for exact names, as the contract has it.
double score_of(const search_hit& hit) {
  auto s = std::max(hit.score, 0.);
  return s / (1 + s) + (hit.match == search_match::exact ? 1 : 0);
}

caf::expected<std::optional<value_row>> value_of(const moment& at,
                                                 const std::string& name) {
  std::string bytes;
  auto found = at.rocks().get(values, name, bytes, &at.at());
  if (!found)
    return found.error();
  return *found ? decode_value(bytes) : std::nullopt;
}

/// All that one clause finds, the index's page for the simplest query.
caf::expected<std::vector<candidate>>
candidates_of(const embedded_database& database, const moment& at,
              const query_clause& clause,
              const std::optional<std::string>& type, std::uint32_t limit,
              std::uint32_t offset) {
  search_query asked;
  asked.text = clause.words;
  if (type)
    asked.all_of = {type_filter(*type)};
  asked.every_word = true;
  asked.limit = limit;
  asked.offset = offset;
  auto results = database.words().search(asked, &at.at());
  if (!results)
    return results.error();
  std::vector<candidate> found;
  for (auto& hit : results->hits) {
    if (!clause.is_plain()) {
      auto value = value_of(at, hit.id);
      if (!value)
        return value.error();
      if (!*value
          || !accepts(clause,
                      hit.id + ' '
                          + readable(document_of(decode_key(hit.id), **value))))
        continue;
    }
    found.push_back({hit.id, score_of(hit)});
  }
  return found;
}

/// Of a query with several clauses, or one whose candidates are to be looked
/// at.
caf::expected<std::vector<candidate>>
gather(const embedded_database& database, const moment& at,
       const std::vector<query_clause>& clauses, const artifact_query& query) {
  std::map<std::string, double> best;
  for (auto& clause : clauses) {
    auto found =
        candidates_of(database, at, clause, query.type, most_candidates, 0);
    if (!found)
      return found.error();
    for (auto& one : *found)
      best[one.name] = std::max(best[one.name], one.score);
  }
  std::vector<candidate> all;
  for (auto& [name, score] : best)
    all.push_back({name, score});
  std::stable_sort(all.begin(), all.end(),
                   [](auto& a, auto& b) { return a.score > b.score; });
  auto skipped = std::min<std::size_t>(query.offset, all.size());
  all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(skipped));
  all.resize(std::min<std::size_t>(query.limit, all.size()));
  return all;
}

}  // namespace

caf::expected<artifact_matches> find(embedded_database& database,
                                     const artifact_query& query) {
  if (auto ok = database.mend_search(); !ok)
    return ok.error();
  artifact_matches matches;
  auto clauses = parse_query(query.words);
  if (clauses.empty() || query.limit == 0)
    return matches;
  auto at = moment::of(database);
  if (!at)
    return at.error();
  auto simple = clauses.size() == 1 && clauses.front().is_plain();
  auto found = simple ? candidates_of(database, *at, clauses.front(),
                                      query.type, query.limit, query.offset)
                      : gather(database, *at, clauses, query);
  if (!found)
    return found.error();
  std::string words;
  for (auto& clause : clauses)
    words += clause.words + ' ';
  search_highlighter highlighter{words};
  for (auto& one : *found) {
    auto value = value_of(*at, one.name);
    if (!value)
      return value.error();
    if (!*value)
      return damaged("the search index");
    auto k = decode_key(one.name);
    auto passage = highlighter.best_passage(readable(document_of(k, **value)),
                                            highlight_bytes);
    matches.found.push_back({std::move(k), (*value)->revision,
                             (*value)->version, one.score,
                             marked(passage, "<b>", "</b>")});
  }
  return matches;
}

}  // namespace larder::embedded
