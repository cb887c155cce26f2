#include "storage/nats_credentials.hpp"

#include "storage/error.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace larder::nats {

namespace {

constexpr auto seed =
    "SUAMLK2ZNL35WSMW37E7UD4VZ7ELPKW7DHC3BWBSD2GCZ7IUQQXZIORRBU";

/// A file that is there for one test.
class written_file {
 public:
  explicit written_file(const std::string& text)
      : path_(std::filesystem::temp_directory_path()
              / ("larder-creds-" + std::to_string(::getpid()) + "-"
                 + ::testing::UnitTest::GetInstance()
                       ->current_test_info()
                       ->name())) {
    std::ofstream{path_} << text;
  }
  ~written_file() { std::filesystem::remove(path_); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace

TEST(NatsCredentialsTest, FindsJwtAndSeedBetweenTheFencesOfACredsFile) {
  written_file file{std::string{"-----BEGIN NATS USER JWT-----\n"
                                "eyJ0.eyJq.c2ln\n"
                                "------END NATS USER JWT------\n\n"
                                "-----BEGIN USER NKEY SEED-----\n"}
                    + seed + "\n------END USER NKEY SEED------\n"};
  config::nats_settings s;
  s.creds_file = file.path();
  auto own = read_credentials(s);
  ASSERT_TRUE(own) << message_of(own.error());
  EXPECT_EQ(own->jwt, "eyJ0.eyJq.c2ln");
  EXPECT_EQ(own->seed, seed);
}

TEST(NatsCredentialsTest, RefusesACredsFileWithoutAJwt) {
  written_file file{seed};
  config::nats_settings s;
  s.creds_file = file.path();
  auto own = read_credentials(s);
  ASSERT_FALSE(own);
  EXPECT_EQ(code_of(own.error()), ec::configuration);
  EXPECT_EQ(message_of(own.error()).find(seed), std::string::npos);
}

TEST(NatsCredentialsTest, TakesASecretFromItsFileWithoutTheLineEnd) {
  written_file file{"hunter2\n"};
  config::nats_settings s;
  s.user = "u";
  s.password_file = file.path();
  auto own = read_credentials(s);
  ASSERT_TRUE(own);
  EXPECT_EQ(own->password, "hunter2");
}

}  // namespace larder::nats
