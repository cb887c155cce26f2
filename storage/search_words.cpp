#include "storage/search_words.hpp"

#include <libstemmer.h>

#include <algorithm>
#include <iterator>
#include <vector>

namespace larder {

namespace {

constexpr std::size_t most_word_bytes = 64;

// Articles, prepositions, conjunctions, pronouns and auxiliary verbs. Not in
// it: what names something in programs ("go", "not", "all", "can", "will").
constexpr std::string_view stop_words[]{
    "a",     "about", "also", "an",    "and",   "are",  "as",   "at",    "be",
    "been",  "but",   "by",   "for",   "from",  "had",  "has",  "have",  "how",
    "i",     "if",    "in",   "into",  "is",    "it",   "its",  "me",    "my",
    "of",    "on",    "or",   "our",   "so",    "such", "than", "that",  "the",
    "their", "them",  "then", "there", "these", "they", "this", "those", "to",
    "was",   "we",    "were", "which", "with",  "you",  "your"};

static_assert(std::is_sorted(std::begin(stop_words), std::end(stop_words)));

bool is_stop_word(std::string_view word) {
  return std::binary_search(std::begin(stop_words), std::end(stop_words), word);
}

/// One character of UTF-8; 0 code points for a byte that is none.
struct character {
  char32_t code = 0;
  std::size_t bytes = 1;
};

character decode(std::string_view text) {
  auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80)
    return {lead, 1};
  std::size_t bytes = lead >= 0xF0 && lead < 0xF5   ? 4
                      : lead >= 0xE0 && lead < 0xF0 ? 3
                      : lead >= 0xC2 && lead < 0xE0 ? 2
                                                    : 0;
  if (bytes == 0 || text.size() < bytes)
    return {};
  char32_t code = lead & (0xFFu >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0) != 0x80)
      return {};
    code = (code << 6) | (next & 0x3Fu);
  }
  return {code, bytes};
}

void encode(std::string& out, char32_t code) {
  auto tail = [&](int shift) {
    out.push_back(static_cast<char>(0x80 | ((code >> shift) & 0x3F)));
  };
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out.push_back(static_cast<char>(0xC0 | (code >> 6)));
    tail(0);
  } else if (code < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | (code >> 12)));
    tail(6);
    tail(0);
  } else {
    out.push_back(static_cast<char>(0xF0 | (code >> 18)));
    tail(12);
    tail(6);
    tail(0);
  }
}

/// Latin, Greek and Cyrillic capitals; what has no case is as it was.
char32_t lower(char32_t c) {
  if (c >= 'A' && c <= 'Z')
    return c + 32;
  if (c < 0xC0)
    return c;
  if (c <= 0xDE)
    return c == 0xD7 ? c : c + 32;
  if (c >= 0x100 && c <= 0x17F) {
    auto odd_is_capital = (c >= 0x139 && c <= 0x148) || c >= 0x179;
    if (c == 0x130 || c == 0x131 || c == 0x138 || c == 0x149 || c == 0x17F)
      return c;
    if (c == 0x178)
      return 0xFF;
    return ((c & 1) != 0) == odd_is_capital ? c + 1 : c;
  }
  if (c >= 0x391 && c <= 0x3A9)
    return c + 32;
  if (c >= 0x410 && c <= 0x42F)
    return c + 32;
  if (c >= 0x400 && c <= 0x40F)
    return c + 80;
  return c;
}

bool is_digit(char32_t c) {
  return c >= '0' && c <= '9';
}

bool is_capital(char32_t c) {
  return lower(c) != c;
}

/// Signs that are words by themselves.
bool is_ideograph(char32_t c) {
  return (c >= 0x2E80 && c <= 0x2FDF) || (c >= 0x3040 && c <= 0x9FFF)
         || (c >= 0xAC00 && c <= 0xD7AF) || (c >= 0xF900 && c <= 0xFAFF)
         || (c >= 0x20000 && c <= 0x3FFFF);
}

bool is_letter(char32_t c) {
  if (c < 0x80)
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  // Signs, punctuation, spaces, arrows, boxes, pictures.
  return c >= 0xC0 && c != 0xD7 && c != 0xF7 && !(c >= 0x2000 && c <= 0x2E7F)
         && !(c >= 0x3000 && c <= 0x303F) && !(c >= 0xE000 && c <= 0xF8FF)
         && !(c >= 0xFE00 && c <= 0xFFFF) && !(c >= 0x1F000 && c <= 0x1FFFF);
}

}  // namespace

struct search_splitter::parts {
  sb_stemmer* stemmer = sb_stemmer_new("english", "UTF_8");
  std::string word;
  /// Where in `word` a part in camel case begins.
  std::vector<std::size_t> humps;

  ~parts() { sb_stemmer_delete(stemmer); }

  /// Numbers and signs have no stem.
  std::string_view stem(std::string_view of) {
    if (of.size() < 3 || !std::all_of(of.begin(), of.end(), [](char c) {
          return c >= 'a' && c <= 'z';
        }))
      return of;
    const auto* stemmed =
        sb_stemmer_stem(stemmer, reinterpret_cast<const sb_symbol*>(of.data()),
                        static_cast<int>(of.size()));
    if (stemmed == nullptr)
      return of;
    return {reinterpret_cast<const char*>(stemmed),
            static_cast<std::size_t>(sb_stemmer_length(stemmer))};
  }
};

search_splitter::search_splitter() : parts_{std::make_unique<parts>()} {}
search_splitter::~search_splitter() = default;

void search_splitter::each(
    std::string_view text,
    const std::function<void(const search_word&)>& visit) {
  text = text.substr(0, most_search_bytes);
  auto& word = parts_->word;
  auto& humps = parts_->humps;
  std::size_t begin = 0;
  auto finish = [&](std::size_t end) {
    if (word.empty())
      return;
    if (word.size() <= most_word_bytes) {
      search_word w{{}, begin, end - begin, is_stop_word(word), false};
      w.stem = parts_->stem(word);
      visit(w);
      w.is_part = true;
      auto part = [&](std::string_view p) {
        w.is_stop = is_stop_word(p);
        w.stem = parts_->stem(p);
        visit(w);
      };
      std::string_view all{word};
      if (!humps.empty()) {
        humps.push_back(word.size());
        for (std::size_t i = 0, from = 0; i < humps.size(); from = humps[i++])
          part(all.substr(from, humps[i] - from));
      } else if (is_digit(static_cast<unsigned char>(word.back()))) {
        auto letters = all.find_last_not_of("0123456789") + 1;
        if (letters >= 2)
          part(all.substr(0, letters));
      }
      if (all.size() >= 6 && all.starts_with("lib")
          && !all.starts_with("librar") && !all.starts_with("liber"))
        part(all.substr(3));
    }
    word.clear();
    humps.clear();
  };
  char32_t last = 0;
  for (std::size_t i = 0; i < text.size();) {
    auto [code, bytes] = decode(text.substr(i));
    if (is_ideograph(code)) {
      finish(i);
      visit({text.substr(i, bytes), i, bytes, false, false});
    } else if (is_letter(code)) {
      if (word.empty())
        begin = i;
      else if (is_capital(code) && !is_capital(last) && !is_digit(last)
               && last < 0x80)
        humps.push_back(word.size());
      encode(word, lower(code));
    } else if ((code == '+' || code == '#') && !word.empty()
               && word.size() <= 3) {
      word.push_back(static_cast<char>(code));
    } else {
      finish(i);
    }
    last = code;
    i += bytes;
  }
  finish(text.size());
}

std::vector<std::string> related_stems(std::string_view stem) {
  std::vector<std::string> related;
  if (stem.size() < 3 || !std::all_of(stem.begin(), stem.end(), [](char c) {
        return c >= 'a' && c <= 'z';
      }))
    return related;
  std::string word{stem};
  if (stem.size() >= 5 && (stem.ends_with("er") || stem.ends_with("or"))) {
    word.resize(word.size() - 2);
    related.push_back(word);
    related.push_back(word + "e");
    if (word.size() > 3 && word.back() == word[word.size() - 2])
      related.push_back(word.substr(0, word.size() - 1));
    return related;
  }
  if (word.back() == 'e') {
    related.push_back(word + "r");
  } else {
    related.push_back(word + "er");
    related.push_back(word + "or");
    related.push_back(word + word.back() + "er");
  }
  return related;
}

std::string folded_name(std::string_view name) {
  std::string folded;
  for (std::size_t i = 0; i < name.size();) {
    auto [code, bytes] = decode(name.substr(i));
    if (is_letter(code) || is_ideograph(code) || code == '+' || code == '#')
      encode(folded, lower(code));
    i += bytes;
  }
  return folded.empty() ? std::string{name} : folded;
}

}  // namespace larder
