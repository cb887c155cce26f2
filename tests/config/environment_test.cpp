#include "config/environment.hpp"

#include "config/load.hpp"
#include "config/setting_table.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

using namespace std::chrono_literals;

namespace larder::config {

namespace {

std::string refusal(environment env) {
  sources from;
  from.env = std::move(env);
  const auto loaded = load(from);
  return loaded ? "accepted" : loaded.error().message;
}

settings accept(environment env) {
  sources from;
  from.env = std::move(env);
  const auto loaded = load(from);
  EXPECT_TRUE(loaded) << loaded.error().message;
  return loaded ? *loaded : settings{};
}

}  // namespace

TEST(EnvironmentTest, NamesEverySettingAfterItsSectionAndKey) {
  EXPECT_EQ(environment_name(*find_setting("coherence.fence_max_age")),
            "LARDER_COHERENCE__FENCE_MAX_AGE");
  EXPECT_EQ(environment_name(*find_setting("caching")), "LARDER_CACHING");
}

TEST(EnvironmentTest, TakesEverySettingByItsOwnName) {
  // The default of each, written as an operator would, must be accepted.
  environment env;
  for (const auto& s : all_settings())
    env.push_back(environment_name(s) + "=" + print(s, settings{}));
  EXPECT_EQ(refusal(env), "accepted");
}

TEST(EnvironmentTest, ReadsTheUsualNames) {
  const auto s = accept({"NATS_URL=nats://a:1", "DATABASE_URL=postgres://h/d",
                         "ENABLE_CACHING=false", "CACHE_TTL_SHORT=10",
                         "CACHE_TTL_MEDIUM=20", "CACHE_TTL_LONG=2d"});
  EXPECT_EQ(s.nats.url, "nats://a:1");
  EXPECT_EQ(s.postgres.url, "postgres://h/d");
  EXPECT_FALSE(s.caching);
  EXPECT_EQ(s.ttl.short_class, 10s);
  EXPECT_EQ(s.ttl.medium_class, 20s);
  EXPECT_EQ(s.ttl.long_class, 48h);
}

TEST(EnvironmentTest, LetsOurNamesWinOverTheUsualOnesInAnyOrder) {
  const auto s =
      accept({"LARDER_NATS__URL=nats://ours:1", "NATS_URL=nats://usual:1",
              "ENABLE_CACHING=false", "LARDER_CACHING=true"});
  EXPECT_EQ(s.nats.url, "nats://ours:1");
  EXPECT_TRUE(s.caching);
}

TEST(EnvironmentTest, TakesAnEmptyUsualNameForNotSet) {
  const auto s = accept(
      {"NATS_URL=", "DATABASE_URL=", "CACHE_TTL_SHORT=", "ENABLE_CACHING="});
  EXPECT_EQ(s.nats.url, "nats://127.0.0.1:4222");
  EXPECT_EQ(s.ttl.short_class, 300s);
  EXPECT_TRUE(s.caching);
}

TEST(EnvironmentTest, RefusesAnUnknownNameAndNamesTheNearest) {
  EXPECT_EQ(refusal({"LARDER_MEMORY__MAX_ENTIRES=5"}),
            "LARDER_MEMORY__MAX_ENTIRES: no such setting; did you mean "
            "LARDER_MEMORY__MAX_ENTRIES?");
  EXPECT_EQ(refusal({"LARDER_STORAGE__MAX_MGET_KEYS=5"}),
            "LARDER_STORAGE__MAX_MGET_KEYS: no such setting; did you mean "
            "LARDER_LIMITS__MAX_MGET_KEYS?");
  EXPECT_NE(refusal({"LARDER_memory__ttl=1h"}), "accepted");
}

TEST(EnvironmentTest, IgnoresNamesThatAreNotSettings) {
  EXPECT_EQ(refusal({"LARDER_HTTP=http://127.0.0.1:8222", "LARDERX__Y=1",
                     "NATS_URLS=x", "broken", "=x"}),
            "accepted");
}

TEST(EnvironmentTest, NamesTheVariableOfAWrongValue) {
  EXPECT_EQ(refusal({"CACHE_TTL_SHORT=soon"}),
            "CACHE_TTL_SHORT: ttl.short_class is \"soon\"; expected a duration "
            "in whole seconds from 1s to 365d, such as 90s, 30m, 1h or 7d");
  EXPECT_EQ(refusal({"LARDER_HTTP__PORT="}),
            "LARDER_HTTP__PORT: http.port is \"\"; expected a whole number "
            "from 0 to 65535");
}

TEST(EnvironmentTest, ReadsTheEnvironmentOfTheProcess) {
  ASSERT_EQ(::setenv("LARDER_CONFIG_TEST", "a=b", 1), 0);
  EXPECT_EQ(variable(process_environment(), "LARDER_CONFIG_TEST"), "a=b");
  EXPECT_EQ(variable(process_environment(), "LARDER_CONFIG_TES"), std::nullopt);
}

}  // namespace larder::config
