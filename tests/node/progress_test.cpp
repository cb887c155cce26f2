#include "node/progress.hpp"

#include <gtest/gtest.h>

namespace larder {

namespace {

using namespace std::chrono_literals;

TEST(ProgressTest, ShowsCountRateAndWhatIsLeft) {
  EXPECT_EQ(progress_line("load", 5'000, 10'000, 2s, 0),
            "load 5000/10000 2500/s 2.0 s left");
}

TEST(ProgressTest, DrawsABarWhereThereIsRoom) {
  auto line = progress_line("load", 50, 100, 1s, 79);
  EXPECT_NE(line.find("[====================>                   ]"),
            std::string::npos)
      << line;
  EXPECT_LE(line.size(), 79u);
}

TEST(ProgressTest, NeverExceedsTheWidth) {
  for (std::size_t width = 1; width < 100; ++width)
    EXPECT_LE(progress_line("a long label", 77, 1'000'000, 3s, width).size(),
              width);
}

TEST(ProgressTest, PromisesNothingWithoutATotal) {
  EXPECT_EQ(progress_line("load", 30, 0, 2s, 79), "load 30 15/s");
}

TEST(ProgressTest, StandsAtTheStartWithoutARate) {
  EXPECT_EQ(progress_line("load", 0, 10, 0s, 0), "load 0/10 0/s");
}

TEST(ProgressTest, FillsTheBarWhenMoreIsDoneThanThereWas) {
  auto line = progress_line("load", 20, 10, 1s, 79);
  EXPECT_EQ(line.find('>'), std::string::npos) << line;
}

TEST(ProgressTest, WritesDurationsAsPeopleSayThem) {
  EXPECT_EQ(duration_text(3'100ms), "3.1 s");
  EXPECT_EQ(duration_text(125s), "2 min 5 s");
}

}  // namespace

}  // namespace larder
