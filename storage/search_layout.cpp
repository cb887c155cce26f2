#include "storage/search_layout.hpp"

#include "storage/error.hpp"
#include "storage/ordered_key.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace larder::search_layout {

namespace {

struct field {
  /// How much one occurrence tells, in a field of the usual length.
  double weight;
  /// How much a longer field makes of it less: 0 nothing, 1 in proportion.
  double by_length;
  double usual_length;
  /// A short one tells as much as one of the usual length, not more.
  bool at_least_usual;
  /// Whether words that are in every text are words here.
  bool stop_words;
  /// Whether two words in a row are a term of their own.
  bool pairs;
};

constexpr field name_field{6.0, 0.7, 2.0, false, true, true};
constexpr field keywords_field{1.2, 0.5, 8.0, false, true, false};
constexpr field compounds_field{2.0, 0.0, 1.0, false, false, false};
constexpr field description_field{4.0, 0.5, 7.0, false, false, true};
constexpr field body_field{1.0, 0.75, 300.0, true, false, false};
constexpr field code_field{0.6, 0.75, 300.0, true, false, false};

/// How soon more of a word stops to tell more: the k of BM25.
constexpr double saturation = 1.2;

/// The stems of one field, and how often each is there.
struct counted {
  std::unordered_map<std::string, std::uint32_t> stems;
  std::uint32_t length = 0;
};

counted count(std::string_view text, const field& of,
              search_splitter& splitter) {
  counted c;
  std::string last;
  splitter.each(text, [&](const search_word& word) {
    if (of.pairs && !word.is_stop && !word.is_part) {
      if (!last.empty())
        ++c.stems[pair_of(last, word.stem)];
      last = word.stem;
    }
    if (word.is_stop && !of.stop_words)
      return;
    ++c.stems[std::string{word.stem}];
    if (!word.is_part)
      ++c.length;
  });
  return c;
}

/// What "gitweb" is made of, if the rest of the document speaks of "web": a
/// blank before each part.
std::string compound_parts(std::string_view name,
                           const std::unordered_map<std::string, double>& said,
                           search_splitter& splitter) {
  constexpr std::size_t shortest = 3;
  std::vector<std::string> words;
  splitter.each(name, [&](const search_word& word) {
    auto text = folded_name(name.substr(word.offset, word.bytes));
    auto is_plain = std::all_of(text.begin(), text.end(), [](char c) {
      return static_cast<unsigned char>(c) < 0x80;
    });
    if (!word.is_part && is_plain && text.size() >= 2 * shortest)
      words.push_back(std::move(text));
  });
  auto is_said = [&](std::string_view part) {
    auto found = false;
    splitter.each(part, [&](const search_word& word) {
      found = found || said.count(std::string{word.stem}) > 0;
    });
    return found;
  };
  std::string parts;
  for (std::string_view word : words)
    for (auto i = shortest; i + shortest <= word.size(); ++i)
      if (is_said(word.substr(0, i)) || is_said(word.substr(i)))
        parts.append(" ")
            .append(word.substr(0, i))
            .append(" ")
            .append(word.substr(i));
  return parts;
}

}  // namespace

std::uint8_t byte_of(double share) {
  return static_cast<std::uint8_t>(
      std::clamp(std::lround(share * 255), 1L, 255L));
}

std::uint16_t hash_of_name(std::string_view name) {
  // FNV-1a, folded.
  std::uint32_t hash = 2166136261u;
  for (unsigned char c : name)
    hash = (hash ^ c) * 16777619u;
  return static_cast<std::uint16_t>(hash ^ (hash >> 16));
}

std::string pair_of(std::string_view first, std::string_view second) {
  return std::string{first}.append(" ").append(second);
}

analysed analyse(const search_document& document, search_splitter& splitter) {
  std::unordered_map<std::string, double> weights;
  auto add = [&](std::string_view text, const field& of) {
    if (text.empty())
      return;
    auto counts = count(text, of, splitter);
    auto length =
        1 - of.by_length + of.by_length * counts.length / of.usual_length;
    if (of.at_least_usual)
      length = std::max(length, 1.0);
    for (auto& [stem, times] : counts.stems)
      weights[stem] += of.weight * times / length;
  };
  add(document.keywords, keywords_field);
  add(document.description, description_field);
  add(document.body, body_field);
  add(document.code, code_field);
  auto compounds = compound_parts(document.name, weights, splitter);
  add(document.name, name_field);
  add(compounds, compounds_field);

  analysed a;
  a.terms.reserve(weights.size() + document.filters.size());
  for (auto& [stem, weight] : weights)
    a.terms.push_back({term_key + stem, byte_of(document.weight * weight
                                                / (saturation + weight))});
  for (auto& filter : document.filters)
    // A zero ends the term in a key.
    if (filter.find('\0') == std::string::npos)
      a.terms.push_back({filter_key + filter, 1});
  std::sort(a.terms.begin(), a.terms.end(),
            [](auto& x, auto& y) { return x.text < y.text; });
  a.terms.erase(std::unique(a.terms.begin(), a.terms.end(),
                            [](auto& x, auto& y) { return x.text == y.text; }),
                a.terms.end());
  a.name = folded_name(document.name);
  a.name_hash = hash_of_name(document.name);
  return a;
}

std::string key(std::string_view prefix, char kind, std::string_view rest) {
  std::string k;
  k.reserve(prefix.size() + 1 + rest.size());
  k.append(prefix).push_back(kind);
  return k.append(rest);
}

std::string key(std::string_view prefix, char kind, std::uint32_t document) {
  auto k = key(prefix, kind);
  ordered_key::append_u32(k, document);
  return k;
}

std::string postings_prefix(std::string_view prefix, std::string_view term) {
  std::string k{prefix};
  k.append(term).push_back('\0');
  return k;
}

void append_first(std::string& key, std::uint32_t document) {
  ordered_key::append_u32(key, ~document);
}

bool take_first(std::string_view rest, std::uint32_t& document) {
  std::uint32_t turned = 0;
  if (rest.size() != sizeof(turned) || !ordered_key::take(rest, turned))
    return false;
  document = ~turned;
  return true;
}

caf::expected<meta> read_meta(const search_index& index,
                              const rocks_snapshot* at) {
  std::string value;
  auto found = index.database().get(index.family(),
                                    key(index.prefix(), meta_key), value, at);
  if (!found)
    return std::move(found.error());
  if (!*found)
    return meta{version, 0, 0};
  meta m;
  std::string_view rest{value};
  if (!ordered_key::take(rest, m.version)
      || !ordered_key::take(rest, m.next_document)
      || !ordered_key::take(rest, m.documents))
    return fail(ec::internal, "the search index in "
                                  + index.database().directory()
                                  + " has no valid head; make it anew");
  return m;
}

std::string to_bytes(const meta& m) {
  std::string bytes;
  ordered_key::append_u32(bytes, m.version);
  ordered_key::append_u32(bytes, m.next_document);
  ordered_key::append_u64(bytes, m.documents);
  return bytes;
}

}  // namespace larder::search_layout
