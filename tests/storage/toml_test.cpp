#include "storage/toml.hpp"

#include "storage/error.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace larder::test {

namespace {

TEST(TomlTest, BecomesJson) {
  auto got = parse_toml("a = 1\nb = [true, 1.5]\nd = 2026-11-21\n"
                        "[t.\"x.y\"]\nc = 'text'\n[[l]]\nn = 1\n[[l]]\n");
  ASSERT_TRUE(got);
  EXPECT_EQ(*got, nlohmann::json::parse(
                      R"({"a":1,"b":[true,1.5],"d":"2026-11-21",)"
                      R"("t":{"x.y":{"c":"text"}},"l":[{"n":1},{}]})"));
}

TEST(TomlTest, NamesTheLineOfWhatIsNone) {
  auto got = parse_toml("a = 1\nb = = 2\n");
  ASSERT_FALSE(got);
  EXPECT_EQ(code_of(got.error()), ec::invalid_request);
  EXPECT_EQ(message_of(got.error()).substr(0, 6), "line 2");
}

TEST(TomlTest, RefusesWhatIsNestedTooDeep) {
  EXPECT_FALSE(parse_toml("a = " + std::string(100'000, '[')));
}

TEST(TomlTest, AnswersForEveryTruncation) {
  std::string text = "a = \"\\u00e9\"\nb = {x = [1, 2], y = '''z'''}\n[c.d]\n";
  for (std::size_t size = 0; size < text.size(); ++size)
    parse_toml(text.substr(0, size));
}

}  // namespace

}  // namespace larder::test
