#include "node/package_request.hpp"

#include "storage/error.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace larder {

namespace {

const config::limit_settings limits{};

/// What is said of the body when `read` has read it; "" if all was right.
std::string complaint(std::string_view body,
                      const std::function<void(request_fields&)>& read) {
  request_fields fields{body, limits};
  read(fields);
  if (!fields.failure())
    return {};
  EXPECT_EQ(code_of(fields.failure()), ec::invalid_request) << body;
  return message_of(fields.failure());
}

std::string of_member(const std::string& value) {
  return "{\"a\":" + value + "}";
}

}  // namespace

TEST(PackageRequestTest, TakesMembersAsTheyAreWanted) {
  request_fields fields{
      R"({"name":"@s/x","version":"1.0.0","collect":true,"limit":7,)"
      R"("tags":["a","b"],"match":"all","other":[{}],)"
      R"("after":{"ecosystem":"npm","name":"y"}})",
      limits};
  EXPECT_EQ(fields.text("name"), "@s/x");
  EXPECT_EQ(fields.optional_text("version"), "1.0.0");
  EXPECT_TRUE(fields.flag("collect"));
  EXPECT_EQ(fields.number("limit", 100, 1, 1'000), 7u);
  EXPECT_EQ(fields.texts("tags", 2), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(fields.is_second("match", "any", "all"));
  std::string ecosystem, name;
  EXPECT_TRUE(fields.key("after", ecosystem, name));
  EXPECT_EQ(ecosystem + "/" + name, "npm/y");
  EXPECT_FALSE(fields.failure());
}

TEST(PackageRequestTest, TakesAnAbsentMemberOrANullForItsDefault) {
  for (auto body : {"", " \r\n", "{}",
                    R"({"version":null,"collect":null,"limit":null,)"
                    R"("tags":null,"match":null,"after":null})"}) {
    request_fields fields{body, limits};
    EXPECT_EQ(fields.optional_text("version"), "");
    EXPECT_FALSE(fields.flag("collect"));
    EXPECT_EQ(fields.number("limit", 100, 1, 1'000), 100u);
    EXPECT_TRUE(fields.texts("tags", 2).empty());
    EXPECT_FALSE(fields.is_second("match", "any", "all"));
    std::string ecosystem, name;
    EXPECT_FALSE(fields.key("after", ecosystem, name));
    EXPECT_FALSE(fields.failure()) << message_of(fields.failure());
    fields.text("name");
    EXPECT_TRUE(fields.failure()) << "a text that must be there is not";
  }
}

TEST(PackageRequestTest, TakesOneDocumentALineAndKnowsWhereEachStood) {
  auto found = package_lines_in("{\"a\": 1}\r\n\n \t\r\n{}\n{ }");
  EXPECT_EQ(found.documents,
            (std::vector<std::string>{"{\"a\": 1}", "{}", "{ }"}));
  EXPECT_EQ(found.lines, (std::vector<std::size_t>{1, 4, 5}));
  EXPECT_TRUE(package_lines_in("").documents.empty());
  EXPECT_TRUE(package_lines_in("\n\n").documents.empty());
}

TEST(PackageRequestTest, RefusesABodyThatIsNoObject) {
  auto nothing = [](request_fields&) {};
  for (std::string body : {"{", "[]", "7", "x", "\"a\"", "{\"a\":1}}",
                           "{\"\xff\":1}", "\xef\xbb\xbf[]", "{'a':1}"})
    EXPECT_NE(complaint(body, nothing), "") << body;
  EXPECT_NE(complaint(std::string(100'000, '['), nothing), "");
  std::string deep;
  for (int i = 0; i < 10'000; ++i)
    deep += "{\"a\":";
  EXPECT_NE(complaint(deep, nothing), "");
}

TEST(PackageRequestTest, RefusesANumberThatIsNoneOrOutOfItsLimits) {
  auto read = [](request_fields& f) {
    EXPECT_EQ(f.number("a", 100, 1, 1'000), 100u);
  };
  for (auto value : {"0", "1001", "-1", "1.5", "1.0", "\"7\"", "true", "[7]",
                     "{}", "4294967297", "18446744073709551616", "1e400"})
    EXPECT_NE(complaint(of_member(value), read), "") << value;
  EXPECT_EQ(complaint(of_member("\"ten\""), read),
            "\"a\" is \"ten\"; expected a whole number from 1 to 1000");
  for (auto value : {1u, 1'000u}) {
    request_fields f{of_member(std::to_string(value)), limits};
    EXPECT_EQ(f.number("a", 100, 1, 1'000), value);
    EXPECT_FALSE(f.failure());
  }
}

TEST(PackageRequestTest, RefusesTextsOfAnotherKind) {
  for (auto value : {"7", "true", "{}", "[\"x\"]", "1.5"}) {
    EXPECT_NE(complaint(of_member(value), [](auto& f) { f.text("a"); }), "");
    EXPECT_NE(
        complaint(of_member(value), [](auto& f) { f.optional_text("a"); }), "");
  }
  // Empty is as good as absent.
  for (auto value : {"\"\"", "null"})
    EXPECT_EQ(
        complaint(of_member(value), [](auto& f) { f.text("a"); }).substr(0, 5),
        "\"a\" i");
}

TEST(PackageRequestTest, RefusesFlagsWordsAndListsOfAnotherKind) {
  for (auto value : {"0", "1", "\"true\"", "[]"})
    EXPECT_NE(complaint(of_member(value), [](auto& f) { f.flag("a"); }), "");
  for (auto value : {"\"ALL\"", "\"some\"", "1", "true"})
    EXPECT_NE(complaint(of_member(value),
                        [](auto& f) { f.is_second("a", "any", "all"); }),
              "")
        << value;
  for (auto value : {"\"x\"", "{}", "7", "[7]", "[\"x\",null]", "[[\"x\"]]",
                     "[\"x\",\"y\",\"z\"]"})
    EXPECT_NE(complaint(of_member(value),
                        [](auto& f) { EXPECT_TRUE(f.texts("a", 2).empty()); }),
              "")
        << value;
}

TEST(PackageRequestTest, RefusesAKeyThatLacksAPart) {
  for (auto value :
       {"\"npm/x\"", "{}", "[]", R"({"ecosystem":"npm"})", R"({"name":"x"})",
        R"({"ecosystem":"npm","name":7})", R"({"ecosystem":"","name":"x"})"})
    EXPECT_NE(complaint(of_member(value),
                        [](auto& f) {
                          std::string ecosystem, name;
                          f.key("a", ecosystem, name);
                        }),
              "")
        << value;
}

TEST(PackageRequestTest, TellsTheFirstOfAllThatIsWrong) {
  auto said = complaint(R"({"a":1,"b":2})", [](auto& f) {
    f.text("a");
    f.text("b");
    f.refuse(fail(ec::invalid_request, "third"));
  });
  EXPECT_EQ(said, "\"a\" is 1; expected text");
}

TEST(PackageRequestTest, ShowsNoMoreOfAWrongValueThanFitsIntoASentence) {
  auto said = complaint(of_member('"' + std::string(10'000, 'x') + '"'),
                        [](auto& f) { f.flag("a"); });
  EXPECT_EQ(said, "\"a\" is too long to show; expected true or false");
}

}  // namespace larder
