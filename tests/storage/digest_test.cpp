#include "storage/digest.hpp"

#include <gtest/gtest.h>

namespace larder::test {

namespace {

// FIPS 180-2, appendix; RFC 1321, appendix.
TEST(DigestTest, IsThatOfTheStandards) {
  EXPECT_EQ(to_hex(*digest_of("sha1", "abc")),
            "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(to_hex(*digest_of("sha256", "abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(*digest_of("md5", "abc")),
            "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(digest_of("sha512", "")->size(), 64u);
  EXPECT_EQ(digest_of("sha384", "")->size(), 48u);
  EXPECT_FALSE(digest_of("crc32", "abc"));
}

// RFC 4648, section 10.
TEST(DigestTest, Base64IsThatOfTheStandard) {
  for (auto [plain, coded] : {std::pair{"", ""},
                              {"f", "Zg=="},
                              {"fo", "Zm8="},
                              {"foo", "Zm9v"},
                              {"foob", "Zm9vYg=="},
                              {"fooba", "Zm9vYmE="},
                              {"foobar", "Zm9vYmFy"}}) {
    EXPECT_EQ(to_base64(plain), coded);
    EXPECT_EQ(from_base64(coded), plain);
  }
  for (auto bad : {"Z", "Zg=", "Z===", "Zm9*", "====", "Zg==Zg=="})
    EXPECT_FALSE(from_base64(bad)) << bad;
}

TEST(DigestTest, HexIsReadInEitherCase) {
  EXPECT_EQ(from_hex("00fFAb"), (std::string{"\0\xFF\xAB", 3}));
  EXPECT_FALSE(from_hex("0"));
  EXPECT_FALSE(from_hex("0g"));
}

}  // namespace

}  // namespace larder::test
