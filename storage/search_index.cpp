#include "storage/search_index.hpp"

#include "storage/error.hpp"
#include "storage/ordered_key.hpp"
#include "storage/search_layout.hpp"
#include "storage/search_names.hpp"
#include "storage/search_ranking.hpp"
#include "storage/search_words.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace larder {

namespace {

constexpr std::uint32_t most_hits = 10'000;
/// More words than anybody types; the rest of a longer text is left out.
constexpr std::size_t most_words = 32;

/// What a related word counts of the word itself.
constexpr double related_share = 0.7;

struct query_word {
  std::string stem;
  /// Looked for instead if nobody has the word.
  std::vector<std::string> parts;
  bool is_stop = false;
};

std::vector<query_word> words_of(std::string_view text) {
  search_splitter splitter;
  std::vector<query_word> words;
  splitter.each(text, [&](const search_word& word) {
    std::string stem{word.stem};
    if (word.is_part) {
      if (!words.empty())
        words.back().parts.push_back(std::move(stem));
    } else if (words.size() < most_words) {
      words.push_back({std::move(stem), {}, word.is_stop});
    }
  });
  // A text of stop words alone may be a name.
  if (std::any_of(words.begin(), words.end(),
                  [](auto& w) { return !w.is_stop; }))
    std::erase_if(words, [](auto& w) { return w.is_stop; });
  std::vector<query_word> once;
  for (auto& w : words)
    if (std::none_of(once.begin(), once.end(),
                     [&](auto& other) { return other.stem == w.stem; }))
      once.push_back(std::move(w));
  return once;
}

caf::expected<search_terms> load_terms(const search_index& index,
                                       std::string_view text,
                                       rocks_cursor& cursor) {
  search_terms terms;
  auto load = [&](const std::string& stem) {
    return search_postings::load(index, search_layout::term_key + stem, cursor);
  };
  std::string last;
  for (auto& word : words_of(text)) {
    if (!last.empty() && !word.is_stop) {
      auto pair = load(search_layout::pair_of(last, word.stem));
      if (!pair)
        return std::move(pair.error());
      if (pair->count() > 0)
        terms.pairs.push_back(std::move(*pair));
    }
    last = word.stem;
    auto postings = load(word.stem);
    if (!postings)
      return std::move(postings.error());
    for (auto& related : related_stems(word.stem)) {
      auto more = load(related);
      if (!more)
        return std::move(more.error());
      if (more->count() > 0)
        *postings = search_postings::united(std::move(*postings),
                                            std::move(*more), related_share);
    }
    auto nobody_has_it = postings->count() == 0;
    terms.words.push_back(std::move(*postings));
    if (!nobody_has_it || word.parts.empty())
      continue;
    terms.words.pop_back();
    for (auto& part : word.parts) {
      auto of_part = load(part);
      if (!of_part)
        return std::move(of_part.error());
      terms.words.push_back(std::move(*of_part));
    }
  }
  return terms;
}

/// Names with a typo are looked for only if there is a word that hardly anybody
/// has: it takes a thousand keys.
bool may_be_a_typo(const search_terms& terms) {
  return terms.words.size() == 1
         && terms.words[0].count() <= 2 + terms.documents / 5000;
}

/// Everything that passes the filters, in order.
caf::expected<search_ranking> list(const search_index& index,
                                   search_filter& filter, std::size_t most,
                                   const rocks_snapshot& at) {
  search_ranking all;
  if (!filter.is_open()) {
    for (std::uint32_t d = filter.next(0); d != search_postings::end;
         d = filter.next(d + 1)) {
      ++all.total;
      if (all.best.size() < most)
        all.best.push_back({0, d, search_match::words});
    }
    return all;
  }
  auto meta = search_layout::read_meta(index, &at);
  if (!meta)
    return std::move(meta.error());
  all.total = meta->documents;
  auto prefix = search_layout::key(index.prefix(), search_layout::document_key);
  auto read = index.database().each_prefix(
      index.family(), prefix,
      [&](std::string_view key, std::string_view) {
        if (all.best.size() >= most)
          return false;
        std::uint32_t document = 0;
        key.remove_prefix(prefix.size());
        if (ordered_key::take(key, document))
          all.best.push_back({0, document, search_match::words});
        return true;
      },
      &at);
  if (!read)
    return std::move(read.error());
  return all;
}

}  // namespace

search_index::search_index(rocks_database& db, rocks_family family,
                           std::string prefix)
    : db_{&db}, family_{family}, prefix_{std::move(prefix)} {}

caf::expected<bool> search_index::is_current() const {
  auto meta = search_layout::read_meta(*this, nullptr);
  if (!meta)
    return std::move(meta.error());
  return meta->version == search_layout::version;
}

caf::expected<search_results>
search_index::search(const search_query& query,
                     const rocks_snapshot* at) const {
  auto own = at == nullptr ? std::optional<rocks_snapshot>{db_->snapshot()}
                           : std::nullopt;
  auto& moment = at == nullptr ? *own : *at;
  auto offset = std::min(query.offset, most_hits);
  auto most = offset + std::min(query.limit, most_hits - offset);
  auto cursor = db_->cursor(family_, &moment);
  auto filter = search_filter::load(*this, query, cursor);
  if (!filter)
    return std::move(filter.error());

  search_ranking ranking;
  if (query.text.empty()) {
    auto listed = list(*this, *filter, most, moment);
    if (!listed)
      return std::move(listed.error());
    ranking = std::move(*listed);
  } else {
    auto meta = search_layout::read_meta(*this, &moment);
    if (!meta)
      return std::move(meta.error());
    auto terms = load_terms(*this, query.text, cursor);
    if (!terms)
      return std::move(terms.error());
    terms->documents = meta->documents;
    terms->every_word = query.every_word;
    auto named = find_names(*this, query.text, may_be_a_typo(*terms), moment);
    if (!named)
      return std::move(named.error());
    ranking = rank(*terms, std::move(*named), *filter, most);
  }

  search_results results;
  results.total = ranking.total;
  results.total_is_exact = ranking.total_is_exact;
  for (auto i = std::size_t{offset}; i < ranking.best.size(); ++i) {
    auto& r = ranking.best[i];
    search_hit hit{{}, r.score, r.match};
    auto found = db_->get(
        family_,
        search_layout::key(prefix_, search_layout::document_key, r.document),
        hit.id, &moment);
    if (!found)
      return std::move(found.error());
    if (!*found)
      return fail(ec::internal, "the search index in " + db_->directory()
                                    + " names a document that it does not "
                                      "have; make it anew");
    results.hits.push_back(std::move(hit));
  }
  return results;
}

caf::expected<search_counts> search_index::counts() const {
  auto meta = search_layout::read_meta(*this, nullptr);
  if (!meta)
    return std::move(meta.error());
  return search_counts{
      meta->documents,
      db_->approximate_bytes(family_, prefix_,
                             ordered_key::end_of_prefix(prefix_))};
}

void search_index::clear(rocks_batch& batch) const {
  // Kind by kind: an empty prefix has no end.
  for (auto kind : {search_layout::meta_key, search_layout::id_key,
                    search_layout::document_key, search_layout::name_key,
                    search_layout::term_key, search_layout::filter_key}) {
    auto begin = search_layout::key(prefix_, kind);
    batch.erase_range(family_, begin, ordered_key::end_of_prefix(begin));
  }
}

}  // namespace larder
