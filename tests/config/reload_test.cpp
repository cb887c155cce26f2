#include "config/reload.hpp"

#include <gtest/gtest.h>

using namespace std::chrono_literals;

namespace larder::config {

namespace {

using names = std::vector<std::string>;

}  // namespace

TEST(ReloadTest, TellsNothingWhenNothingDiffers) {
  EXPECT_EQ(needs_restart({}, {}), names{});
  EXPECT_EQ(reload_applies({}, {}), names{});
}

TEST(ReloadTest, SortsWhatDiffersByWhatAppliesIt) {
  settings after;
  after.log.level = "debug";
  after.limits.max_in_flight = 5;
  after.http.port = 1;
  after.nats.password = "x";
  EXPECT_EQ(reload_applies({}, after),
            (names{"log.level", "limits.max_in_flight"}));
  EXPECT_EQ(needs_restart({}, after), (names{"http.port", "nats.password"}));
}

TEST(ReloadTest, TakesOverOnlyWhatAReloadApplies) {
  settings after;
  after.log.level = "debug";
  after.http.port = 1;
  const auto running = after_reload({}, after);
  ASSERT_TRUE(running) << running.error().message;
  EXPECT_EQ(running->log.level, "debug");
  EXPECT_EQ(running->http.port, 8222);
}

TEST(ReloadTest, RefusesAMixtureThatBreaksARule) {
  settings after;
  after.limits.max_deadline = 20min;
  after.coherence.floor_ttl = 1h;
  const auto running = after_reload({}, after);
  ASSERT_FALSE(running);
  EXPECT_EQ(running.error().message,
            "a reload cannot apply this, a restart may: limits.max_deadline is "
            "20m and coherence.floor_ttl is 10m; expected the deadline to be "
            "shorter, or a slow read brings an old value back");
}

}  // namespace larder::config
