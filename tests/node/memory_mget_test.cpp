#include "node/memory_mget.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <limits>

namespace larder {

namespace {

class MemoryMgetTest : public ::testing::Test {
 protected:
  MemoryMgetTest() {
    memory->freshness->fence_until = std::numeric_limits<std::int64_t>::max();
    memory->shards.push_back(
        std::make_shared<hot_cache>(memory->domain, hot_cache_limits{}));
  }

  void put(const std::string& id, const std::string& content) {
    auto value = artifact::make(key{"t", id}, content, {7, 2, epoch{"one"}});
    value->cached().expires_at = std::numeric_limits<std::int64_t>::max();
    memory->shards.front()->put(std::move(value));
  }

  std::optional<std::string_view> ask(std::string_view body,
                                      std::uint64_t room = 1 << 20) {
    return mget.answer(body, view, 1, room);
  }

  std::shared_ptr<hot_tier> memory = std::make_shared<hot_tier>();
  read_view view{memory};
  memory_mget mget;
};

std::vector<key_view> keys;

}  // namespace

TEST_F(MemoryMgetTest, AnswersInTheOrderOfTheRequest) {
  put("a", R"({"x": 1e400})");
  put("b", "not json");
  auto body = ask(R"({"keys":[{"type":"t","id":"b"}, {"id":"a","type":"t"}]})");
  ASSERT_TRUE(body);
  EXPECT_EQ(mget.count(), 2u);
  EXPECT_EQ(*body,
            R"({"results":[{"type":"t","id":"b","status":200,"revision":7,)"
            R"("version":2,"tier":"memory","content":"not json"},)"
            R"({"type":"t","id":"a","status":200,"revision":7,"version":2,)"
            R"("tier":"memory","content":{"x": 1e400}}]})");
}

TEST_F(MemoryMgetTest, LeavesItToOthersUnlessMemoryHasAll) {
  put("a", "{}");
  EXPECT_FALSE(
      ask(R"({"keys":[{"type":"t","id":"a"},{"type":"t","id":"missing"}]})"));
  EXPECT_TRUE(ask(R"({"keys":[{"type":"t","id":"a"}]})"));
  memory->freshness->fence_until = 0;
  EXPECT_FALSE(ask(R"({"keys":[{"type":"t","id":"a"}]})"));
}

TEST_F(MemoryMgetTest, LeavesItToOthersWhenTheReplyDoesNotFit) {
  put("a", '"' + std::string(5'000, 'x') + '"');
  EXPECT_FALSE(ask(R"({"keys":[{"type":"t","id":"a"}]})", 5'500));
  EXPECT_TRUE(ask(R"({"keys":[{"type":"t","id":"a"}]})", 7'000));
}

TEST(PlainKeysTest, ReadsTheFormThatProgramsWrite) {
  ASSERT_TRUE(plain_keys(" { \"keys\" : [ { \"id\" : \"x.y\" ,\n"
                         "\"type\":\"t\" },{\"type\":\"a\",\"id\":\"b\"} ] } ",
                         10, keys));
  EXPECT_EQ(keys, (std::vector<key_view>{{"t", "x.y"}, {"a", "b"}}));
}

TEST(PlainKeysTest, LeavesEveryOtherFormToAParser) {
  for (std::string body :
       {"", "{}", "{\"keys\":[]}", "{\"keys\":[{}]}", "[]",
        R"({"keys":[{"type":"t"}]})", R"({"keys":[{"type":"t","id":""}]})",
        R"({"keys":[{"type":"t","id":1}]})",
        R"({"keys":[{"type":"t","id":"\u0061"}]})",
        "{\"keys\":[{\"type\":\"t\",\"id\":\"\xc3\xa9\"}]}",
        "{\"keys\":[{\"type\":\"t\",\"id\":\"a\nb\"}]}",
        R"({"keys":[{"type":"t","type":"u","id":"a"}]})",
        R"({"keys":[{"type":"t","id":"a","more":"x"}]})",
        R"({"keys":[{"type":"t","id":"a"},]})",
        R"({"keys":[{"type":"t","id":"a"}],"more":1})",
        R"({"keys":[{"type":"t","id":"a"}]} x)",
        R"({"keys":[{"type":"t","id":"a"})", R"({"keys":[{"type":"t","id":"a)",
        R"({"more":1,"keys":[{"type":"t","id":"a"}]})"})
    EXPECT_FALSE(plain_keys(body, 10, keys)) << body;
  EXPECT_FALSE(plain_keys(
      R"({"keys":[{"type":"t","id":"a"},{"type":"t","id":"b"}]})", 1, keys));
  EXPECT_FALSE(plain_keys(R"({"keys":[{"type":"t","id":")"
                              + std::string(600, 'i') + "\"}]}",
                          10, keys));
}

}  // namespace larder
