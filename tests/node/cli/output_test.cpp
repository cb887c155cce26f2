#include "node/cli/output.hpp"

#include "node/cli/exit_code.hpp"

#include <gtest/gtest.h>

namespace larder::cli {

namespace {

TEST(OutputTest, PrintsEveryByteAndNoMore) {
  std::string bytes{"{\"a\":\0 1}\xFF\r\n\n", 13};
  testing::internal::CaptureStdout();
  EXPECT_EQ(print(bytes), exit_done);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), bytes);
}

TEST(OutputTest, AlignsTextToTheLeftAndNumbersToTheRight) {
  EXPECT_EQ(table({{"NAME", "COUNT"}, {"a", "7"}, {"bcdef", "1200"}}),
            "NAME   COUNT\n"
            "a          7\n"
            "bcdef   1200\n");
}

TEST(OutputTest, CountsCharactersNotBytes) {
  EXPECT_EQ(table({{"ID", "X"}, {"gr\xC3\xBC\xC3\x9F", "y"}, {"abcd", "z"}}),
            "ID    X\n"
            "gr\xC3\xBC\xC3\x9F  y\n"
            "abcd  z\n");
}

}  // namespace

}  // namespace larder::cli
