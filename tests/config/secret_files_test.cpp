#include "config/secret_files.hpp"

#include "config/dump.hpp"
#include "config/load.hpp"
#include "temporary_directory.hpp"

#include <gtest/gtest.h>

namespace larder::config {

namespace {

class SecretFilesTest : public testing::Test {
 protected:
  std::string refusal() {
    const auto loaded = load(from_);
    return loaded ? "accepted" : loaded.error().message;
  }

  temporary_directory directory_;
  sources from_;
};

}  // namespace

TEST_F(SecretFilesTest, ReadsEverySecretWithoutItsLineEnd) {
  from_.flags = {
      {"nats.user", "bob"},
      {"nats.password_file", directory_.write("p", " hunter2 \r\n")},
      {"postgres.url_file", directory_.write("u", "postgres://u:s@h/d\n")}};
  const auto loaded = load(from_);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->nats.password, " hunter2 ");
  EXPECT_EQ(loaded->postgres.url, "postgres://u:s@h/d");
  from_.flags = {{"nats.token_file", directory_.write("t", "s3cr3t")}};
  const auto with_token = load(from_);
  ASSERT_TRUE(with_token) << with_token.error().message;
  EXPECT_EQ(with_token->nats.token, "s3cr3t");
}

TEST_F(SecretFilesTest, NamesAFileThatCannotBeRead) {
  from_.env = {"LARDER_NATS__TOKEN_FILE=/nowhere/token"};
  EXPECT_EQ(refusal(), "nats.token_file (LARDER_NATS__TOKEN_FILE): cannot read "
                       "/nowhere/token: No such file or directory");
}

TEST_F(SecretFilesTest, RefusesAnEmptyFile) {
  const auto path = directory_.write("p", "\n");
  from_.flags = {{"nats.password_file", path}, {"nats.user", "bob"}};
  EXPECT_EQ(refusal(), "nats.password_file (command line): " + path
                           + " is empty; expected the value of nats.password");
}

TEST_F(SecretFilesTest, RefusesASecretThatIsSetTwice) {
  const auto path = directory_.write("u", "postgres://h/d\n");
  from_.env = {"DATABASE_URL=postgres://u:hunter2@h/d",
               "LARDER_POSTGRES__URL_FILE=" + path};
  EXPECT_EQ(refusal(),
            "postgres.url (DATABASE_URL) and postgres.url_file "
            "(LARDER_POSTGRES__URL_FILE) are both set; expected one of them");
}

TEST_F(SecretFilesTest, LetsAnEmptyValueMakeWayForTheOther) {
  from_.env = {"DATABASE_URL=postgres://h/d",
               "LARDER_POSTGRES__URL_FILE=/nowhere"};
  from_.flags = {{"postgres.url_file", ""}};
  EXPECT_EQ(refusal(), "accepted");
}

TEST_F(SecretFilesTest, RefusesAFileWhoseValueCannotBe) {
  const auto path = directory_.write("u", "mysql://u:hunter2@h/d\n");
  from_.flags = {{"postgres.url_file", path}};
  EXPECT_EQ(refusal(), path
                           + ": postgres.url is \"mysql://u:***@h/d\"; "
                             "expected postgresql://USER:PASSWORD@HOST:PORT/"
                             "DATABASE or key=value pairs");
}

}  // namespace larder::config
