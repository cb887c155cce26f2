#include "storage/whole_number.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace larder::test {

TEST(WholeNumberTest, ReadsAllThatItsTypeHolds) {
  EXPECT_EQ(whole_number<std::uint64_t>("0"), 0u);
  EXPECT_EQ(whole_number<std::uint64_t>("18446744073709551615"),
            18446744073709551615u);
  EXPECT_EQ(whole_number<std::int64_t>("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(whole_number<std::int32_t>("007"), 7);
}

TEST(WholeNumberTest, ReadsNothingThatIsMoreOrLessThanOne) {
  for (auto text : {"", " 1", "1 ", "+1", "1x", "0x1", "1.0", "1e3", "--1", "-",
                    "18446744073709551616"})
    EXPECT_FALSE(whole_number<std::uint64_t>(text)) << text;
  EXPECT_FALSE(whole_number<std::uint32_t>("-1"));
  EXPECT_FALSE(whole_number<std::int32_t>("2147483648"));
  EXPECT_FALSE(whole_number<int>(std::nullopt));
}

}  // namespace larder::test
