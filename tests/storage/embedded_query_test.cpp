#include "storage/embedded_query.hpp"

#include <gtest/gtest.h>

namespace larder::embedded::test {

namespace {

std::string spelled(std::string_view text) {
  std::string all;
  for (auto& clause : parse_query(text)) {
    all += '[' + clause.words;
    for (auto& phrase : clause.phrases)
      all += " \"" + phrase + '"';
    for (auto& word : clause.without)
      all += " -" + word;
    all += ']';
  }
  return all;
}

}  // namespace

TEST(EmbeddedQueryTest, TakesWordsPhrasesAlternativesAndExclusionsApart) {
  EXPECT_EQ(spelled("async  runtime"), "[async runtime]");
  EXPECT_EQ(spelled("\"real time\" web"), "[real time web \"real time\"]");
  EXPECT_EQ(spelled("web -java -\"big data\""), "[web -java -big data]");
  EXPECT_EQ(spelled("a1 or b1 OR c1"), "[a1][b1][c1]");
  EXPECT_EQ(spelled("-java"), "[ -java]");
}

TEST(EmbeddedQueryTest, LeavesOutWhatHasNoWord) {
  EXPECT_EQ(spelled(""), "");
  EXPECT_EQ(spelled("the of !? \"\" - -- or or"), "");
  EXPECT_EQ(spelled("\"unclosed phrase"),
            "[unclosed phrase \"unclosed phrase\"]");
  EXPECT_EQ(spelled("\"the web"), "[the web \"the web\"]");
}

TEST(EmbeddedQueryTest, LooksForPhrasesWordByWordInAnyForm) {
  query_clause clause;
  clause.phrases = {"web framework"};
  EXPECT_TRUE(accepts(clause, "Many Web-Frameworks exist"));
  EXPECT_FALSE(accepts(clause, "a framework for the web"));
  clause.without = {"exists"};
  EXPECT_FALSE(accepts(clause, "Many Web-Frameworks exist"));
}

}  // namespace larder::embedded::test
