#include "node/cli/stats_sum.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace larder::cli {

namespace {

using nlohmann::json;

const std::vector<node_stats> two{
    {"n1",
     R"({"node":"n1","ok":true,"hits":{"memory":5,"postgres":1},)"
     R"("misses":2,"fence_age_ms":120,"log_lag":0,"applied":90,"epoch":"e1",)"
     R"("timestamp":"2026-01-01T00:00:01Z"})"},
    {"n2",
     R"({"node":"n2","ok":true,"hits":{"memory":7,"postgres":0},)"
     R"("misses":3,"fence_age_ms":80,"log_lag":4,"applied":88,"epoch":"e1",)"
     R"("timestamp":"2026-01-01T00:00:02Z"})"}};

TEST(StatsSumTest, AddsCountersUpWhereverTheyStand) {
  auto sum = json::parse(sum_of(two));
  EXPECT_EQ(sum["misses"], 5);
  EXPECT_EQ(sum["hits"]["memory"], 12);
  EXPECT_EQ(sum["hits"]["postgres"], 1);
}

TEST(StatsSumTest, TakesTheLargestOfAgesAndLags) {
  auto sum = json::parse(sum_of(two));
  EXPECT_EQ(sum["fence_age_ms"], 120);
  EXPECT_EQ(sum["log_lag"], 4);
  EXPECT_EQ(sum["applied"], 90);
  EXPECT_EQ(sum["timestamp"], "2026-01-01T00:00:02Z");
}

TEST(StatsSumTest, KeepsWhatAllAgreeOnAndNothingElse) {
  auto sum = json::parse(sum_of(two));
  EXPECT_EQ(sum["epoch"], "e1");
  EXPECT_FALSE(sum.contains("node"));
  EXPECT_FALSE(sum.contains("ok"));
  auto differing = two;
  differing[1].body = R"({"epoch":"e2"})";
  EXPECT_TRUE(json::parse(sum_of(differing))["epoch"].is_null());
}

TEST(StatsSumTest, HoldsWhatEachNodeSaid) {
  auto nodes = json::parse(sum_of(two))["nodes"];
  ASSERT_EQ(nodes.size(), 2u);
  EXPECT_EQ(nodes[1]["node"], "n2");
  EXPECT_EQ(nodes[1]["hits"]["memory"], 7);
}

TEST(StatsSumTest, IsTheNodesOwnBodyWhenThereIsOne) {
  auto sum = json::parse(sum_of({two[0]}));
  EXPECT_EQ(sum["misses"], 2);
  EXPECT_EQ(sum["hits"]["memory"], 5);
  EXPECT_EQ(sum["nodes"].size(), 1u);
}

TEST(StatsSumTest, ShowsAColumnANodeAndOneForAll) {
  auto text = stats_table(two);
  EXPECT_NE(text.find("n1"), std::string::npos);
  EXPECT_NE(text.find("all"), std::string::npos);
  EXPECT_NE(text.find("hits.memory"), std::string::npos);
  EXPECT_NE(text.find("12\n"), std::string::npos) << text;
}

}  // namespace

}  // namespace larder::cli
