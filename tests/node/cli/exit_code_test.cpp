#include "node/cli/exit_code.hpp"

#include <gtest/gtest.h>

namespace larder::cli {

namespace {

TEST(ExitCodeTest, SaysNotFoundWithOne) {
  EXPECT_EQ(exit_code_of(make_error(ec::not_found)), 1);
}

TEST(ExitCodeTest, SaysThatTheCallIsWrongWithTwo) {
  EXPECT_EQ(exit_code_of(make_error(ec::invalid_request)), 2);
  EXPECT_EQ(exit_code_of(make_error(ec::too_large)), 2);
}

TEST(ExitCodeTest, SaysUnavailableWithSixtyNine) {
  EXPECT_EQ(exit_code_of(make_error(ec::unavailable)), 69);
  EXPECT_EQ(exit_code_of(make_error(ec::not_supported)), 69);
  EXPECT_EQ(exit_code_of(make_error(ec::internal)), 69);
}

TEST(ExitCodeTest, SaysTryAgainWithSeventyFive) {
  EXPECT_EQ(exit_code_of(make_error(ec::busy)), 75);
  EXPECT_EQ(exit_code_of(make_error(ec::deadline_exceeded)), 75);
  EXPECT_EQ(exit_code_of(conflict(7, "another revision")), 75);
}

TEST(ExitCodeTest, SaysConfigurationWithSeventyEight) {
  EXPECT_EQ(exit_code_of(make_error(ec::configuration)), 78);
}

TEST(ExitCodeTest, SaysDoneWithZero) {
  EXPECT_EQ(exit_code_of({}), 0);
}

TEST(ExitCodeTest, ReportsASentenceOnStderr) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(report(fail(ec::not_found, "there is no framework/x")), 1);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "larder: there is no framework/x\n");
}

TEST(ExitCodeTest, ReportsJsonWithTheCurrentRevisionOfAConflict) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(report(conflict(7, "revision 7 is current"), true), 75);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            R"({"error":"revision_conflict","message":"revision 7 is )"
            R"(current","revision":7})"
            "\n");
}

TEST(ExitCodeTest, KnowsEveryNameOfTheContract) {
  EXPECT_EQ(ec_named("revision_conflict", 409), ec::revision_conflict);
  EXPECT_EQ(ec_named("busy", 429), ec::busy);
  EXPECT_EQ(ec_named("not_supported", 501), ec::not_supported);
}

TEST(ExitCodeTest, JudgesAnUnknownNameByItsStatus) {
  EXPECT_EQ(ec_named("", 404), ec::not_found);
  EXPECT_EQ(ec_named("teapot", 418), ec::invalid_request);
  EXPECT_EQ(ec_named("teapot", 599), ec::internal);
}

}  // namespace

}  // namespace larder::cli
