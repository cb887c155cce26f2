// The part of setting_table.hpp that guesses what an operator meant.
#include "config/setting_table.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace larder::config {

namespace {

// Insertions, deletions and replacements between the two (Levenshtein).
std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    auto diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const auto above = row[j + 1];
      row[j + 1] =
          std::min({above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

const setting& nearest_setting(std::string_view name) {
  // An absurd name says nothing, and the distance costs its length.
  name = name.substr(0, 100);
  // A forgotten or wrong section is one mistake, whatever its length.
  const auto key = name.substr(name.find('.') + 1);
  const auto distance = [&](const setting& s) {
    return std::min(edits(name, s.name), edits(key, key_of(s)) + 1);
  };
  return *std::ranges::min_element(all_settings(), {}, distance);
}

const section& nearest_section(std::string_view name) {
  name = name.substr(0, 100);
  const auto distance = [&](const section& s) { return edits(name, s.name); };
  return *std::ranges::min_element(sections(), {}, distance);
}

}  // namespace larder::config
