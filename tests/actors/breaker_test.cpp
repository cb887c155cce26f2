#include "actors/breaker.hpp"

#include <gtest/gtest.h>

namespace larder {

namespace {

using namespace std::chrono_literals;

TEST(BreakerTest, OpensAfterFailuresInARow) {
  breaker b;
  time_point now{1h};
  b.failed(now);
  b.failed(now);
  b.succeeded();
  b.failed(now);
  b.failed(now);
  EXPECT_TRUE(b.allows(now));
  EXPECT_TRUE(b.closed());
  b.failed(now);
  EXPECT_FALSE(b.allows(now));
  EXPECT_FALSE(b.closed());
}

TEST(BreakerTest, LetsOneProbeThroughAtATime) {
  breaker b;
  time_point now{1h};
  for (int i = 0; i < 3; ++i)
    b.failed(now);
  now += 250ms;
  EXPECT_TRUE(b.allows(now));
  EXPECT_FALSE(b.allows(now));
  // The probe was lost: another one, later.
  now += 250ms;
  EXPECT_TRUE(b.allows(now));
  b.failed(now);
  EXPECT_FALSE(b.allows(now + 249ms));
  EXPECT_TRUE(b.allows(now + 250ms));
  b.succeeded();
  EXPECT_TRUE(b.allows(now));
  EXPECT_TRUE(b.closed());
}

}  // namespace

}  // namespace larder
