#include "storage/error.hpp"

#include <caf/sec.hpp>
#include <gtest/gtest.h>

#include <string>

namespace larder {
namespace {

TEST(ErrorTest, NamesEveryCodeWithItsStatus) {
  struct row {
    ec code;
    const char* name;
    int status;
  };
  for (auto [code, name, status] :
       {row{ec::invalid_request, "invalid_request", 400},
        row{ec::not_found, "not_found", 404},
        row{ec::revision_conflict, "revision_conflict", 409},
        row{ec::too_large, "too_large", 413}, row{ec::busy, "busy", 429},
        row{ec::internal, "internal", 500},
        row{ec::not_supported, "not_supported", 501},
        row{ec::unavailable, "unavailable", 503},
        row{ec::deadline_exceeded, "deadline_exceeded", 504}}) {
    EXPECT_EQ(name_of(code), name);
    EXPECT_EQ(status_of(code), status);
  }
}

TEST(ErrorTest, CarriesCodeAndSentence) {
  auto err = fail(ec::unavailable, "PostgreSQL cannot be reached");
  EXPECT_TRUE(err);
  EXPECT_EQ(code_of(err), ec::unavailable);
  EXPECT_EQ(message_of(err), "PostgreSQL cannot be reached");
  EXPECT_EQ(current_revision_of(err), -1);
}

TEST(ErrorTest, HasASentenceEvenWithoutOne) {
  EXPECT_EQ(message_of(make_error(ec::busy)),
            "the node has too much to do; retry later");
}

TEST(ErrorTest, CarriesTheCurrentRevisionOfAConflict) {
  auto err = conflict(1LL << 40, "revision 7 was expected");
  EXPECT_EQ(code_of(err), ec::revision_conflict);
  EXPECT_EQ(current_revision_of(err), 1LL << 40);
  EXPECT_EQ(message_of(err), "revision 7 was expected");
}

TEST(ErrorTest, TranslatesErrorsOfCaf) {
  EXPECT_EQ(code_of(caf::sec::request_timeout), ec::deadline_exceeded);
  EXPECT_EQ(code_of(caf::sec::unexpected_message), ec::internal);
  EXPECT_EQ(message_of(caf::sec::request_timeout), "the deadline passed first");
  EXPECT_NE(message_of(caf::sec::unexpected_message), "");
}

TEST(ErrorTest, SaysNothingOfNoError) {
  EXPECT_EQ(code_of(caf::error{}), ec::none);
  EXPECT_EQ(status_of(ec::none), 200);
}

}  // namespace
}  // namespace larder
