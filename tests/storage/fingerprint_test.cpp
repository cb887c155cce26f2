#include "storage/fingerprint.hpp"

#include <gtest/gtest.h>

namespace larder {

namespace {

// The standard's own examples (FIPS 180).
TEST(FingerprintTest, DigestsAsSha256Does) {
  EXPECT_EQ(digest_of("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(digest_of(""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace

}  // namespace larder
