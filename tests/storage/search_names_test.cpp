#include "storage/search_names.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace larder::test {

TEST(SearchNamesTest, KnowEveryKindOfTypo) {
  auto typos = names_with_a_typo("ab");
  auto has = [&](const char* name) {
    return std::binary_search(typos.begin(), typos.end(), name);
  };
  for (auto* one_away : {"a", "b", "ba", "xb", "a7", "xab", "axb", "abx"})
    EXPECT_TRUE(has(one_away)) << one_away;
  for (auto* other : {"ab", "", "bax", "xaxb"})
    EXPECT_FALSE(has(other)) << other;
  // 2 less, 1 swapped, 2 * 35 other, 3 * 36 more of which 2 come twice.
  EXPECT_EQ(typos.size(), 2u + 1 + 70 + 106);
}

TEST(SearchNamesTest, TakeLettersOfOtherScriptsWhole) {
  auto typos = names_with_a_typo("日本");
  EXPECT_TRUE(std::binary_search(typos.begin(), typos.end(), "本日"));
  EXPECT_TRUE(std::binary_search(typos.begin(), typos.end(), "日"));
}

TEST(SearchNamesTest, KeepTheDocumentsOfAName) {
  std::string value;
  add_to_name(value, 7, 0xABCD);
  add_to_name(value, 70'000, 1);
  add_to_name(value, 3, 0);
  take_from_name(value, 70'000);
  take_from_name(value, 5);
  std::string seen;
  each_named(value, [&](std::uint32_t document, std::uint16_t hash) {
    seen += std::to_string(document) + ":" + std::to_string(hash) + " ";
  });
  EXPECT_EQ(seen, "7:43981 3:0 ");
  take_from_name(value, 7);
  take_from_name(value, 3);
  EXPECT_EQ(value, "");
}

}  // namespace larder::test
