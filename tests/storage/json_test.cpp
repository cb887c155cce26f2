#include "storage/json.hpp"

#include "storage/error.hpp"

#include <gtest/gtest.h>

#include <string>

namespace larder {
namespace {

constexpr std::uint32_t depth = 64;

void accepted(std::string_view body) {
  auto result = check_json(body, depth);
  EXPECT_TRUE(result) << body << ": " << message_of(result.error());
}

/// Expects a refusal that says `part`.
void refused(std::string_view body, const std::string& part) {
  auto result = check_json(body, depth);
  ASSERT_FALSE(result) << body;
  EXPECT_EQ(code_of(result.error()), ec::invalid_request);
  EXPECT_NE(message_of(result.error()).find(part), std::string::npos)
      << body << ": " << message_of(result.error());
}

std::string nested(std::size_t levels, std::string inner = "") {
  return std::string(levels, '[') + inner + std::string(levels, ']');
}

TEST(JsonTest, AcceptsEveryKindOfValue) {
  for (auto body : {"{}", "[]", "\"\"", "0", "true", "false", "null",
                    " \t\r\n{ } ", R"({"a":{"b":[1,"x",null,{"c":[]}]},"d":2})",
                    "[[],[{}],{}]", R"({"a":1,"a":2})", R"({"":0})"})
    accepted(body);
}

TEST(JsonTest, AcceptsNumbersThatNoMachineHolds) {
  for (auto body : {"1e400", "-1E-400", "0.10", "-0", "-0.0e+0", "1e+0005"})
    accepted(body);
  accepted(std::string(100'000, '9'));
  accepted("0." + std::string(100'000, '1') + "e99999999999999999999");
}

TEST(JsonTest, RefusesNumbersThatJsonDoesNotHave) {
  refused("01", "at byte 1 expected no digit after a leading zero");
  refused("-", "expected a digit");
  refused("1.", "expected a digit after '.'");
  refused("1.e5", "expected a digit after '.'");
  refused("1e", "expected a digit in the exponent");
  refused("1e+", "expected a digit in the exponent");
  for (auto body : {"NaN", "Infinity", "-Infinity", "+1", ".5", "0x10", "1_0"})
    EXPECT_FALSE(check_json(body, depth)) << body;
}

TEST(JsonTest, AcceptsStringsWithEscapesAndUnicode) {
  for (auto body : {R"("\"\\\/\b\f\n\r\t")", R"("\u0000\uD83E\uDD8A\uDEAD")",
                    "\"é €🦊\"", "\"\x7F\"", "\"\xEF\xBF\xBF\""})
    accepted(body);
}

TEST(JsonTest, RefusesBrokenStrings) {
  refused("\"abc", "at byte 4, where the body ends, expected '\"'");
  refused("\"\\", "after '\\'");
  refused(R"("\x41")", "after '\\'");
  refused(R"("\u12G4")", "at byte 5 expected four hex digits");
  refused("\"\\u12", "four hex digits");
  refused("\"a\nb\"", "at byte 2 expected no control character");
  refused(std::string_view{"\"a\0b\"", 5}, "control character");
}

TEST(JsonTest, RefusesBytesThatAreNotUtf8) {
  for (auto body : {"\"\xFF\"", "\"\xC3\"", "\"\xC0\x80\"", "\"\xED\xA0\x80\"",
                    "\"\xF4\x90\x80\x80\"", "\"\xE2\x82\""})
    refused(body, "at byte 1 expected valid UTF-8");
  refused("\xEF\xBB\xBF{}", "at byte 0 expected a value");
}

TEST(JsonTest, RefusesBrokenStructure) {
  refused("{", "expected a member name");
  refused("{\"a\"", "expected ':'");
  refused("{\"a\":", "expected a value");
  refused("{\"a\":1", "at byte 6, where the body ends, expected ',' or '}'");
  refused("{\"a\":1,}", "at byte 7 expected a member name");
  refused("{a:1}", "expected a member name");
  refused("{'a':1}", "expected a member name");
  refused("[1,]", "at byte 3 expected a value");
  refused("[1 2]", "expected ',' or ']'");
  refused("[1}", "expected ',' or ']'");
  refused("{\"a\":1]", "expected ',' or '}'");
  refused("]", "expected a value");
  refused("tru", "expected a value");
  refused("nullx", "expected nothing more");
  refused("// no\n{}", "expected a value");
}

TEST(JsonTest, RefusesWhatFollowsTheValue) {
  refused("{} x", "at byte 3 expected nothing more after the value");
  refused("{}{}", "at byte 2 expected nothing more");
  refused(std::string_view{"{}\0", 3}, "expected nothing more");
}

TEST(JsonTest, RefusesAnEmptyBody) {
  refused("", "the body is empty");
  refused(" \n", "the body is empty");
  EXPECT_FALSE(check_json_object("", depth));
}

TEST(JsonTest, DemandsAnObjectWhereOneIsDue) {
  EXPECT_TRUE(check_json_object(R"( {"a":[1e400]} )", depth));
  for (auto body : {"[]", "1", "\"a\"", "null", "x"}) {
    auto result = check_json_object(body, depth);
    ASSERT_FALSE(result) << body;
    EXPECT_NE(message_of(result.error()).find("expected a JSON object"),
              std::string::npos);
  }
}

TEST(JsonTest, BoundsTheNesting) {
  accepted(nested(64));
  accepted(nested(64, "1"));
  refused(nested(65), "at byte 64 expected at most 64 levels of nesting");
  EXPECT_TRUE(check_json("1", 0));
  EXPECT_FALSE(check_json("[]", 0));
}

TEST(JsonTest, ChecksAMillionLevelsWithoutStack) {
  EXPECT_TRUE(check_json(nested(1'000'000), 1'000'000));
  EXPECT_FALSE(check_json(nested(100'000), depth));
  EXPECT_FALSE(check_json(std::string(1'000'000, '['), 2'000'000));
}

TEST(JsonTest, WritesStringsThatAreJsonWhateverComesIn) {
  auto written = [](std::string_view text) {
    std::string out = "[";
    append_json_string(out, text);
    out += ']';
    accepted(out);
    return out;
  };
  EXPECT_EQ(written("a\"b\\c"), R"(["a\"b\\c"])");
  EXPECT_EQ(written("a\nb\tc"), R"(["a\nb\u0009c"])");
  EXPECT_EQ(written("é🦊"), "[\"é🦊\"]");
  EXPECT_EQ(written("a\xFF\xC3z"), "[\"a\xEF\xBF\xBD\xEF\xBF\xBDz\"]");
  EXPECT_EQ(written(std::string_view{"\0", 1}), R"(["\u0000"])");
}

}  // namespace
}  // namespace larder
