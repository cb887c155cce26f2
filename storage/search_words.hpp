// Words of a text as the search index knows them: runs of letters and digits in
// lower case, reduced to their English stem by Snowball's stemmer (Porter,
// "An algorithm for suffix stripping", 1980, in its revision for libstemmer).
//
// What is a word: letters and digits of any script; `+` and `#` at the end of a
// short one ("c++", "c#"). Chinese, Japanese and Korean signs are a word each.
// "sqlite3", "libcurl" and "JsonPath" are words, and so that they are found by
// their parts too, "sqlite", "curl", "json" and "path" are words beside them.
//
// Used by the index and by highlights. Thread rule: one thread at a time an
// object.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

struct search_word {
  /// Its stem; valid until the next word.
  std::string_view stem;
  /// Where it stands in the text.
  std::size_t offset = 0;
  std::size_t bytes = 0;
  /// So common that it tells nothing: "the", "of".
  bool is_stop = false;
  /// A part of the word before it.
  bool is_part = false;
};

/// What is looked at of a long text.
inline constexpr std::size_t most_search_bytes = std::size_t{256} << 10;

class search_splitter {
 public:
  search_splitter();
  ~search_splitter();
  search_splitter(const search_splitter&) = delete;
  search_splitter& operator=(const search_splitter&) = delete;

  /// Visits the words in their order, each before its parts. Bytes that are not
  /// UTF-8 separate words; a word of more than 64 bytes is left out.
  void each(std::string_view text,
            const std::function<void(const search_word&)>& visit);

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

/// Stems of words that mean about the same and that the stemmer keeps apart:
/// who does something and what is done ("viewer" and "view", "scanner" and
/// "scan", "editor" and "edit"), from either side. Most of them are no words.
std::vector<std::string> related_stems(std::string_view stem);

/// A name as the index compares names: in lower case and without what separates
/// words, for example "reactrouter". Of a name that has nothing else, the name.
std::string folded_name(std::string_view name);

}  // namespace larder
