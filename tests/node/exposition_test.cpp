#include "node/exposition.hpp"

#include <gtest/gtest.h>

namespace larder {

namespace {

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(ExpositionTest, WritesHelpTypeAndOneLineASample) {
  auto text =
      exposition({{"larder_hits_total",
                   "Reads answered by a tier.",
                   sample_type::counter,
                   {{{{"tier", "memory"}}, 12}, {{{"tier", "postgres"}}, 3}}}});
  EXPECT_TRUE(has_line(text, "# HELP larder_hits_total Reads answered by a "
                             "tier."));
  EXPECT_TRUE(has_line(text, "# TYPE larder_hits_total counter"));
  EXPECT_TRUE(has_line(text, "larder_hits_total{tier=\"memory\"} 12"));
  EXPECT_TRUE(has_line(text, "larder_hits_total{tier=\"postgres\"} 3"));
}

TEST(ExpositionTest, KeepsEveryDigitOfALargeCounter) {
  auto text = exposition({{"larder_bytes_total",
                           "b",
                           sample_type::counter,
                           {{{}, 9'007'199'254'740'991.0}}}});
  auto at = text.find("\nlarder_bytes_total ");
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(std::stod(text.substr(at + 20)), 9'007'199'254'740'991.0);
}

TEST(ExpositionTest, CumulatesTheBucketsOfAHistogram) {
  sample one;
  one.bounds = {0.001, 0.01};
  one.counts = {5, 2, 1};
  one.sum = 0.5;
  auto text = exposition({{"larder_request_duration_seconds",
                           "Time to answer.",
                           sample_type::histogram,
                           {one}}});
  auto name = std::string{"larder_request_duration_seconds"};
  EXPECT_TRUE(has_line(text, "# TYPE " + name + " histogram"));
  EXPECT_NE(text.find(name + "_bucket{le=\"+Inf\"} 8\n"), std::string::npos);
  EXPECT_TRUE(has_line(text, name + "_count 8"));
  EXPECT_TRUE(has_line(text, name + "_sum 0.5"));
  EXPECT_NE(text.find("\"} 5\n"), std::string::npos);
  EXPECT_NE(text.find("\"} 7\n"), std::string::npos);
}

TEST(ExpositionTest, EscapesWhatALabelHolds) {
  auto text = exposition({{"larder_info",
                           "i",
                           sample_type::gauge,
                           {{{{"node", "a\"\\\nb"}}, 1}}}});
  EXPECT_TRUE(has_line(text, R"(larder_info{node="a\"\\\nb"} 1)"));
}

TEST(ExpositionTest, LeavesOutWhatPrometheusWouldRefuse) {
  auto text = exposition({
      {"larder-wrong", "w", sample_type::gauge, {{{}, 1}}},
      {"larder_wrong_label", "w", sample_type::gauge, {{{{"0", "x"}}, 1}}},
      {"larder_empty", "e", sample_type::gauge, {}},
      {"larder_right", "r", sample_type::gauge, {{{}, 1}}},
  });
  EXPECT_EQ(text, "# HELP larder_right r\n# TYPE larder_right gauge\n"
                  "larder_right 1\n");
}

}  // namespace

}  // namespace larder
