#include "tests/support/random.hpp"

#include <gtest/gtest.h>

namespace larder::test {
namespace {

TEST(RandomTest, GivesTheSameNumbersOnEveryMachine) {
  // Reference values of xoshiro256** after splitmix64(1).
  prng r{1};
  EXPECT_EQ(r.next(), 0xb3f2af6d0fc710c5u);
  EXPECT_EQ(r.next(), 0x853b559647364ceau);
}

TEST(RandomTest, DrawsChancesAtTheirProbability) {
  prng r{7};
  int heads = 0;
  for (int i = 0; i < 100'000; ++i)
    heads += r.chance(0.2);
  EXPECT_NEAR(heads, 20'000, 500);
  EXPECT_FALSE(r.chance(0));
  EXPECT_TRUE(r.chance(1));
}

TEST(RandomTest, DrawsBothEndsOfARange) {
  using namespace std::chrono_literals;
  prng r{3};
  bool low = false, high = false;
  for (int i = 0; i < 200; ++i) {
    auto d = r.between(5ns, 8ns);
    EXPECT_GE(d, 5ns);
    EXPECT_LE(d, 8ns);
    low |= d == 5ns;
    high |= d == 8ns;
  }
  EXPECT_TRUE(low && high);
  EXPECT_EQ(r.between(9ns, 4ns), 9ns);
}

}  // namespace
}  // namespace larder::test
