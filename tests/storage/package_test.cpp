#include "storage/package.hpp"

#include "storage/error.hpp"

#include <gtest/gtest.h>

#include <string>

using namespace larder;

namespace {

package full() {
  package p;
  p.ecosystem = "npm";
  p.name = "@scope/na.me";
  p.version = "1.2.3";
  p.description = "says \"hello\" \xE2\x82\xAC";
  p.homepage = "https://example.org";
  p.repository = "git+https://example.org/x.git";
  p.licenses = {"MIT", "Apache-2.0"};
  p.keywords = {"http", "async runtime"};
  p.tags = {"web"};
  p.dependencies = {{"left-pad", "^1.0", ""}, {"x", "", "dev"}};
  p.versions = {"1.2.2", "1.2.3"};
  p.deprecated = "use other";
  p.used_by = 7;
  p.readme = "# Title\n\ntext\n";
  p.snippets = {{"readme", "js", "README.md", 7, "Usage", "let a = 1;\n"},
                {"example", "", "", 0, "", ""}};
  p.archive = {"https://example.org/x.tgz", "sha512", "abc=", 1u << 31, true};
  p.collected_at = "2026-01-02T03:04:05Z";
  return p;
}

std::string why(std::string_view json, ec expected = ec::invalid_request) {
  auto p = parse_package(json);
  if (p)
    return "accepted";
  EXPECT_EQ(code_of(p.error()), expected) << json;
  return message_of(p.error());
}

std::string with(const std::string& member) {
  return R"({"ecosystem":"npm","name":"x",)" + member + "}";
}

}  // namespace

TEST(PackageTest, ComesBackFromItsJson) {
  auto p = full();
  auto back = parse_package(to_json(p));
  ASSERT_TRUE(back) << message_of(back.error());
  EXPECT_EQ(*back, p);
}

TEST(PackageTest, NeedsNoMoreThanEcosystemAndName) {
  package p;
  p.ecosystem = "debian";
  p.name = "bash";
  EXPECT_EQ(to_json(p), R"({"ecosystem":"debian","name":"bash"})");
  auto back = parse_package(
      R"({"ecosystem":"debian","name":"bash","version":null,"tags":null})");
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, p);
}

TEST(PackageTest, KeepsQuietAboutMembersItDoesNotKnow) {
  auto p = parse_package(with(R"("funding":{"url":[1,{"a":null}]})"));
  ASSERT_TRUE(p);
  EXPECT_EQ(p->name, "x");
}

TEST(PackageTest, SaysWhichMemberIsWrongAndWhatWasExpected) {
  EXPECT_EQ(why(with(R"("readme":7)")), "readme is 7; expected a string");
  EXPECT_EQ(why(with(R"("tags":"web")")),
            "tags is a string; expected an array");
  EXPECT_EQ(why(with(R"("keywords":["a",{}])")),
            "keywords[1] is an object; expected a string");
  EXPECT_EQ(why(with(R"("snippets":[{"kind":"a"},{"kind":"b","line":-1}])")),
            "snippets[1].line is -1; expected a whole number from 0 to "
            "4294967295");
  EXPECT_EQ(why(with(R"("snippets":[{"code":"a"}])")),
            "snippets[0].kind is missing; expected 1 to 64 bytes");
  EXPECT_EQ(why(with(R"("archive":[])")),
            "archive is an array; expected an object");
  EXPECT_EQ(why(with(R"("archive":{"verified":"yes"})")),
            "archive.verified is a string; expected true or false");
  EXPECT_EQ(why(with(R"("deprecated":[])")),
            "deprecated is an array; expected a string");
  EXPECT_EQ(why(R"({"ecosystem":"npm"})"),
            "name is missing; expected 1 to 512 bytes");
  EXPECT_EQ(why(R"({"name":"x"})"),
            "ecosystem is missing; expected for example npm");
}

TEST(PackageTest, RefusesKeysThatBreakTheRules) {
  EXPECT_TRUE(check_package_key("a-z_09", "x"));
  EXPECT_TRUE(check_package_key(std::string(64, 'e'), std::string(512, 'n')));
  EXPECT_FALSE(check_package_key(std::string(65, 'e'), "x"));
  EXPECT_FALSE(check_package_key("npm", std::string(513, 'n')));
  EXPECT_FALSE(check_package_key("NPM", "x"));
  EXPECT_FALSE(check_package_key("n.m", "x"));
  EXPECT_FALSE(check_package_key("npm", ""));
  EXPECT_FALSE(check_package_key("npm", "a\nb"));
  EXPECT_FALSE(check_package_key("npm", std::string_view{"a\0b", 3}));
  EXPECT_FALSE(check_package_key("npm", "\xFF"));
  EXPECT_FALSE(check_package_key("npm", "\xC2\x85"));
  EXPECT_TRUE(check_package_version(""));
  EXPECT_FALSE(check_package_version(std::string(257, '1')));
}

TEST(PackageTest, RefusesWhatIsNoJsonObjectOrTooDeepOrTooLarge) {
  EXPECT_NE(why("[]").find("'{'"), std::string::npos);
  EXPECT_NE(why("").find("empty"), std::string::npos);
  auto deep = with("\"x\":" + std::string(64, '[') + std::string(64, ']'));
  EXPECT_NE(why(deep), "accepted");
  auto large = with("\"readme\":\"" + std::string(1'000'000, 'x') + "\"");
  EXPECT_NE(why(large, ec::too_large).find("1000000"), std::string::npos);
  std::string many = "\"\"";
  for (int i = 0; i < 20'000; ++i)
    many += ",\"\"";
  EXPECT_EQ(why(with("\"tags\":[" + many + "]"), ec::too_large),
            "tags has 20001 items; expected at most 20000");
}

TEST(PackageTest, RefusesJsonThatNoParserReadsAsOne) {
  EXPECT_NE(why(with(R"("x":"\ud800")")), "accepted");
  EXPECT_NE(why(with(R"("x":1e999)")), "accepted");
}

TEST(PackageTest, ReadsTrueAsDeprecated) {
  EXPECT_EQ(parse_package(with(R"("deprecated":true)"))->deprecated,
            "deprecated");
  EXPECT_EQ(parse_package(with(R"("deprecated":false)"))->deprecated, "");
}

TEST(PackageTest, WritesBytesThatAreNoTextAsReplacementCharacters) {
  package p;
  p.ecosystem = "npm";
  p.name = "x";
  p.readme = "a\xFF";
  EXPECT_EQ(parse_package(to_json(p))->readme, "a\xEF\xBF\xBD");
}
