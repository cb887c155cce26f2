#include "storage/registry_json.hpp"

#include "storage/error.hpp"

#include <gtest/gtest.h>

namespace larder::test {

namespace {

using nlohmann::json;

TEST(RegistryJsonTest, IsTheLibrarysWhereEverythingIsKept) {
  const std::string text = R"({"a":[1,-2,3.5,[],{"b":null}],"c":{"d":{}},)"
                           R"("e":"\u00e9\"","f":true,"a2":[[1],[2,[3]]]})";
  auto got = parse_document(text, "x");
  ASSERT_TRUE(got) << message_of(got.error());
  EXPECT_EQ(*got, json::parse(text));
}

TEST(RegistryJsonTest, KeepsTheMembersThatAreChosen) {
  auto got = parse_document(
      R"({"a":{"x":1,"y":[{"x":2}],"z":{"x":{}}},"b":{"x":1},"x":[1,2]})", "x",
      [](std::size_t depth, const std::string& name) {
        return depth == 1 ? name != "b" : name != "x";
      });
  ASSERT_TRUE(got);
  EXPECT_EQ(*got, json::parse(R"({"a":{"y":[{}],"z":{}},"x":[1,2]})"));
}

TEST(RegistryJsonTest, RefusesWhatIsNoObjectOrEndsTooSoon) {
  for (auto text : {"", "[]", "1", "null", "\"x\"", "{", "{}}", "{\"a\":}",
                    "{\"a\":1e999}", "{\"\xFF\":1}"}) {
    auto got = parse_document(text, "here");
    ASSERT_FALSE(got) << text;
    EXPECT_EQ(code_of(got.error()), ec::unavailable);
    EXPECT_EQ(message_of(got.error()).substr(0, 4), "here");
  }
}

TEST(RegistryJsonTest, RefusesWhatIsTooDeepEvenWhereItIsNotKept) {
  auto nested = [](std::size_t depth) {
    return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']')
           + "}";
  };
  EXPECT_TRUE(parse_document(nested(64), "x"));
  EXPECT_FALSE(parse_document(nested(65), "x"));
  auto nothing = [](std::size_t, const std::string&) { return false; };
  EXPECT_FALSE(parse_document(nested(1'000'000), "x", nothing));
}

TEST(RegistryJsonTest, RefusesMoreValuesThanAnyRegistryHas) {
  std::string many = "{\"a\":[1";
  for (int i = 0; i < 200'000; ++i)
    many += ",1";
  many += "]}";
  auto got = parse_document(many, "x");
  ASSERT_FALSE(got);
  EXPECT_NE(message_of(got.error()).find("200000"), std::string::npos);
  auto nothing = [](std::size_t, const std::string&) { return false; };
  EXPECT_TRUE(parse_document(many, "x", nothing));
}

// In proportion to its size: the library's own filter took minutes for this.
TEST(RegistryJsonTest, GoesThroughManySmallMembersOnce) {
  std::string many = "{\"0\":{}";
  for (int i = 1; i < 180'000; ++i)
    many += ",\"" + std::to_string(i) + "\":{\"a\":{}}";
  many += "}";
  auto got = parse_document(
      many, "x", [](std::size_t depth, auto&) { return depth == 1; });
  ASSERT_TRUE(got);
  EXPECT_EQ(got->size(), 180'000u);
}

TEST(RegistryJsonTest, MembersOfAnotherKindAreEmpty) {
  auto value = json::parse(R"({"t":"x","n":1,"o":{"p":1},"l":["a",2,"b"]})");
  EXPECT_EQ(text_of(value, "t"), "x");
  EXPECT_EQ(text_of(value, "n"), "");
  EXPECT_EQ(text_of(value, "none"), "");
  EXPECT_EQ(text_of(json(7), "t"), "");
  EXPECT_EQ(object_of(value, "o").size(), 1u);
  EXPECT_TRUE(object_of(value, "l").is_null());
  EXPECT_TRUE(object_of(object_of(value, "none"), "x").is_null());
  EXPECT_EQ(texts_of(list_of(value, "l")),
            (std::vector<std::string>{"a", "b"}));
}

}  // namespace

}  // namespace larder::test
