// The passage of a text that a query matches best, with the matching words
// marked. Used by whoever shows hits of a search_index.
//
// Marks are offsets, not markup: what is shown is somebody else's text, and
// only the one who shows it knows how to escape it.
//
// Thread rule: one thread at a time an object; no state outside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

struct search_mark {
  /// Bytes from the beginning of the passage.
  std::uint32_t offset = 0;
  std::uint32_t bytes = 0;
  bool operator==(const search_mark&) const = default;
};

struct search_passage {
  /// On one line: white space is one blank each. Begins and ends with whole
  /// words; "…" stands where the text goes on.
  std::string text;
  std::vector<search_mark> marks;
  /// How many words of the query are in it, each counted once; 0: none, and
  /// the passage is the beginning of the text.
  std::uint32_t words = 0;
};

class search_highlighter {
 public:
  explicit search_highlighter(std::string_view query);
  ~search_highlighter();
  search_highlighter(const search_highlighter&) = delete;
  search_highlighter& operator=(const search_highlighter&) = delete;

  /// At most `most_bytes` of `text`, where most different words of the query
  /// are together; of equal places the first. Only the first 256 KiB of `text`
  /// are looked at.
  search_passage best_passage(std::string_view text,
                              std::size_t most_bytes = 240) const;

 private:
  struct words;
  std::unique_ptr<words> words_;
};

/// The passage with `open` and `close` around each mark; nothing is escaped.
std::string marked(const search_passage& passage, std::string_view open,
                   std::string_view close);

}  // namespace larder
