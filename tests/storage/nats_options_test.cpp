#include "storage/nats_options.hpp"

#include "storage/error.hpp"

#include <gtest/gtest.h>

namespace larder::nats {

namespace {

std::string refusal(const config::nats_settings& settings) {
  auto o = make_options(settings, "test");
  if (o)
    return "accepted";
  EXPECT_EQ(code_of(o.error()), ec::configuration);
  return message_of(o.error());
}

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST(NatsOptionsTest, AcceptsTheDefaults) {
  EXPECT_TRUE(make_options({}, "test"));
}

TEST(NatsOptionsTest, SplitsSeveralServers) {
  auto urls = split_urls(" nats://a:1 ,b:2,, tls://u:p@c ");
  ASSERT_TRUE(urls);
  EXPECT_EQ(*urls, (std::vector<std::string>{"nats://a:1", "nats://b:2",
                                             "tls://u:p@c"}));
}

TEST(NatsOptionsTest, RefusesWhatIsNoUrl) {
  for (auto url : {"", " , ", "http://a", "nats://", "nats://:4222",
                   "nats://a b:1", "nats://u:p@"})
    EXPECT_FALSE(split_urls(url)) << url;
}

TEST(NatsOptionsTest, NeverPrintsThePasswordOfAUrl) {
  EXPECT_EQ(printable_urls("nats://u:pa@ss@a:1, b:2"), "nats://a:1, b:2");
  config::nats_settings s;
  s.url = "ftp://user:hidden@host";
  EXPECT_FALSE(holds(refusal(s), "hidden"));
}

TEST(NatsOptionsTest, RefusesTwoKindsOfCredentials) {
  config::nats_settings s;
  s.user = "u";
  s.token = "t";
  EXPECT_TRUE(holds(refusal(s), "more than one kind"));
}

TEST(NatsOptionsTest, RefusesAPasswordWithoutAUser) {
  config::nats_settings s;
  s.password = "p";
  EXPECT_TRUE(holds(refusal(s), "without nats.user"));
}

TEST(NatsOptionsTest, NamesTheFileThatCannotBeRead) {
  config::nats_settings s;
  s.creds_file = "/no/such.creds";
  EXPECT_TRUE(holds(refusal(s), "/no/such.creds"));
  s = {};
  s.tls_ca_file = "/no/ca.pem";
  EXPECT_TRUE(holds(refusal(s), "nats.tls_ca_file (\"/no/ca.pem\")"));
  s = {};
  s.nkey_seed_file = "/no/seed";
  EXPECT_TRUE(holds(refusal(s), "/no/seed"));
}

TEST(NatsOptionsTest, RefusesACertificateWithoutItsKey) {
  config::nats_settings s;
  s.tls_cert_file = "cert.pem";
  EXPECT_TRUE(holds(refusal(s), "go together"));
}

}  // namespace larder::nats
