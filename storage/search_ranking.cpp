#include "storage/search_ranking.hpp"

#include "storage/search_layout.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace larder {

namespace {

/// What two words together tell, beside what each of them does.
constexpr double pair_share = 0.25;
/// What a document without some of the words is left with, at least.
constexpr double partial = 0.6;

// A name that is the text comes before all others; one that begins with it
// counts about as a word that few documents have; one that is a typo away
// counts much only if the text has a word that nobody else has.
constexpr double exact_name = 1000;
constexpr double same_bytes = 100;
constexpr double begins_with = 4;
constexpr double typo_of_unknown = 8;
constexpr double typo_of_known = 1;

/// The best so far.
class page {
 public:
  explicit page(std::size_t most) : most_{most} { heap_.reserve(most); }

  /// What a further document must exceed.
  double threshold() const {
    return heap_.empty() || heap_.size() < most_ ? -1 : heap_.front().score;
  }

  void add(const search_ranked& r) {
    if (heap_.size() == most_) {
      if (most_ == 0 || !better(r, heap_.front()))
        return;
      std::pop_heap(heap_.begin(), heap_.end(), better);
      heap_.pop_back();
    }
    heap_.push_back(r);
    std::push_heap(heap_.begin(), heap_.end(), better);
  }

  std::vector<search_ranked> take() {
    std::sort_heap(heap_.begin(), heap_.end(), better);
    return std::move(heap_);
  }

 private:
  static bool better(const search_ranked& a, const search_ranked& b) {
    return a.score != b.score ? a.score > b.score : a.document < b.document;
  }

  std::size_t most_;
  std::vector<search_ranked> heap_;
};

/// A word of the query while it is scored.
struct word {
  search_postings* postings;
  /// Inverse document frequency, as in BM25, for one step of a posting's byte.
  double rarity;
  /// The most that it can bring.
  double bound;
  /// Two words together: counts less, and nobody needs to have it.
  bool is_pair;

  double score() const { return rarity * postings->weight(); }
};

std::vector<word> words_of(search_terms& terms) {
  std::vector<word> words;
  auto all = static_cast<double>(terms.documents);
  auto add = [&](search_postings& postings, double share, bool is_pair) {
    auto having = static_cast<double>(postings.count());
    auto rarity = std::log1p(std::max(0.0, all - having + 0.5) / (having + 0.5))
                  * share / 255;
    words.push_back({&postings, rarity, rarity * postings.heaviest(), is_pair});
  };
  for (auto& postings : terms.words)
    add(postings, 1, false);
  for (auto& postings : terms.pairs)
    add(postings, pair_share, true);
  std::sort(words.begin(), words.end(),
            [](auto& a, auto& b) { return a.bound < b.bound; });
  return words;
}

class scorer {
 public:
  scorer(search_terms& terms, search_filter& filter, std::size_t most)
      : words_{words_of(terms)},
        every_word_{terms.every_word}, filter_{filter}, page_{most} {
    for (auto& w : words_) {
      below_.push_back(below_.empty() ? w.bound : below_.back() + w.bound);
      rarities_ += w.is_pair ? 0 : w.rarity;
    }
  }

  /// Documents whose name matches; `named` in the order of documents.
  void score_named(const std::vector<search_named>& named) {
    auto has_unknown = std::any_of(words_.begin(), words_.end(), [](auto& w) {
      return w.postings->count() == 0;
    });
    for (auto& n : named) {
      if (filter_.next(n.document) != n.document)
        continue;
      double sum = 0;
      double matched = 0;
      for (auto& w : words_) {
        w.postings->advance(n.document);
        if (w.postings->document() == n.document) {
          sum += w.score();
          matched += w.is_pair ? 0 : w.rarity;
        }
      }
      auto score = finished(sum, matched);
      switch (n.match) {
      case search_match::exact:
        score += exact_name + same_bytes * n.closeness;
        break;
      case search_match::prefix:
        score += begins_with * n.closeness;
        break;
      case search_match::typo:
        score += has_unknown ? typo_of_unknown : typo_of_known;
        break;
      case search_match::words:
        break;
      }
      ++total_;
      page_.add({score, n.document, n.match});
    }
    filter_.rewind();
    for (auto& w : words_)
      w.postings->rewind();
  }

  /// All others. A document must have one of the words from `essential` on:
  /// those before it cannot make a document good enough by themselves.
  void score_words(const std::vector<search_named>& named) {
    std::size_t essential = 0;
    auto known = named.begin();
    for (;;) {
      while (!every_word_ && essential < words_.size()
             && below_[essential] <= page_.threshold())
        ++essential;
      exact_ = exact_ && essential == 0;
      auto document = every_word_ ? with_every_word() : first(essential);
      if (document == search_postings::end)
        return;
      auto passing = filter_.next(document);
      if (passing == search_postings::end)
        return;
      if (passing != document) {
        skip_to(passing, essential);
        continue;
      }
      known = std::find_if(known, named.end(),
                           [&](auto& n) { return n.document >= document; });
      if (known == named.end() || known->document != document)
        score_one(document, essential);
      skip_to(document + 1, essential);
    }
  }

  search_ranking take() {
    search_ranking ranking{page_.take(), total_, exact_};
    if (!exact_ && filter_.is_open())
      for (auto& w : words_)
        ranking.total = std::max(ranking.total, w.postings->count());
    return ranking;
  }

 private:
  /// The more of the query's words, weighed by how rare they are, the better.
  double finished(double sum, double matched) const {
    return rarities_ <= 0
               ? sum
               : sum * (partial + (1 - partial) * matched / rarities_);
  }

  std::uint32_t first(std::size_t essential) const {
    auto least = search_postings::end;
    for (auto i = essential; i < words_.size(); ++i)
      least = std::min(least, words_[i].postings->document());
    return least;
  }

  /// The next document that has them all.
  std::uint32_t with_every_word() {
    auto document = search_postings::end;
    for (auto& w : words_)
      if (!w.is_pair)
        document = document == search_postings::end
                       ? w.postings->document()
                       : std::max(document, w.postings->document());
    for (auto moved = true; moved && document != search_postings::end;) {
      moved = false;
      for (auto& w : words_) {
        if (w.is_pair)
          continue;
        w.postings->advance(document);
        moved = moved || w.postings->document() != document;
        document = w.postings->document();
      }
    }
    return document;
  }

  void skip_to(std::uint32_t document, std::size_t essential) {
    for (auto i = essential; i < words_.size(); ++i)
      words_[i].postings->advance(document);
  }

  void score_one(std::uint32_t document, std::size_t essential) {
    ++total_;
    double sum = 0;
    double matched = 0;
    for (auto i = words_.size(); i-- > 0;) {
      auto& w = words_[i];
      if (i < essential && sum + below_[i] <= page_.threshold())
        return;
      w.postings->advance(document);
      if (w.postings->document() == document) {
        sum += w.score();
        matched += w.is_pair ? 0 : w.rarity;
      }
    }
    page_.add({finished(sum, matched), document, search_match::words});
  }

  std::vector<word> words_;
  /// What the words up to this one can bring together.
  std::vector<double> below_;
  double rarities_ = 0;
  bool every_word_;
  search_filter& filter_;
  page page_;
  std::uint64_t total_ = 0;
  bool exact_ = true;
};

}  // namespace

caf::expected<search_filter> search_filter::load(const search_index& index,
                                                 const search_query& query,
                                                 rocks_cursor& cursor) {
  search_filter filter;
  auto read = [&](const std::vector<std::string>& terms,
                  std::vector<search_postings>& into) -> caf::expected<void> {
    for (auto& term : terms) {
      auto postings = search_postings::load(
          index, search_layout::filter_key + term, cursor);
      if (!postings)
        return std::move(postings.error());
      into.push_back(std::move(*postings));
    }
    return {};
  };
  if (auto ok = read(query.all_of, filter.all_); !ok)
    return std::move(ok.error());
  if (auto ok = read(query.any_of, filter.any_); !ok)
    return std::move(ok.error());
  return filter;
}

std::uint32_t search_filter::next(std::uint32_t document) {
  for (auto wanted = document; wanted != search_postings::end;) {
    for (auto& postings : all_) {
      postings.advance(wanted);
      wanted = std::max(wanted, postings.document());
    }
    if (!any_.empty()) {
      auto first = search_postings::end;
      for (auto& postings : any_) {
        postings.advance(wanted);
        first = std::min(first, postings.document());
      }
      wanted = std::max(wanted, first);
    }
    if (wanted == document)
      return document;
    document = wanted;
  }
  return search_postings::end;
}

void search_filter::rewind() {
  for (auto* list : {&all_, &any_})
    for (auto& postings : *list)
      postings.rewind();
}

search_ranking rank(search_terms& terms, std::vector<search_named> named,
                    search_filter& filter, std::size_t most) {
  std::sort(named.begin(), named.end(),
            [](auto& a, auto& b) { return a.document < b.document; });
  scorer s{terms, filter, most};
  s.score_named(named);
  s.score_words(named);
  return s.take();
}

}  // namespace larder
