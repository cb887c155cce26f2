#include "node/json_body.hpp"

#include "storage/error.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace larder {

namespace {

const config::limit_settings limits{};

TEST(JsonBodyTest, TakesTheKeysInTheirOrder) {
  auto keys = keys_in_body(
      R"({"keys":[{"type":"t","id":"b"},{"type":"t","id":"a"}]})", limits);
  ASSERT_TRUE(keys);
  ASSERT_EQ(keys->size(), 2u);
  EXPECT_EQ(*keys->at(0), (key{"t", "b"}));
  EXPECT_EQ(*keys->at(1), (key{"t", "a"}));
}

TEST(JsonBodyTest, RefusesOneKeyAndNotTheOthers) {
  auto keys = keys_in_body(
      R"({"keys":[{"type":"t"},3,{"type":"t","id":5},{"type":"","id":"a"},)"
      R"({"type":"t","id":"a"}]})",
      limits);
  ASSERT_TRUE(keys);
  for (int i = 0; i < 4; ++i) {
    ASSERT_FALSE(keys->at(i)) << i;
    EXPECT_EQ(code_of(keys->at(i).error()), ec::invalid_request);
  }
  EXPECT_TRUE(keys->at(4));
}

TEST(JsonBodyTest, RefusesMoreKeysThanItMayAskFor) {
  std::string body = "{\"keys\":[";
  for (std::uint32_t i = 0; i < limits.max_mget_keys; ++i)
    body += R"({"type":"t","id":"a"},)";
  EXPECT_TRUE(keys_in_body(body.substr(0, body.size() - 1) + "]}", limits));
  auto more = keys_in_body(body + R"({"type":"t","id":"a"}]})", limits);
  ASSERT_FALSE(more);
  EXPECT_NE(message_of(more.error()).find("1025"), std::string::npos);
}

TEST(JsonBodyTest, RefusesBodiesThatAreNoKeys) {
  for (std::string body : {"", "[]", "{}", "{\"keys\":{}}", "{\"keys\":", "x"})
    EXPECT_FALSE(keys_in_body(body, limits)) << body;
}

TEST(JsonBodyTest, SurvivesANestingThatNoParserSurvives) {
  auto deep = object_in("{\"a\":" + std::string(100'000, '[')
                            + std::string(100'000, ']') + "}",
                        limits);
  ASSERT_FALSE(deep);
  EXPECT_EQ(code_of(deep.error()), ec::invalid_request);
}

TEST(JsonBodyTest, TakesAPageOrItsDefaults) {
  auto usual = page_in_body(" \n", limits, 100, 1'000);
  ASSERT_TRUE(usual);
  EXPECT_EQ(usual->limit, 100u);
  EXPECT_EQ(usual->after, "");
  auto page =
      page_in_body(R"({"limit":7,"after":"a","other":1})", limits, 100, 1'000);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->limit, 7u);
  EXPECT_EQ(page->after, "a");
  EXPECT_TRUE(
      page_in_body(R"({"limit":null,"after":null})", limits, 100, 1'000));
}

TEST(JsonBodyTest, RefusesALimitThatIsNone) {
  for (std::string limit :
       {"0", "-1", "1001", "1.5", "\"7\"", "1e400", "99999999999999999999"}) {
    auto page = page_in_body("{\"limit\":" + limit + "}", limits, 100, 1'000);
    ASSERT_FALSE(page) << limit;
    EXPECT_EQ(code_of(page.error()), ec::invalid_request);
  }
  EXPECT_FALSE(page_in_body(R"({"after":1})", limits, 100, 1'000));
}

TEST(JsonBodyTest, TellsTheRevisionOfAConflict) {
  auto body = nlohmann::json::parse(error_body(conflict(7, "say \"no\"")));
  EXPECT_EQ(body["error"], "revision_conflict");
  EXPECT_EQ(body["message"], "say \"no\"");
  EXPECT_EQ(body["revision"], 7);
  auto other = nlohmann::json::parse(error_body(fail(ec::busy, "x")));
  EXPECT_FALSE(other.contains("revision"));
}

TEST(JsonBodyTest, PutsTheNodeInFront) {
  EXPECT_EQ(with_node("n", "{}"), R"({"node":"n"})");
  EXPECT_EQ(with_node("n", R"({"a":1})"), R"({"node":"n","a":1})");
}

}  // namespace

TEST(JsonBodyTest, TakesASearchFromTheBodyOrTheSubject) {
  config::limit_settings limits;
  auto asked = search_in_body(
      R"({"query":"async runtime","type":"t","limit":5,"offset":20})", "",
      limits);
  ASSERT_TRUE(asked) << message_of(asked.error());
  EXPECT_EQ(asked->words, "async runtime");
  EXPECT_EQ(asked->type, "t");
  EXPECT_EQ(asked->limit, 5u);
  EXPECT_EQ(asked->offset, 20u);
  asked = search_in_body("", "live-view_and.caf=C3=A9..x", limits);
  ASSERT_TRUE(asked) << message_of(asked.error());
  EXPECT_EQ(asked->words, "live view and caf\xc3\xa9 x");
  EXPECT_EQ(asked->limit, 10u);
  asked = search_in_body(R"({"limit":100})", "=22live=2Dview=22", limits);
  ASSERT_TRUE(asked) << message_of(asked.error());
  EXPECT_EQ(asked->words, "\"live-view\"");
  EXPECT_EQ(asked->limit, 100u);
}

TEST(JsonBodyTest, RefusesASearchForNothingOrForTooMuch) {
  config::limit_settings limits;
  for (auto body :
       {"", "{}", R"({"query":""})", R"({"query":"  "})", R"({"query":7})",
        R"({"query":"x","type":7})", R"({"query":"x","limit":0})",
        R"({"query":"x","limit":101})", R"({"query":"x","limit":-1})",
        R"({"query":"x","offset":10001})", R"({"query":"x","limit":"5"})",
        "[1]", "{"})
    EXPECT_EQ(code_of(search_in_body(body, "", limits).error()),
              ec::invalid_request)
        << body;
  for (auto tokens : {"=", "a.=zz", "--", "."})
    EXPECT_FALSE(search_in_body("", tokens, limits)) << tokens;
  EXPECT_FALSE(search_in_body(R"({"query":"x"})", "y", limits));
  EXPECT_FALSE(search_in_body("{\"query\":\"" + std::string(1'025, 'x') + "\"}",
                              "", limits));
}

}  // namespace larder
