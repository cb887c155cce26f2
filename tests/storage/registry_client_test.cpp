#include "storage/registry_client.hpp"

#include "tests/support/scripted_registry.hpp"

#include <gtest/gtest.h>

namespace larder::test {

namespace {

using namespace std::chrono_literals;

const std::string url = "http://registry.test/x";

class RegistryClientTest : public ::testing::Test {
 protected:
  caf::expected<http_response> get(std::chrono::milliseconds deadline = 60s) {
    auto world = registry.world();
    registry_client client{world.get,
                           gate,
                           world.time,
                           retry_limits{},
                           registry.now + deadline,
                           "http://registry.test",
                           "Bearer secret"};
    return client.get(request);
  }

  scripted_registry registry;
  std::shared_ptr<registry_gate> gate = std::make_shared<registry_gate>(0, 1);
  registry_request request{url, "text/plain", 100, {}};
};

TEST_F(RegistryClientTest, AsksAgainLaterAndLater) {
  registry.serve(url, "hello");
  registry.then_status(500);
  registry.then(fail(ec::unavailable, "reset"));
  registry.then_status(429);
  auto got = get();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->body, "hello");
  EXPECT_EQ(registry.asked.size(), 4u);
  EXPECT_EQ(registry.now - registry.started, 250ms + 500ms + 1s);
}

TEST_F(RegistryClientTest, GivesUpAfterAllAttempts) {
  for (int i = 0; i < 10; ++i)
    registry.then_status(503);
  auto got = get();
  ASSERT_FALSE(got);
  EXPECT_EQ(code_of(got.error()), ec::unavailable);
  EXPECT_NE(message_of(got.error()).find("503"), std::string::npos);
  EXPECT_EQ(registry.asked.size(), 4u);
}

TEST_F(RegistryClientTest, WaitsAsLongAsTheRegistrySays) {
  registry.serve(url, "hello");
  registry.then_status(429, 20s);
  EXPECT_TRUE(get());
  EXPECT_GE(registry.now - registry.started, 20s);
  EXPECT_EQ(registry.asked.size(), 2u);
}

TEST_F(RegistryClientTest, DoesNotAskBeforeTheRegistrySaidSo) {
  registry.serve(url, "hello");
  registry.then_status(503, 300s);
  auto got = get();
  EXPECT_EQ(code_of(got.error()), ec::busy);
  EXPECT_EQ(registry.asked.size(), 1u);
  // Nor does anybody else behind the same gate.
  got = get();
  ASSERT_FALSE(got);
  EXPECT_EQ(code_of(got.error()), ec::busy);
  EXPECT_NE(message_of(got.error()).find("29"), std::string::npos);
  EXPECT_EQ(registry.asked.size(), 1u);
  registry.now += 301s;
  EXPECT_TRUE(get());
}

TEST_F(RegistryClientTest, EndsBeforeTheDeadline) {
  for (int i = 0; i < 10; ++i)
    registry.then_status(503);
  EXPECT_FALSE(get(1s));
  EXPECT_LE(registry.now - registry.started, 1s);
  EXPECT_LT(registry.asked.size(), 4u);
  for (auto& asked : registry.asked)
    EXPECT_LE(asked.timeout, 1s);
}

TEST_F(RegistryClientTest, DoesNotAskAgainWhatCannotChange) {
  for (auto [status, code] : {std::pair{404, ec::not_found},
                              {410, ec::not_found},
                              {401, ec::unavailable},
                              {403, ec::unavailable},
                              {304, ec::unavailable},
                              {204, ec::unavailable}}) {
    registry.asked.clear();
    registry.then_status(status);
    auto got = get();
    ASSERT_FALSE(got);
    EXPECT_EQ(code_of(got.error()), code) << status;
    EXPECT_EQ(registry.asked.size(), 1u) << status;
  }
  registry.asked.clear();
  registry.then(fail(ec::too_large, "too large"));
  EXPECT_EQ(code_of(get().error()), ec::too_large);
  EXPECT_EQ(registry.asked.size(), 1u);
}

TEST_F(RegistryClientTest, SendsValidatorsAndTakesThatNothingChanged) {
  registry.serve(url, "hello", "\"1\"");
  request.known = {"\"1\"", "Thu, 01 Jan 1970 00:00:00 GMT"};
  auto got = get();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->status, 304);
  std::vector<std::string> lines{"Accept: text/plain", "If-None-Match: \"1\"",
                                 "If-Modified-Since: Thu, 01 Jan 1970 00:00:00 "
                                 "GMT",
                                 "Authorization: Bearer secret"};
  EXPECT_EQ(registry.asked[0].headers, lines);
}

TEST_F(RegistryClientTest, KeepsItsCredentialsForTheirOwnOrigin) {
  request.url = "http://elsewhere.test/x";
  registry.serve(request.url, "hello");
  ASSERT_TRUE(get());
  EXPECT_EQ(registry.asked[0].headers,
            (std::vector<std::string>{"Accept: text/plain"}));
}

TEST(RegistryGateTest, LetsABurstThroughAndThenTheRate) {
  registry_gate gate{10, 3};
  registry_gate::time_point now{1h};
  auto late = now + 1h;
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(gate.take_turn(now, late), now);
  EXPECT_EQ(gate.take_turn(now, late), now + 100ms);
  EXPECT_EQ(gate.take_turn(now, late), now + 200ms);
  now += 10s;
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(gate.take_turn(now, late), now);
  EXPECT_EQ(gate.take_turn(now, late), now + 100ms);
}

TEST(RegistryGateTest, ATurnThatComesTooLateIsNotTaken) {
  registry_gate gate{1, 1};
  registry_gate::time_point now{1h};
  EXPECT_EQ(gate.take_turn(now, now), now);
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(gate.take_turn(now, now), now + 1s);
  gate.close_until(now + 1min);
  gate.close_until(now + 10s);
  EXPECT_EQ(gate.take_turn(now, now + 2min), now + 1min);
}

}  // namespace

}  // namespace larder::test
