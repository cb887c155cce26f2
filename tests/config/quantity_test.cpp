#include "config/quantity.hpp"

#include <gtest/gtest.h>

using namespace std::chrono_literals;

namespace larder::config {

TEST(QuantityTest, ReadsEveryUnitOfTime) {
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("2s"), 2s);
  EXPECT_EQ(parse_duration("30m"), 30min);
  EXPECT_EQ(parse_duration("1h"), 1h);
  EXPECT_EQ(parse_duration("7d"), 168h);
  EXPECT_EQ(parse_duration("0s"), 0ms);
}

TEST(QuantityTest, TakesAPlainNumberForMilliseconds) {
  EXPECT_EQ(parse_duration("1500"), 1500ms);
}

TEST(QuantityTest, RefusesDurationsThatItWouldHaveToGuess) {
  for (const auto* text : {"", "s", "-1s", "+1s", "1.5s", "1 s", " 1s", "1s ",
                           "1h30m", "1S", "1w", "01s", "0x1s", "1us"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(QuantityTest, RefusesADurationThatOverflows) {
  EXPECT_FALSE(parse_duration("9223372036854775808"));
  EXPECT_FALSE(parse_duration("213503982335d"));
  EXPECT_FALSE(parse_duration("99999999999999999999ms"));
}

TEST(QuantityTest, ReadsEveryUnitOfSize) {
  EXPECT_EQ(parse_bytes("100"), 100u);
  EXPECT_EQ(parse_bytes("100B"), 100u);
  EXPECT_EQ(parse_bytes("512KiB"), 524'288u);
  EXPECT_EQ(parse_bytes("64MiB"), 67'108'864u);
  EXPECT_EQ(parse_bytes("1GiB"), 1'073'741'824u);
  EXPECT_EQ(parse_bytes("2TiB"), 2'199'023'255'552u);
}

TEST(QuantityTest, RefusesSizesThatCanBeReadInTwoWays) {
  for (const auto* text : {"", "MiB", "1KB", "1k", "1M", "-1", "1.5MiB",
                           "1 MiB", "010", "16777216TiB"})
    EXPECT_FALSE(parse_bytes(text)) << text;
}

TEST(QuantityTest, ReadsFlagsInEveryUsualSpelling) {
  for (const auto* text : {"true", "True", "YES", "on", "1"})
    EXPECT_EQ(parse_flag(text), true) << text;
  for (const auto* text : {"false", "FALSE", "no", "off", "0"})
    EXPECT_EQ(parse_flag(text), false) << text;
  for (const auto* text : {"", "2", "enabled", "truee"})
    EXPECT_FALSE(parse_flag(text)) << text;
}

TEST(QuantityTest, PrintsTheLargestUnitThatDivides) {
  EXPECT_EQ(print_duration(1800s), "30m");
  EXPECT_EQ(print_duration(90s), "90s");
  EXPECT_EQ(print_duration(1500ms), "1500ms");
  EXPECT_EQ(print_duration(0ms), "0s");
  EXPECT_EQ(print_duration(168h), "7d");
  EXPECT_EQ(print_bytes(0), "0");
  EXPECT_EQ(print_bytes(1'000), "1000");
  EXPECT_EQ(print_bytes(524'288), "512KiB");
  EXPECT_EQ(print_bytes(1ull << 40), "1TiB");
}

}  // namespace larder::config
