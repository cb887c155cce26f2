#include "storage/search_highlight.hpp"

#include "storage/search_words.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace larder {

namespace {

constexpr std::string_view goes_on = "…";

/// A word of the text that the query has.
struct place {
  std::size_t offset;
  std::size_t bytes;
  /// Which word of the query.
  std::uint32_t word;
};

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'
         || c == '\v';
}

bool is_inside_character(std::string_view text, std::size_t at) {
  return at < text.size()
         && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
}

/// [begin, end) of at most `most` bytes around [from, to), at blanks if there
/// are some near.
std::pair<std::size_t, std::size_t> window(std::string_view text,
                                           std::size_t from, std::size_t to,
                                           std::size_t most) {
  auto spare = most > to - from ? most - (to - from) : 0;
  // Most of what is shown beside the words comes after them.
  auto begin = from - std::min(from, spare / 3);
  auto end = std::min(text.size(), begin + std::max(most, to - from));
  begin = end - std::min(end, std::max(most, to - from));
  begin = std::min(begin, from);
  if (begin > 0) {
    auto near = begin;
    while (near < from && !is_blank(text[near - 1]))
      ++near;
    begin = near;
  }
  if (end < text.size()) {
    auto near = end;
    while (near > to && !is_blank(text[near]))
      --near;
    if (near > to)
      end = near;
  }
  while (is_inside_character(text, begin))
    ++begin;
  while (end > begin && is_inside_character(text, end))
    --end;
  return {begin, end};
}

}  // namespace

struct search_highlighter::words {
  search_splitter splitter;
  std::unordered_map<std::string, std::uint32_t> stems;
};

search_highlighter::search_highlighter(std::string_view query)
    : words_{std::make_unique<words>()} {
  std::vector<std::pair<std::string, bool>> all;
  std::uint32_t number = 0;
  auto has_content = false;
  words_->splitter.each(query, [&](const search_word& word) {
    if (!word.is_part && !word.is_stop)
      has_content = true;
  });
  words_->splitter.each(query, [&](const search_word& word) {
    if (word.is_stop && has_content)
      return;
    // A part is marked as the word that it is a part of.
    if (!word.is_part)
      ++number;
    words_->stems.try_emplace(std::string{word.stem}, number);
    for (auto& related : related_stems(word.stem))
      words_->stems.try_emplace(std::move(related), number);
  });
}

search_highlighter::~search_highlighter() = default;

search_passage search_highlighter::best_passage(std::string_view text,
                                                std::size_t most_bytes) const {
  text = text.substr(0, most_search_bytes);
  std::vector<place> places;
  words_->splitter.each(text, [&](const search_word& word) {
    auto at = words_->stems.find(std::string{word.stem});
    if (at != words_->stems.end()
        && (places.empty() || places.back().offset != word.offset))
      places.push_back({word.offset, word.bytes, at->second});
  });

  // Two ends that move over the places: the most different words within the
  // bytes that there are, of those the most words.
  std::unordered_map<std::uint32_t, std::uint32_t> inside;
  std::size_t best_from = 0;
  std::size_t best_to = 0;
  std::pair<std::size_t, std::size_t> best{0, 0};
  for (std::size_t from = 0, to = 0; to < places.size(); ++to) {
    ++inside[places[to].word];
    while (from < to
           && places[to].offset + places[to].bytes - places[from].offset
                  > most_bytes) {
      if (--inside[places[from].word] == 0)
        inside.erase(places[from].word);
      ++from;
    }
    std::pair<std::size_t, std::size_t> here{inside.size(), to - from + 1};
    if (here > best) {
      best = here;
      best_from = from;
      best_to = to;
    }
  }

  search_passage passage;
  passage.words = static_cast<std::uint32_t>(best.first);
  auto from = best.first == 0 ? 0 : places[best_from].offset;
  auto to =
      best.first == 0 ? 0 : places[best_to].offset + places[best_to].bytes;
  auto [begin, end] = window(text, from, to, most_bytes);
  if (begin > 0)
    passage.text = goes_on;
  auto mark = std::find_if(places.begin(), places.end(),
                           [&](auto& p) { return p.offset >= begin; });
  for (auto i = begin; i < end; ++i) {
    if (mark != places.end() && mark->offset == i
        && mark->offset + mark->bytes <= end) {
      passage.marks.push_back({static_cast<std::uint32_t>(passage.text.size()),
                               static_cast<std::uint32_t>(mark->bytes)});
      passage.text.append(text.substr(i, mark->bytes));
      i += mark->bytes - 1;
      ++mark;
    } else if (!is_blank(text[i])) {
      passage.text.push_back(text[i]);
    } else if (!passage.text.empty() && passage.text.back() != ' ') {
      passage.text.push_back(' ');
    }
  }
  while (!passage.text.empty() && passage.text.back() == ' ')
    passage.text.pop_back();
  if (end < text.size())
    passage.text += goes_on;
  return passage;
}

std::string marked(const search_passage& passage, std::string_view open,
                   std::string_view close) {
  std::string out;
  std::size_t at = 0;
  for (auto& mark : passage.marks) {
    out.append(passage.text, at, mark.offset - at).append(open);
    out.append(passage.text, mark.offset, mark.bytes).append(close);
    at = mark.offset + mark.bytes;
  }
  return out.append(passage.text, at, std::string::npos);
}

}  // namespace larder
