#include "storage/read_view.hpp"

#include <gtest/gtest.h>

#include <set>

namespace larder {

namespace {

class ReadViewTest : public ::testing::Test {
 protected:
  ReadViewTest() {
    for (int i = 0; i < 2; ++i)
      memory->shards.push_back(std::make_shared<hot_cache>(
          memory->domain, hot_cache_limits{10'000, 64 << 20}));
    memory->freshness->fence_until = 100;
  }
  artifact_ptr put(const std::string& id, std::int64_t revision = 1) {
    auto a = artifact::make(key{"t", id}, "{}", {revision, 1, epoch{"e"}});
    a->cached().expires_at = 1'000;
    memory->shards[shard_of(a->name(), 2)]->put(a);
    return a;
  }

  std::shared_ptr<hot_tier> memory = std::make_shared<hot_tier>();
};

TEST_F(ReadViewTest, PeeksWithTheEyesOfAReaderAndCountsNoRead) {
  auto a = put("a");
  read_view view{memory};
  EXPECT_EQ(view.peek({"t", "a"}, 1), a.get());
  EXPECT_EQ(view.peek({"t", "b"}, 1), nullptr);
  EXPECT_EQ(a->cached().reads, 0u);
  EXPECT_EQ(a->frequency(), 0u);
  // Past the fence a reader would have to ask.
  EXPECT_EQ(view.find({"t", "a"}, 100), nullptr);
  EXPECT_EQ(view.peek({"t", "a"}, 100), nullptr);
  view.offline();
}

TEST_F(ReadViewTest, FindsNothingFreshUnderAKeyThatIsInDoubt) {
  put("a", 5);
  read_view view{memory};
  EXPECT_FALSE(view.doubt(key{"t", "a"}, 5));
  ASSERT_TRUE(view.find(key{"t", "a"}, 50));
  EXPECT_TRUE(view.doubt(key{"t", "a"}, 6));
  EXPECT_FALSE(view.find(key{"t", "a"}, 50));
  put("b", 5);
  ASSERT_TRUE(view.find(key{"t", "b"}, 50));
  view.doubt(key{"t", "b"}, 0);
  EXPECT_FALSE(view.find(key{"t", "b"}, 50));
  EXPECT_FALSE(view.doubt(key{"t", "c"}, 0));
  view.quiesce();
}

TEST_F(ReadViewTest, LooksAroundFromAnyPlace) {
  for (int i = 0; i < 100; ++i)
    put(std::to_string(i));
  memory->shards[0]->drop({"t", "7"});
  memory->shards[1]->drop({"t", "7"});
  read_view view{memory};
  for (std::uint64_t where : {0ull, 1ull << 63, ~0ull}) {
    std::multiset<std::string> seen;
    view.look_around(
        where, [&](const artifact& a) { seen.insert(std::string{a.id()}); });
    EXPECT_EQ(seen.size(), 99u);
    EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 99u);
    EXPECT_FALSE(seen.contains("7"));
  }
  view.offline();
}

TEST_F(ReadViewTest, LooksAtSomeOfALargeMemoryAndAtOthersNextTime) {
  for (int i = 0; i < 20'000; ++i)
    put(std::to_string(i));
  read_view view{memory};
  std::set<std::string> seen;
  std::size_t first = 0;
  for (std::uint64_t part = 0; part < 8; ++part) {
    view.look_around(part << 61, [&](const artifact& a) {
      seen.insert(std::string{a.id()});
    });
    if (part == 0)
      first = seen.size();
  }
  EXPECT_LE(first, 2 * 4'096u);
  EXPECT_GT(first, 1'000u);
  EXPECT_GT(seen.size(), 2 * first);
  view.offline();
}

}  // namespace

}  // namespace larder
