#include "storage/embedded_query.hpp"

#include "storage/search_words.hpp"

#include <algorithm>
#include <utility>

namespace larder::embedded {

namespace {

/// The stems of a text in their order; nothing for the parts of words.
std::vector<std::string> stems_of(std::string_view text) {
  search_splitter splitter;
  std::vector<std::string> stems;
  splitter.each(text, [&](const search_word& word) {
    if (!word.is_part)
      stems.emplace_back(word.stem);
  });
  return stems;
}

bool has_word(std::string_view text) {
  search_splitter splitter;
  bool found = false;
  splitter.each(text, [&](const search_word& word) { found |= !word.is_stop; });
  return found;
}

bool is_or(std::string_view word) {
  return word.size() == 2 && (word[0] == 'o' || word[0] == 'O')
         && (word[1] == 'r' || word[1] == 'R');
}

struct term {
  std::string_view text;
  bool is_phrase = false;
  bool is_negated = false;
};

/// Takes the next term off the front; an empty one is at the end.
term take_term(std::string_view& from) {
  constexpr auto* blanks = " \t\r\n";
  from.remove_prefix(std::min(from.find_first_not_of(blanks), from.size()));
  term t;
  while (!from.empty() && from.front() == '-') {
    t.is_negated = true;
    from.remove_prefix(1);
  }
  auto end = from.find_first_of(blanks);
  if (!from.empty() && from.front() == '"') {
    from.remove_prefix(1);
    end = from.find('"');
    t.is_phrase = true;
  }
  t.text = from.substr(0, end);
  from.remove_prefix(
      std::min(t.text.size() + (t.is_phrase ? 1 : 0), from.size()));
  return t;
}

}  // namespace

std::vector<query_clause> parse_query(std::string_view text) {
  std::vector<query_clause> clauses;
  query_clause clause;
  auto end_clause = [&] {
    if (!clause.words.empty() || !clause.without.empty())
      clauses.push_back(std::move(clause));
    clause = {};
  };
  while (!text.empty()) {
    auto t = take_term(text);
    if (!t.is_phrase && !t.is_negated && is_or(t.text)) {
      end_clause();
      continue;
    }
    if (!has_word(t.text))
      continue;
    if (t.is_negated) {
      clause.without.emplace_back(t.text);
      continue;
    }
    if (t.is_phrase)
      clause.phrases.emplace_back(t.text);
    clause.words += (clause.words.empty() ? "" : " ") + std::string{t.text};
  }
  end_clause();
  return clauses;
}

bool accepts(const query_clause& clause, std::string_view text) {
  if (clause.is_plain())
    return true;
  auto stems = stems_of(text);
  auto has = [&](const std::string& part) {
    auto wanted = stems_of(part);
    return std::search(stems.begin(), stems.end(), wanted.begin(), wanted.end())
           != stems.end();
  };
  return std::all_of(clause.phrases.begin(), clause.phrases.end(), has)
         && std::none_of(clause.without.begin(), clause.without.end(), has);
}

}  // namespace larder::embedded
