#include "node/cli/json_slices.hpp"

#include <gtest/gtest.h>

namespace larder::cli {

namespace {

TEST(JsonSlicesTest, HandsOutValuesByteForByte) {
  auto members = object_members(
      R"( { "a" : { "z":1e400, "b" : [ 0.10,"}" ] } ,"b":"x\"]","c": 12 } )");
  ASSERT_EQ(members.size(), 3u);
  EXPECT_EQ(members[0].second, R"({ "z":1e400, "b" : [ 0.10,"}" ] })");
  EXPECT_EQ(members[1].second, R"("x\"]")");
  EXPECT_EQ(members[2].second, "12");
}

TEST(JsonSlicesTest, ReadsEscapesInNames) {
  auto members = object_members(R"({"\u0061\"b":true})");
  ASSERT_EQ(members.size(), 1u);
  EXPECT_EQ(members[0].first, "a\"b");
}

TEST(JsonSlicesTest, TakesTheLastOfTwoMembersWithOneName) {
  auto members = object_members(R"({"a":1,"a":2})");
  EXPECT_EQ(member(members, "a"), "2");
  EXPECT_EQ(member(members, "b"), std::nullopt);
}

TEST(JsonSlicesTest, FindsNothingInEmptyContainers) {
  EXPECT_TRUE(object_members(" { } ").empty());
  EXPECT_TRUE(array_elements("[ ]").empty());
  EXPECT_TRUE(object_members("[1]").empty());
  EXPECT_TRUE(array_elements("{\"a\":1}").empty());
}

TEST(JsonSlicesTest, SplitsAnArrayAtItsOwnCommasAlone) {
  auto elements = array_elements(R"([{"a":[1,2]}, "x,y" ,null,[[]],-1])");
  ASSERT_EQ(elements.size(), 5u);
  EXPECT_EQ(elements[0], R"({"a":[1,2]})");
  EXPECT_EQ(elements[1], R"("x,y")");
  EXPECT_EQ(elements[2], "null");
  EXPECT_EQ(elements[3], "[[]]");
  EXPECT_EQ(elements[4], "-1");
}

TEST(JsonSlicesTest, GoesThroughAnyDepthWithoutAStack) {
  std::string deep(200'000, '[');
  deep += std::string(200'000, ']');
  auto elements = array_elements(deep);
  ASSERT_EQ(elements.size(), 1u);
  EXPECT_EQ(elements[0].size(), deep.size() - 2);
}

TEST(JsonSlicesTest, TellsStringsAndIntegersFromOtherValues) {
  EXPECT_EQ(string_value(R"("gr\u00fc\u00df")"), "gr\xC3\xBC\xC3\x9F");
  EXPECT_EQ(string_value("12"), std::nullopt);
  EXPECT_EQ(integer_value("-12"), -12);
  EXPECT_EQ(integer_value("1.5"), std::nullopt);
  EXPECT_EQ(integer_value("\"1\""), std::nullopt);
}

}  // namespace

}  // namespace larder::cli
