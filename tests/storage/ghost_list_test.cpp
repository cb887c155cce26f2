#include "storage/ghost_list.hpp"

#include <gtest/gtest.h>

namespace larder {
namespace {

TEST(GhostListTest, KnowsNothingWithoutRoom) {
  ghost_list list;
  list.add(1);
  EXPECT_FALSE(list.take(1, 100));
}

TEST(GhostListTest, ForgetsWhatWasTaken) {
  ghost_list list;
  list.reserve(100);
  list.add(1);
  EXPECT_FALSE(list.take(2, 100));
  EXPECT_TRUE(list.take(1, 100));
  EXPECT_FALSE(list.take(1, 100));
}

TEST(GhostListTest, RemembersNoLongerThanItsLength) {
  ghost_list list;
  list.reserve(100);
  for (std::uint32_t hash = 1; hash <= 100; ++hash)
    list.add(hash * 2'654'435'761u);
  EXPECT_FALSE(list.take(50 * 2'654'435'761u, 50));
  EXPECT_TRUE(list.take(51 * 2'654'435'761u, 50));
  EXPECT_TRUE(list.take(100 * 2'654'435'761u, 50));
}

TEST(GhostListTest, RemembersNearlyAllOfItsLength) {
  ghost_list list;
  list.reserve(1'000);
  for (std::uint32_t n = 1; n <= 10'000; ++n)
    list.add(n * 2'654'435'761u);
  int known = 0;
  for (std::uint32_t n = 9'001; n <= 10'000; ++n)
    known += list.take(n * 2'654'435'761u, 1'000);
  EXPECT_GT(known, 850) << "full buckets forget, but few are full";
}

TEST(GhostListTest, KeepsWhatItKnowsWhenItGrows) {
  ghost_list list;
  list.reserve(8);
  for (std::uint32_t hash = 1; hash <= 8; ++hash)
    list.add(hash);
  auto before = list.footprint();
  list.reserve(1'000);
  EXPECT_GT(list.footprint(), before);
  EXPECT_TRUE(list.take(8, 1'000));
  list.reserve(10);
  EXPECT_GT(list.footprint(), before) << "room is not given back";
}

}  // namespace
}  // namespace larder
