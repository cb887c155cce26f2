#include "storage/search_layout.hpp"

#include "storage/error.hpp"
#include "storage/ordered_key.hpp"

#include <algorithm>
#include <array>
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
  /// Whether words that are in every text are words here.
  bool stop_words;
};

constexpr field name_field{6.0, 0.7, 2.0, true};
constexpr field keywords_field{2.0, 0.5, 8.0, true};
constexpr field description_field{4.0, 0.5, 7.0, false};
constexpr field body_field{1.0, 0.75, 300.0, false};
constexpr field code_field{0.6, 0.75, 300.0, false};

constexpr double lightest = 0.02;
constexpr double steps_per_octave = 20;

/// The stems of one field, and how often each is there.
struct counted {
  std::unordered_map<std::string, std::uint32_t> stems;
  std::uint32_t length = 0;
};

counted count(std::string_view text, const field& of,
              search_splitter& splitter) {
  counted c;
  splitter.each(text, [&](const search_word& word) {
    if (word.is_stop && !of.stop_words)
      return;
    ++c.stems[std::string{word.stem}];
    if (!word.is_part)
      ++c.length;
  });
  return c;
}

}  // namespace

float weight_of(std::uint8_t byte) {
  static const auto table = [] {
    std::array<float, 256> weights{};
    for (std::size_t i = 1; i < weights.size(); ++i)
      weights[i] = static_cast<float>(
          lightest * std::exp2(static_cast<double>(i - 1) / steps_per_octave));
    return weights;
  }();
  return table[byte];
}

std::uint8_t byte_of(double weight) {
  auto steps = std::lround(std::log2(weight / lightest) * steps_per_octave);
  return static_cast<std::uint8_t>(std::clamp(steps, 0L, 254L) + 1);
}

std::uint16_t hash_of_name(std::string_view name) {
  // FNV-1a, folded.
  std::uint32_t hash = 2166136261u;
  for (unsigned char c : name)
    hash = (hash ^ c) * 16777619u;
  return static_cast<std::uint16_t>(hash ^ (hash >> 16));
}

analysed analyse(const search_document& document, search_splitter& splitter) {
  std::unordered_map<std::string, double> weights;
  auto add = [&](std::string_view text, const field& of) {
    if (text.empty())
      return;
    auto counts = count(text, of, splitter);
    auto length =
        1 - of.by_length + of.by_length * counts.length / of.usual_length;
    for (auto& [stem, times] : counts.stems)
      weights[stem] += of.weight * times / length;
  };
  add(document.name, name_field);
  add(document.keywords, keywords_field);
  add(document.description, description_field);
  add(document.body, body_field);
  add(document.code, code_field);

  analysed a;
  a.terms.reserve(weights.size() + document.filters.size());
  for (auto& [stem, weight] : weights)
    a.terms.push_back({term_key + stem, byte_of(weight)});
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
