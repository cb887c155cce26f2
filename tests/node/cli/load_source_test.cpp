#include "node/cli/load_source.hpp"

#include "storage/error.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

namespace larder::cli {

namespace {

namespace fs = std::filesystem;

class LoadSourceTest : public testing::Test {
 protected:
  void SetUp() override {
    auto pattern = (fs::temp_directory_path() / "larder-load-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { fs::remove_all(root_); }

  void write(const std::string& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream{root_ / path, std::ios::binary} << text;
  }

  std::vector<load_result> all_of(const fs::path& path) {
    auto source = open_load(path.string());
    EXPECT_TRUE(source) << message_of(source.error());
    total_ = (*source)->total();
    std::vector<load_result> results;
    while (auto one = (*source)->next())
      results.push_back(std::move(*one));
    return results;
  }

  fs::path root_;
  std::uint64_t total_ = 0;
};

TEST_F(LoadSourceTest, TakesTypeAndIdFromThePath) {
  write("framework/socket.io.json", "{\"b\": 1e400}\n");
  write("prompt/review/@team/rust.json", "{}");
  auto results = all_of(root_);
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(total_, 2u);
  ASSERT_TRUE(results[0].item);
  EXPECT_EQ(results[0].item->key, (key{"framework", "socket.io"}));
  EXPECT_EQ(results[0].item->content, "{\"b\": 1e400}\n");
  ASSERT_TRUE(results[1].item);
  EXPECT_EQ(results[1].item->key, (key{"prompt", "review/@team/rust"}));
}

TEST_F(LoadSourceTest, ReportsFilesThatDoNotFitAndPassesOverHiddenOnes) {
  write("README.md", "read me");
  write("loose.json", "{}");
  write("framework/notes.txt", "x");
  write(".git/config.json", "{}");
  write("framework/.phoenix.json", "{}");
  auto results = all_of(root_);
  ASSERT_EQ(results.size(), 3u);
  for (auto& one : results) {
    ASSERT_FALSE(one.item) << one.origin;
    EXPECT_EQ(code_of(one.item.error()), ec::invalid_request);
  }
}

TEST_F(LoadSourceTest, GoesThroughADirectoryInTheOrderOfNames) {
  for (auto name : {"c", "a", "b"})
    write(std::string{"t/"} + name + ".json", "{}");
  auto results = all_of(root_);
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0].item->key.id, "a");
  EXPECT_EQ(results[2].item->key.id, "c");
}

TEST_F(LoadSourceTest, ReadsOneTemplateALineAndNamesTheLineOfABadOne) {
  write("all.jsonl", "{\"type\":\"a\",\"id\":\"1\",\"content\":{ \"x\": 0.10 }}"
                     "\n\n{\"type\":\"a\"}\n"
                     "{\"type\":\"a\",\"id\":\"2\",\"content\":{}}");
  auto results = all_of(root_ / "all.jsonl");
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(total_, 4u);
  ASSERT_TRUE(results[0].item);
  EXPECT_EQ(results[0].item->content, "{ \"x\": 0.10 }");
  EXPECT_FALSE(results[1].item);
  EXPECT_EQ(results[1].origin, (root_ / "all.jsonl").string() + ":3");
  EXPECT_TRUE(results[2].item);
}

TEST_F(LoadSourceTest, RefusesAPathThatIsNotThere) {
  auto source = open_load((root_ / "nowhere").string());
  ASSERT_FALSE(source);
  EXPECT_EQ(code_of(source.error()), ec::invalid_request);
  EXPECT_NE(message_of(source.error()).find("nowhere"), std::string::npos);
}

TEST(LoadLineTest, PassesMetadataAndTagsOn) {
  auto item = parse_load_line(
      R"({"content":{},"id":"1","type":"a","metadata":{"by": "me"},)"
      R"("tags":["x","y"]})");
  ASSERT_TRUE(item) << message_of(item.error());
  EXPECT_EQ(item->metadata, R"({"by": "me"})");
  EXPECT_EQ(item->tags, "x,y");
}

TEST(LoadLineTest, RefusesWhatIsNotATemplate) {
  for (auto line :
       {"", "[]", "{", R"({"type":1,"id":"1","content":{}})",
        R"({"type":"a","id":"1"})", R"({"type":"","id":"1","content":{}})",
        R"({"type":"a","id":"1","content":{},"tags":["x,y"]})"}) {
    auto item = parse_load_line(line);
    ASSERT_FALSE(item) << line;
    EXPECT_EQ(code_of(item.error()), ec::invalid_request) << line;
  }
}

}  // namespace

}  // namespace larder::cli
