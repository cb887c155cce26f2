#include "storage/search_names.hpp"

#include "storage/search_layout.hpp"
#include "storage/search_postings.hpp"

#include <algorithm>
#include <unordered_set>

namespace larder {

namespace {

constexpr std::size_t most_prefix_names = 512;
constexpr std::size_t shortest_typo = 4;
constexpr std::size_t longest_typo = 32;

/// Characters of UTF-8.
std::vector<std::string_view> letters_of(std::string_view name) {
  std::vector<std::string_view> letters;
  for (std::size_t i = 0; i < name.size();) {
    auto end = i + 1;
    while (end < name.size()
           && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80)
      ++end;
    letters.push_back(name.substr(i, end - i));
    i = end;
  }
  return letters;
}

}  // namespace

void each_named(
    std::string_view value,
    const std::function<void(std::uint32_t, std::uint16_t)>& visit) {
  std::uint32_t document = 0;
  while (take_varint(value, document) && value.size() >= 2) {
    auto hash =
        static_cast<std::uint16_t>((static_cast<unsigned char>(value[0]) << 8)
                                   | static_cast<unsigned char>(value[1]));
    value.remove_prefix(2);
    visit(document, hash);
  }
}

void add_to_name(std::string& value, std::uint32_t document,
                 std::uint16_t hash) {
  append_varint(value, document);
  value.push_back(static_cast<char>(hash >> 8));
  value.push_back(static_cast<char>(hash));
}

void take_from_name(std::string& value, std::uint32_t document) {
  std::string rest;
  each_named(value, [&](std::uint32_t other, std::uint16_t hash) {
    if (other != document)
      add_to_name(rest, other, hash);
  });
  value = std::move(rest);
}

std::vector<std::string> names_with_a_typo(std::string_view name) {
  constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
  auto letters = letters_of(name);
  std::vector<std::string> typos;
  auto join = [&](std::size_t from, std::string_view middle, std::size_t to) {
    std::string typo;
    for (std::size_t i = 0; i < from; ++i)
      typo += letters[i];
    typo += middle;
    for (auto i = to; i < letters.size(); ++i)
      typo += letters[i];
    typos.push_back(std::move(typo));
  };
  for (std::size_t i = 0; i <= letters.size(); ++i) {
    for (auto& letter : alphabet)
      join(i, {&letter, 1}, i);
    if (i == letters.size())
      break;
    join(i, {}, i + 1);
    for (auto& letter : alphabet)
      join(i, {&letter, 1}, i + 1);
    if (i + 1 < letters.size())
      join(i, std::string{letters[i + 1]} + std::string{letters[i]}, i + 2);
  }
  std::sort(typos.begin(), typos.end());
  typos.erase(std::unique(typos.begin(), typos.end()), typos.end());
  std::erase(typos, name);
  return typos;
}

caf::expected<std::vector<search_named>> find_names(const search_index& index,
                                                    std::string_view text,
                                                    bool typos,
                                                    const rocks_snapshot& at) {
  using search_layout::key;
  std::vector<search_named> found;
  std::unordered_set<std::uint32_t> known;
  auto add = [&](std::string_view value, search_match match, auto closeness) {
    each_named(value, [&](std::uint32_t document, std::uint16_t hash) {
      if (known.insert(document).second)
        found.push_back({document, match, closeness(hash)});
    });
  };
  auto name = folded_name(text);
  if (name.empty())
    return found;
  auto& db = index.database();
  auto exact = key(index.prefix(), search_layout::name_key, name);
  std::string value;
  auto there = db.get(index.family(), exact, value, &at);
  if (!there)
    return std::move(there.error());
  if (*there)
    add(value, search_match::exact,
        [hash = search_layout::hash_of_name(text)](std::uint16_t other) {
          return other == hash ? 1.0 : 0.0;
        });

  auto letters = letters_of(name).size();
  if (letters >= 2) {
    std::size_t names = 0;
    auto before_name = index.prefix().size() + 1;
    auto read = db.each_prefix(
        index.family(), exact,
        [&](std::string_view other, std::string_view documents) {
          auto share = static_cast<double>(name.size())
                       / static_cast<double>(other.size() - before_name);
          add(documents, search_match::prefix,
              [&](std::uint16_t) { return share; });
          return ++names < most_prefix_names;
        },
        &at);
    if (!read)
      return std::move(read.error());
  }

  if (typos && !*there && letters >= shortest_typo && letters <= longest_typo
      && text.find(' ') == std::string_view::npos) {
    auto keys = names_with_a_typo(name);
    for (auto& typo : keys)
      typo = key(index.prefix(), search_layout::name_key, typo);
    std::vector<std::string> values;
    auto read = db.multi_get(index.family(), keys, values, &at);
    if (!read)
      return std::move(read.error());
    for (std::size_t i = 0; i < keys.size(); ++i)
      if ((*read)[i])
        add(values[i], search_match::typo, [](std::uint16_t) { return 0.0; });
  }
  return found;
}

}  // namespace larder
