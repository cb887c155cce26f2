#include "storage/package_weight.hpp"

#include <gtest/gtest.h>

namespace larder::test {

TEST(PackageWeightTest, GrowsWithUseAndStaysWithinOne) {
  package p;
  auto unused = package_weight(p);
  EXPECT_GT(unused, 0);
  p.used_by = 20;
  auto used = package_weight(p);
  EXPECT_GT(used, unused);
  p.used_by = ~std::uint64_t{0};
  EXPECT_GT(package_weight(p), used);
  EXPECT_LE(package_weight(p), 1);
}

TEST(PackageWeightTest, IsLessForWhatNobodyLooksFor) {
  package p;
  p.used_by = 100;
  auto full = package_weight(p);
  p.deprecated = "use another";
  EXPECT_LT(package_weight(p), full);
  p.deprecated.clear();
  p.keywords = {"libs"};
  EXPECT_EQ(package_weight(p), full) << "a keyword elsewhere is a keyword";
  p.ecosystem = "debian";
  EXPECT_LT(package_weight(p), full);
  p.keywords = {"net"};
  EXPECT_EQ(package_weight(p), full);
}

}  // namespace larder::test
