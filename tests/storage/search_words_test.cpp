#include "storage/search_words.hpp"

#include <gtest/gtest.h>

namespace larder::test {

namespace {

/// The stems, parts in brackets, stop words with a dot before them.
std::string words(std::string_view text) {
  std::string all;
  search_splitter splitter;
  splitter.each(text, [&](const search_word& w) {
    std::string stem{w.stem};
    if (w.is_stop)
      stem = "." + stem;
    all += (all.empty() ? "" : " ") + (w.is_part ? "[" + stem + "]" : stem);
    EXPECT_LE(w.offset + w.bytes, text.size());
  });
  return all;
}

}  // namespace

TEST(SearchWordsTest, AreStemsInLowerCase) {
  EXPECT_EQ(words("Compressed Libraries, testing"), "compress librari test");
  EXPECT_EQ(words("the Cat's of"), ".the cat s .of");
  EXPECT_EQ(words(""), "");
}

TEST(SearchWordsTest, HaveParts) {
  EXPECT_EQ(words("JsonPath"), "jsonpath [json] [path]");
  EXPECT_EQ(words("sqlite3"), "sqlite3 [sqlite]");
  EXPECT_EQ(words("libcurl"), "libcurl [curl]");
  EXPECT_EQ(words("HTTP 3d x2"), "http 3d x2");
  EXPECT_EQ(words("react-router_dom.js"), "react router dom js");
}

TEST(SearchWordsTest, KeepTheNamesOfLanguages) {
  EXPECT_EQ(words("C++, C# and F#"), "c++ c# .and f#");
  EXPECT_EQ(words("a + b"), ".a b");
}

TEST(SearchWordsTest, KnowOtherScripts) {
  EXPECT_EQ(words("ÀÉÎ Łódź ΑΒΓ Жук"), "àéî łódź αβγ жук");
  EXPECT_EQ(words("日本語"), "日 本 語");
  EXPECT_EQ(words("em—dash … “quotes” 👍"), "em dash quot");
}

TEST(SearchWordsTest, SurviveBytesThatAreNoText) {
  EXPECT_EQ(words("ab\xff"
                  "cd \xe6\x97"),
            "ab cd");
  EXPECT_EQ(words(std::string("a1\0b1", 5)), "a1 b1");
  EXPECT_EQ(words(std::string(65, 'x') + " ok"), "ok");
}

TEST(SearchWordsTest, SayWhereTheyStand) {
  std::string_view text = "é Word";
  search_splitter splitter;
  std::string_view found;
  splitter.each(text, [&](const search_word& w) {
    found = text.substr(w.offset, w.bytes);
  });
  EXPECT_EQ(found, "Word");
}

TEST(SearchWordsTest, NamesFold) {
  EXPECT_EQ(folded_name("@Types/Node.js"), "typesnodejs");
  EXPECT_EQ(folded_name("c++"), "c++");
  EXPECT_EQ(folded_name("--"), "--");
  EXPECT_EQ(folded_name(""), "");
}

}  // namespace larder::test
