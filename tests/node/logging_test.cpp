#include "node/logging.hpp"

#include "storage/error.hpp"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <functional>

namespace larder {

namespace {

std::string said(const config::log_settings& settings,
                 const std::function<void()>& what) {
  testing::internal::CaptureStderr();
  auto started = start_logging(settings);
  what();
  auto text = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(started);
  return text;
}

TEST(LoggingTest, WritesOneJsonObjectALineWhateverTheMessageHolds) {
  auto text =
      said({"info", "json"}, [] { spdlog::warn("two\nlines and \"quotes\""); });
  EXPECT_TRUE(text.starts_with(R"({"time":"20)")) << text;
  EXPECT_TRUE(text.ends_with(
      R"(Z","level":"warn","message":"two\nlines and \"quotes\""})"
      "\n"))
      << text;
}

TEST(LoggingTest, SaysNothingBelowItsLevel) {
  auto text = said({"error", "text"}, [] {
    spdlog::info("too small");
    spdlog::error("large enough");
  });
  EXPECT_EQ(text.find("too small"), std::string::npos);
  EXPECT_NE(text.find("large enough"), std::string::npos);
}

TEST(LoggingTest, ChangesItsLevelWhileItRuns) {
  auto text = said({"info", "text"}, [] {
    spdlog::debug("before");
    EXPECT_TRUE(set_log_level("debug"));
    spdlog::debug("after");
  });
  EXPECT_EQ(log_level(), "debug");
  EXPECT_EQ(text.find("before"), std::string::npos);
  EXPECT_NE(text.find("after"), std::string::npos);
}

TEST(LoggingTest, RefusesALevelThatDoesNotExist) {
  ASSERT_TRUE(start_logging({"info", "text"}));
  auto refused = set_log_level("loud");
  ASSERT_FALSE(refused);
  EXPECT_EQ(code_of(refused.error()), ec::invalid_request);
  EXPECT_NE(message_of(refused.error()).find("loud"), std::string::npos);
  EXPECT_EQ(log_level(), "info");
}

TEST(LoggingTest, RefusesAFormatThatDoesNotExist) {
  auto refused = start_logging({"info", "xml"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(code_of(refused.error()), ec::configuration);
}

}  // namespace

}  // namespace larder
