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

}  // namespace larder
