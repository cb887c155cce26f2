#include "cluster/fence.hpp"

#include "storage/error.hpp"

#include <gtest/gtest.h>

namespace larder {

namespace {

TEST(FenceTest, ComesBackAsItWasWritten) {
  fence f{"7-1-3", {"n:1", "\"quoted\"", ""}, 17, "7-1-3:t.a:4", 2};
  auto parsed = parse_fence(to_body(f));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->epoch, f.epoch);
  EXPECT_EQ(parsed->nonces, f.nonces);
  EXPECT_EQ(parsed->after, f.after);
  EXPECT_EQ(parsed->after_id, f.after_id);
  EXPECT_EQ(parsed->bucket, f.bucket);
}

TEST(FenceTest, NeedsNoNonces) {
  auto parsed = parse_fence(to_body({"e", {}}));
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->nonces.empty());
}

TEST(FenceTest, RefusesWhatIsNoFence) {
  for (std::string body :
       {"", "x", "{}", "[]", "null", R"({"epoch":1,"nonces":[]})",
        R"({"epoch":"e"})", R"({"nonces":[]})", R"({"epoch":"e","nonces":"n"})",
        R"({"epoch":"e","nonces":[)"}) {
    auto parsed = parse_fence(body);
    ASSERT_FALSE(parsed) << body;
    EXPECT_EQ(code_of(parsed.error()), ec::invalid_request);
  }
}

TEST(FenceTest, LeavesOutNoncesThatAreNoText) {
  auto parsed = parse_fence(R"({"epoch":"e","nonces":[1,"n",null]})");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->nonces, std::vector<std::string>{"n"});
}

TEST(FenceTest, RefusesANestingThatWouldEndTheParser) {
  std::string deep = R"({"epoch":"e","nonces":)" + std::string(200'000, '[');
  EXPECT_FALSE(parse_fence(deep));
  EXPECT_FALSE(parse_fence(deep + std::string(200'000, ']') + "}"));
  std::string spaced = R"({"epoch":"e","nonces":)";
  for (int i = 0; i < 100'000; ++i)
    spaced += "[ ";
  for (int i = 0; i < 100'000; ++i)
    spaced += "] ";
  auto parsed = parse_fence(spaced + "}");
  EXPECT_TRUE(!parsed || parsed->nonces.empty());
}

TEST(FenceTest, RefusesBytesThatAreNoUtf8) {
  EXPECT_FALSE(parse_fence("{\"epoch\":\"\xff\",\"nonces\":[]}"));
}

}  // namespace

}  // namespace larder
