#include "config/redact.hpp"

#include <gtest/gtest.h>

#include <random>

namespace larder::config {

TEST(RedactTest, LeavesAddressesWithoutSecretsAlone) {
  for (const std::string address :
       {"", "nats://127.0.0.1:4222", "nats://a:4222,tls://b:4222", "localhost",
        "postgres://larder@db.example:5432/larder?sslmode=require",
        "postgresql:///larder", "host=/run/postgresql dbname=larder user=l",
        "postgresql://h1:5432,h2:5432/larder"})
    EXPECT_EQ(redact_url(address), address);
}

TEST(RedactTest, HidesThePasswordOfANatsUrl) {
  EXPECT_EQ(redact_url("nats://bob:hunter2@host:4222"),
            "nats://bob:***@host:4222");
}

TEST(RedactTest, HidesEveryPasswordOfAListOfServers) {
  EXPECT_EQ(redact_url("nats://bob:one@a:4222,tls://eve:two@b:4222"),
            "nats://bob:***@a:4222,tls://eve:***@b:4222");
}

TEST(RedactTest, HidesATokenThatStandsForTheUserOfANatsUrl) {
  EXPECT_EQ(redact_url("nats://s3cr3t@host:4222"), "nats://***@host:4222");
}

TEST(RedactTest, HidesThePasswordOfAServerWithoutAScheme) {
  EXPECT_EQ(redact_url("bob:hunter2@host:4222"), "bob:***@host:4222");
  EXPECT_EQ(redact_url("bob:hunt=r2@host:4222"), "bob:***@host:4222");
  EXPECT_EQ(redact_url("s3cr3t@host"), "***@host");
}

TEST(RedactTest, HidesThePasswordOfAPostgresUri) {
  EXPECT_EQ(redact_url("postgresql://larder:hunter2@db:5432/larder"),
            "postgresql://larder:***@db:5432/larder");
}

TEST(RedactTest, HidesAPasswordAmongTheParametersOfAUri) {
  EXPECT_EQ(redact_url("postgres://db/larder?user=l&password=x&sslmode=allow"),
            "postgres://db/larder?user=l&password=***&sslmode=allow");
  EXPECT_EQ(redact_url("postgres://db/larder?sslpassword=x"),
            "postgres://db/larder?sslpassword=***");
}

TEST(RedactTest, HidesPasswordsOfKeyValueStrings) {
  EXPECT_EQ(redact_url("host=db password=hunter2 user=l"),
            "host=db password=*** user=l");
  EXPECT_EQ(redact_url("host=db PassWord = hunter2 user=l"),
            "host=db PassWord = *** user=l");
  EXPECT_EQ(redact_url("password='a b\\' c' host=db"), "password=*** host=db");
  EXPECT_EQ(redact_url("password=a\\ b&c host=db"), "password=*** host=db");
  EXPECT_EQ(redact_url("host=db password='never closed"),
            "host=db password=***");
}

TEST(RedactTest, HidesPasswordsThatShouldHaveBeenEscaped) {
  for (const std::string secret :
       {"p@ss", "pa/ss", "pa?ss", "a#b", "a:b", "a b", "a&b=c"})
    for (const std::string scheme : {"nats", "postgres"}) {
      const auto shown = redact_url(scheme + "://bob:" + secret + "@host/db");
      EXPECT_EQ(shown, scheme + "://bob:***@host/db") << secret;
    }
}

TEST(RedactTest, HidesTooMuchRatherThanTooLittle) {
  EXPECT_EQ(redact_url("nats://bob:password=x@host"),
            "nats://bob:password=***");
  EXPECT_EQ(redact_url("postgres://u:one@h/d?password=tw@o&a=b"),
            "postgres://u:***@h/d?password=***&a=b");
}

TEST(RedactTest, EndsOnAnyText) {
  // Pieces that its scanners look for, in random order: the result must come,
  // without a read past the end (the sanitizer builds watch that).
  const std::string pieces[] = {"://", "password", "=", "'", "\\", "@",
                                ":",   "&",        " ", ",", "x",  "nats"};
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (auto n = random() % 10; n > 0; --n)
      text += pieces[random() % std::size(pieces)];
    EXPECT_LE(redact_url(text).size(), 4 * text.size() + 8) << text;
  }
}

}  // namespace larder::config
