#include "storage/nats_nkey.hpp"

#include "storage/error.hpp"

#include <gtest/gtest.h>

namespace larder::nats {

TEST(NatsNkeyTest, MakesThePublicHalfOfASeed) {
  auto half =
      public_nkey("SUAMLK2ZNL35WSMW37E7UD4VZ7ELPKW7DHC3BWBSD2GCZ7IUQQXZIORRBU");
  ASSERT_TRUE(half) << message_of(half.error());
  EXPECT_EQ(half->size(), 56u);
  EXPECT_EQ(half->front(), 'U');
}

TEST(NatsNkeyTest, RefusesWhatIsNoSeedWithoutRepeatingIt) {
  for (std::string text :
       {"", "SU", "hunter2",
        // One letter of a good seed changed.
        "SUAMLK2ZNL35WSMW37E7UD4VZ7ELPKW7DHC3BWBSD2GCZ7IUQQXZIORRBA",
        "UUAMLK2ZNL35WSMW37E7UD4VZ7ELPKW7DHC3BWBSD2GCZ7IUQQXZIORRBU"}) {
    auto half = public_nkey(text);
    ASSERT_FALSE(half) << text;
    EXPECT_EQ(code_of(half.error()), ec::configuration);
    if (text.size() > 2) {
      EXPECT_EQ(message_of(half.error()).find(text), std::string::npos);
    }
  }
}

TEST(NatsNkeyTest, SignsForAServerAndRefusesWithoutASeed) {
  auto seed = "SUAMLK2ZNL35WSMW37E7UD4VZ7ELPKW7DHC3BWBSD2GCZ7IUQQXZIORRBU";
  auto one = sign_nonce(seed, "nonce");
  ASSERT_TRUE(one);
  // 64 bytes in base64 for URLs, without padding.
  EXPECT_EQ(one->size(), 86u);
  EXPECT_EQ(*one, *sign_nonce(seed, "nonce"));
  EXPECT_NE(*one, *sign_nonce(seed, "nonce2"));
  EXPECT_FALSE(sign_nonce("SU", "nonce"));
}

}  // namespace larder::nats
