#include "storage/artifact.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace larder {
namespace {

TEST(ArtifactTest, HoldsWhatItWasMadeOf) {
  auto content = std::string("{\"a\": 1e400}\0\xFF", 14);
  version_info info{42, 7, epoch{"e1"}};
  auto a = artifact::make(key{"npm", "socket.io"}, content, info);
  EXPECT_EQ(a->type(), "npm");
  EXPECT_EQ(a->id(), "socket.io");
  EXPECT_EQ(a->name(), (key_view{"npm", "socket.io"}));
  EXPECT_EQ(a->content(), content);
  EXPECT_EQ(a->info(), info);
  EXPECT_EQ(a->revision(), 42);
  EXPECT_EQ(a->version(), 7);
  EXPECT_EQ(a->epoch().text(), "e1");
}

TEST(ArtifactTest, HoldsTheLongestKeyAndEmptyContent) {
  key k{std::string(max_type_bytes, 't'), std::string(max_id_bytes, 'i')};
  auto a = artifact::make(k, "", {});
  EXPECT_EQ(a->name(), key_view{k});
  EXPECT_EQ(a->content(), "");
}

TEST(ArtifactTest, SharesOneBlockUntilTheLastOwnerLeaves) {
  artifact_ptr kept;
  const artifact* first = nullptr;
  {
    auto a = artifact::make(key{"t", "i"}, "value", {});
    first = a.get();
    kept = a;
  }
  EXPECT_EQ(kept.get(), first);
  EXPECT_EQ(kept->content(), "value");
}

TEST(ArtifactTest, IsCountedFromManyThreads) {
  auto a = artifact::make(key{"t", "i"}, "value", {});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&a] {
      for (int round = 0; round < 10'000; ++round) {
        artifact_ptr copy = a;
        ASSERT_EQ(copy->content(), "value");
      }
    });
  for (auto& t : threads)
    t.join();
  EXPECT_EQ(a->content(), "value");
}

TEST(ArtifactTest, CountsHeaderAndBytesInItsFootprint) {
  auto small = artifact::make(key{"t", "i"}, "", {});
  auto large = artifact::make(key{"t", "i"}, std::string(1'000, 'x'), {});
  EXPECT_EQ(large->footprint() - small->footprint(), 1'000u);
  EXPECT_GE(small->footprint(), sizeof(artifact) + 2);
}

TEST(ArtifactTest, KeepsItsHeaderWithinACacheLine) {
  EXPECT_LE(sizeof(artifact), 64u);
}

TEST(EpochTest, KnowsTheFormerHistoriesOfItsSystem) {
  epoch now{"7-2-3"};
  EXPECT_TRUE(epoch{"7-2-2"}.precedes(now));
  EXPECT_TRUE(epoch{"7-1-9"}.precedes(now));
  EXPECT_TRUE(epoch{"7-2-2"}.precedes(epoch{"7-2-10"}));
  for (auto other : {"7-2-3", "7-2-4", "7-3-1", "8-1-1", "7-2-", "-", "e", ""})
    EXPECT_FALSE(epoch{other}.precedes(now)) << other;
  EXPECT_FALSE(now.precedes(epoch{}));
}

TEST(EpochTest, ComparesByText) {
  EXPECT_EQ(epoch{"7:1:0"}, epoch{std::string{"7:1:0"}});
  EXPECT_NE(epoch{"7:1:0"}, epoch{"7:1:1"});
  EXPECT_NE(epoch{"7:1:0"}, epoch{});
  EXPECT_TRUE(epoch{""}.empty());
  EXPECT_EQ(epoch{""}, epoch{});
  EXPECT_EQ(epoch{}.text(), "");
}

}  // namespace
}  // namespace larder
