#include "cluster/holdings.hpp"

#include "storage/error.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace larder {

namespace {

using namespace std::chrono_literals;

std::string with_node_name(nlohmann::ordered_json body) {
  body["node"] = "one";
  return body.dump();
}

TEST(HoldingsTest, ComeBackAsTheyWere) {
  node_holdings sent;
  sent.held = {answer_mark{true, {7, 2, epoch{"e"}}, "d", false}, std::nullopt,
               answer_mark{false, {9, 3, epoch{"e"}}, "", false}};
  sent.sample = {{"t", "a"}, {"t", "gr\xc3\xbc\xc3\x9f.e"}};
  auto back = holdings_in(with_node_name(to_json(sent)), 3);
  ASSERT_TRUE(back) << message_of(back.error());
  EXPECT_EQ(back->node, "one");
  EXPECT_EQ(back->sample, sent.sample);
  ASSERT_EQ(back->held.size(), 3u);
  EXPECT_TRUE(back->held[0]->present);
  EXPECT_EQ(back->held[0]->info, sent.held[0]->info);
  EXPECT_EQ(back->held[0]->digest, "d");
  EXPECT_FALSE(back->held[1]);
  EXPECT_FALSE(back->held[2]->present);
  EXPECT_EQ(back->held[2]->info.revision, 9);
}

TEST(HoldingsTest, AreNotMadeOfAnythingElse) {
  for (std::string bad :
       {"", "no", "[]", "{}", R"({"node":"one"})", R"({"held":[]})",
        R"({"node":"one","held":[null,null]})", R"({"node":1,"held":[null]})",
        R"({"node":"one","error":"not_supported"})"})
    EXPECT_FALSE(holdings_in(bad, 1)) << bad;
  auto odd = holdings_in(R"({"node":"one","held":[{"revision":"x","epoch":1}],)"
                         R"("sample":[1,{"type":"t"},{"type":"t","id":"a"}]})",
                         1);
  ASSERT_TRUE(odd);
  EXPECT_EQ(odd->held[0]->info.revision, 0);
  EXPECT_EQ(odd->sample, (std::vector<key>{{"t", "a"}}));
}

TEST(HoldingsTest, AskForKeysByName) {
  std::vector<key> keys{{"t", "a.b"}};
  auto request = nlohmann::json::parse(held_request(keys, 3, "jetstream"));
  EXPECT_EQ(request["keys"][0]["id"], "a.b");
  EXPECT_EQ(request["sample"], 3);
  EXPECT_EQ(request["tier"], "jetstream");
}

TEST(HoldingsTest, FingerprintsComeBackAsTheyWere) {
  std::vector<fingerprint> sent{
      {{"t", "a"}, {7, 2, epoch{"e"}}, true, "d", 1500ms},
      {{"t", "b"}, {8, 1, epoch{"e"}}, false, "", 0ms}};
  auto back = fingerprints_in(
      with_node_name(to_json(std::span<const fingerprint>{sent})));
  ASSERT_TRUE(back) << message_of(back.error());
  ASSERT_EQ(back->size(), 2u);
  EXPECT_EQ((*back)[0].key, sent[0].key);
  EXPECT_EQ((*back)[0].info, sent[0].info);
  EXPECT_TRUE((*back)[0].present);
  EXPECT_EQ((*back)[0].digest, "d");
  EXPECT_EQ((*back)[0].age, 1500ms);
  EXPECT_FALSE((*back)[1].present);
  EXPECT_FALSE(fingerprints_in("{}"));
  EXPECT_FALSE(fingerprints_in(R"({"keys":[{"type":"t"}]})"));
}

}  // namespace

}  // namespace larder
