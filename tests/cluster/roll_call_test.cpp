#include "cluster/roll_call.hpp"

#include "storage/error.hpp"
#include "tests/support/nats_server.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace larder::test {

namespace {

using namespace std::chrono_literals;

roll_member embedded(std::string node, std::int64_t since = 1,
                     bool settled = false) {
  return {node, node + ":x", "embedded", false, settled, since};
}

roll_member with_postgres(std::string node, std::int64_t since = 1,
                          bool settled = false) {
  return {node, node + ":x", "postgres", true, settled, since};
}

bool refused(const roll_member& mine, const std::vector<roll_member>& others) {
  return static_cast<bool>(refusal_of(mine, others));
}

class RollCallTest : public testing::Test {
 protected:
  std::shared_ptr<nats::client> connect(const nats_server& server) {
    config::nats_settings settings;
    settings.url = server.url();
    auto client = nats::client::connect(settings, "roll call");
    EXPECT_TRUE(client);
    return *client;
  }
};

}  // namespace

TEST_F(RollCallTest, LetsNodesThatShareTheirTruthBeTogether) {
  EXPECT_FALSE(refused(with_postgres("a", 2),
                       {with_postgres("b", 1, true), with_postgres("c", 3)}));
  EXPECT_FALSE(refused(embedded("a"), {}));
  EXPECT_FALSE(refused(embedded("a"), {embedded("a")})) << "that is itself";
}

TEST_F(RollCallTest, RefusesWhoComesToAnEmbeddedStoreOrWithOne) {
  EXPECT_TRUE(refused(embedded("a"), {embedded("b", 9, true)}));
  EXPECT_TRUE(refused(embedded("a"), {with_postgres("b", 9, true)}));
  EXPECT_TRUE(refused(with_postgres("a"), {embedded("b", 9, true)}));
  auto why = refusal_of(embedded("a"), {embedded("the-other", 9, true)});
  EXPECT_EQ(code_of(why), ec::configuration);
  EXPECT_NE(message_of(why).find("the-other"), std::string::npos);
}

TEST_F(RollCallTest, LetsTheFirstStayOfTwoThatStartTogether) {
  EXPECT_FALSE(refused(embedded("a", 1), {embedded("b", 2)}));
  EXPECT_TRUE(refused(embedded("b", 2), {embedded("a", 1)}));
  EXPECT_NE(refused(embedded("a", 1), {embedded("b", 1)}),
            refused(embedded("b", 1), {embedded("a", 1)}));
}

TEST_F(RollCallTest, HearsTheNodesOfItsClusterOnly) {
  nats_server server;
  auto client = connect(server);
  auto other_client = connect(server);
  roll_call first{client, "one", embedded("a", 5)};
  ASSERT_TRUE(first.call(5s));
  ASSERT_TRUE(first.call(5s)) << "asked again, it stays";
  // It began earlier by its clock, but the other one is there.
  roll_call second{other_client, "one", embedded("b", 1)};
  auto refused = second.call(5s);
  ASSERT_FALSE(refused);
  EXPECT_EQ(code_of(refused.error()), ec::configuration);
  roll_call elsewhere{other_client, "two", embedded("b", 1)};
  EXPECT_TRUE(elsewhere.call(5s));
}

TEST_F(RollCallTest, CannotTellWithoutNats) {
  config::nats_settings settings;
  settings.url = "nats://127.0.0.1:1";
  auto client = nats::client::connect(settings, "roll call");
  ASSERT_TRUE(client);
  roll_call alone{*client, "one", embedded("a")};
  auto told = alone.call(10ms);
  ASSERT_FALSE(told);
  EXPECT_EQ(code_of(told.error()), ec::unavailable);
}

}  // namespace larder::test
