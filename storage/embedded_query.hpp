// A query as people type it into a search engine, for an index that knows words
// alone: alternatives, each of words, phrases and what must not be there. The
// index finds candidates, and their text decides about the rest.
//
// Used by the embedded store; means what PostgreSQL's websearch_to_tsquery
// means. Thread rule: values and functions of their arguments.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace larder::embedded {

struct query_clause {
  /// All of them, those of phrases too; for the index.
  std::string words;
  std::vector<std::string> phrases;
  /// Words and phrases that must not be there.
  std::vector<std::string> without;

  /// Whether the index has the last word.
  bool is_plain() const { return phrases.empty() && without.empty(); }
};

/// Never empty clauses; no clause: nothing can match.
std::vector<query_clause> parse_query(std::string_view text);

/// Whether the phrases are in the text, and nothing that must not be.
bool accepts(const query_clause& clause, std::string_view text);

}  // namespace larder::embedded
