#include "storage/search_highlight.hpp"

#include <gtest/gtest.h>

namespace larder::test {

namespace {

std::string best(std::string_view query, std::string_view text,
                 std::size_t most = 240) {
  search_highlighter highlighter{query};
  return marked(highlighter.best_passage(text, most), "<", ">");
}

}  // namespace

TEST(SearchHighlightTest, MarksTheWordsOfTheQueryByTheirStem) {
  EXPECT_EQ(best("load testing", "Tests of the load.\n  Loads!"),
            "<Tests> of the <load>. <Loads>!");
  EXPECT_EQ(best("json", "A JsonPath library"), "A <JsonPath> library");
  EXPECT_EQ(best("the load", "the load"), "the <load>");
  EXPECT_EQ(best("the", "the load"), "<the> load");
}

TEST(SearchHighlightTest, ShowsTheBeginningWhereNothingMatches) {
  search_highlighter highlighter{"nothing"};
  auto passage = highlighter.best_passage("Some text\nthat is long", 12);
  EXPECT_EQ(passage.text, "Some text…");
  EXPECT_EQ(passage.words, 0u);
  EXPECT_TRUE(passage.marks.empty());
  EXPECT_EQ(highlighter.best_passage("").text, "");
}

TEST(SearchHighlightTest, ShowsWhereMostWordsAreTogether) {
  std::string text = "alpha alpha alpha alpha ";
  for (int i = 0; i < 100; ++i)
    text += "filler ";
  text += "here alpha and beta meet ";
  for (int i = 0; i < 100; ++i)
    text += "filler ";
  EXPECT_EQ(best("alpha beta", text, 40),
            "…here <alpha> and <beta> meet filler…");
  search_highlighter highlighter{"alpha beta"};
  EXPECT_EQ(highlighter.best_passage(text, 40).words, 2u);
}

TEST(SearchHighlightTest, KeepsToItsLengthAndToWholeCharacters) {
  std::string text;
  for (int i = 0; i < 300; ++i)
    text += "é";
  text += " word ";
  for (int i = 0; i < 300; ++i)
    text += "日";
  search_highlighter highlighter{"word"};
  for (std::size_t most = 4; most < 60; ++most) {
    auto p = highlighter.best_passage(text, most);
    EXPECT_LE(p.text.size(), most + 2 * 3);
    ASSERT_EQ(p.marks.size(), 1u) << most;
    EXPECT_EQ(p.text.substr(p.marks[0].offset, p.marks[0].bytes), "word");
    for (std::size_t i = 0; i < p.text.size(); ++i) {
      if (static_cast<unsigned char>(p.text[i]) == 0xE6) {
        EXPECT_EQ(p.text.substr(i, 3), "日");
      }
    }
  }
}

TEST(SearchHighlightTest, LeavesTheTextAsItIs) {
  EXPECT_EQ(best("word", "<b>word</b> & word"), "<b><word></b> & <word>");
}

}  // namespace larder::test
