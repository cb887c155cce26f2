// The store's search: larder.search() and larder.index_changes() of migration
// 0006, which say how it is done. Reads and writes are in postgres_store.cpp.
#include "storage/postgres_keys.hpp"
#include "storage/postgres_session.hpp"
#include "storage/postgres_store.hpp"
#include "storage/utf8.hpp"

#include <cctype>
#include <string>
#include <string_view>
#include <utility>

namespace larder {

namespace {

constexpr postgres_statement find{
    "larder_search",
    "SELECT unindexed, artifact_type, artifact_id, revision, version, score,"
    "       highlight"
    "  FROM larder.search($1, $2, $3::bigint, $4::bigint)"};

constexpr postgres_statement index_changes{
    "larder_index_changes", "SELECT larder.index_changes($1::bigint)"};

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/// What no word and no phrase begins with.
bool is_punctuation(char c) {
  return static_cast<unsigned char>(c) < 0x80 && c != '"' && !is_blank(c)
         && std::isalnum(static_cast<unsigned char>(c)) == 0;
}

/// One dash for any number of them, none without a word after it, as everywhere
/// else: websearch_to_tsquery makes a negation of each, and fails with many.
std::string with_single_dashes(std::string_view words) {
  std::string out;
  while (!words.empty()) {
    auto c = words.front();
    words.remove_prefix(1);
    if (c == '-' && (out.empty() || is_blank(out.back()))) {
      while (!words.empty() && is_punctuation(words.front()))
        words.remove_prefix(1);
      if (words.empty() || is_blank(words.front()))
        continue;
    }
    out += c;
  }
  return out;
}

}  // namespace

caf::expected<artifact_matches>
postgres_store::search(const artifact_query& query) {
  artifact_matches matches;
  // PostgreSQL could hold no artifact with such a word, nor of such a type.
  if (!is_utf8_text(query.words) || !is_utf8_text(query.type.value_or("")))
    return matches;
  auto rows = session_->run(find, {with_single_dashes(query.words), query.type,
                                   std::to_string(query.limit),
                                   std::to_string(query.offset)});
  if (!rows)
    return rows.error();
  for (int i = 0; i < rows->size(); ++i) {
    matches.unindexed = static_cast<std::uint64_t>(rows->number(i, 0));
    if (rows->is_null(i, 1))
      continue;
    artifact_match m;
    m.key = {std::string{rows->text(i, 1)}, std::string{rows->text(i, 2)}};
    m.revision = rows->number(i, 3);
    m.version = static_cast<std::int32_t>(rows->number(i, 4));
    m.score = std::stod(std::string{rows->text(i, 5)});
    m.highlight = std::string{rows->text(i, 6)};
    matches.found.push_back(std::move(m));
  }
  return matches;
}

caf::expected<bool> postgres_store::index(std::uint32_t limit) {
  auto rows = session_->run(index_changes, {std::to_string(limit)});
  if (!rows)
    return rows.error();
  return rows->flag(0, 0);
}

}  // namespace larder
