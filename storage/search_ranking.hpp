// Which documents of a search index match a query's words and filters, and the
// best of them: document at a time, with MaxScore (Turtle, Flood, "Query
// evaluation: strategies and optimizations", 1995), which leaves alone what
// cannot come into the page any more.
//
// Used by search_index. Thread rule: one thread at a time an object.
#pragma once

#include "storage/search_names.hpp"
#include "storage/search_postings.hpp"

#include <cstdint>
#include <vector>

namespace larder {

/// Documents that pass the filters, in order.
class search_filter {
 public:
  static caf::expected<search_filter> load(const search_index& index,
                                           const search_query& query,
                                           rocks_cursor& cursor);

  bool is_open() const { return all_.empty() && any_.empty(); }
  /// The first that passes, not before `document`; search_postings::end if none
  /// does. Never back.
  std::uint32_t next(std::uint32_t document);
  void rewind();

 private:
  std::vector<search_postings> all_;
  std::vector<search_postings> any_;
};

struct search_ranked {
  double score = 0;
  std::uint32_t document = 0;
  search_match match = search_match::words;
};

struct search_ranking {
  /// The best first.
  std::vector<search_ranked> best;
  std::uint64_t total = 0;
  bool total_is_exact = true;
};

struct search_terms {
  /// One for each word of the query; without postings: nobody has the word.
  std::vector<search_postings> words;
  /// Of words that stand together in the query; those that somebody has.
  std::vector<search_postings> pairs;
  std::uint64_t documents = 0;
  bool every_word = false;
};

/// The `most` best of all documents that have a word of `terms` or are among
/// `named`, and pass `filter`.
search_ranking rank(search_terms& terms, std::vector<search_named> named,
                    search_filter& filter, std::size_t most);

}  // namespace larder
