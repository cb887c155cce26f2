// What every source of truth must say to those who check nodes against it: see
// truth_store_contract.hpp.
//
// Included once by each executable that runs it.
#pragma once

#include "tests/storage/truth_world.hpp"

#include <optional>

namespace larder::test {

class FingerprintContract : public truth_world_test {};

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(FingerprintContract);

TEST_P(FingerprintContract, SaysWhatKeysHoldWithoutTheirBytes) {
  auto info = put({"t", "a"}, R"({"v":"gr\u00fcn"})");
  put({"t", "gone"}, "{}");
  auto deleted = write(delete_of({"t", "gone"}));
  ASSERT_TRUE(deleted);
  std::vector<key> keys{{"t", "never"}, {"t", "gone"}, {"t", "a"}};
  auto all = store_->fingerprints(keys);
  ASSERT_TRUE(all) << message_of(all.error());
  ASSERT_EQ(all->size(), 3u);
  EXPECT_EQ((*all)[0].key, keys[0]);
  EXPECT_EQ((*all)[0].info.revision, 0);
  EXPECT_EQ((*all)[0].info.epoch, info.epoch);
  EXPECT_FALSE((*all)[0].present);
  EXPECT_EQ((*all)[1].info, *deleted);
  EXPECT_FALSE((*all)[1].present);
  EXPECT_EQ((*all)[1].digest, "");
  EXPECT_EQ((*all)[2].info, info);
  EXPECT_TRUE((*all)[2].present);
  EXPECT_EQ((*all)[2].digest, digest_of(R"({"v":"gr\u00fcn"})"));
  EXPECT_TRUE(store_->fingerprints({})->empty());
}

TEST_P(FingerprintContract, NamesTheKeysThatChangedLatelyNewestFirst) {
  using namespace std::chrono_literals;
  put({"t", "a"}, "{}");
  put({"t", "b"}, "{}");
  world_->program_put({"t", "c"}, "{}");
  auto gone = write(delete_of({"t", "a"}));
  ASSERT_TRUE(gone);
  auto all = store_->changed_within(1h, 10);
  ASSERT_TRUE(all) << message_of(all.error());
  ASSERT_EQ(all->size(), 3u);
  EXPECT_EQ((*all)[0].key, (key{"t", "a"}));
  EXPECT_EQ((*all)[0].info, *gone);
  EXPECT_FALSE((*all)[0].present);
  EXPECT_EQ((*all)[1].key, (key{"t", "c"}));
  EXPECT_EQ((*all)[1].digest, digest_of("{}"));
  EXPECT_EQ((*all)[2].key, (key{"t", "b"}));
  EXPECT_GE((*all)[2].age, (*all)[1].age);
  EXPECT_EQ(store_->changed_within(1h, 2)->size(), 2u);
  EXPECT_TRUE(store_->changed_within(0ms, 10)->empty());
}

TEST_P(FingerprintContract, SurveysWhatThereIsInTheOrderOfAScan) {
  put({"t", "b"}, "{}");
  put({"t", "a"}, "{}");
  put({"u", "a"}, R"({"v":1})");
  put({"s", "z"}, "{}");
  put({"t", "gone"}, "{}");
  ASSERT_TRUE(write(delete_of({"t", "gone"})));
  auto names = [&](const std::optional<std::string>& type, std::uint32_t limit,
                   const std::optional<key>& after) {
    auto page = store_->survey(type, limit, after);
    EXPECT_TRUE(page) << message_of(page.error());
    std::string text;
    for (auto& f : *page) {
      EXPECT_EQ(f.info, get(f.key).info);
      text += f.key.type + f.key.id + ' ';
    }
    return text;
  };
  EXPECT_EQ(names({}, 10, {}), "sz ta tb ua ");
  EXPECT_EQ(names({}, 2, {}), "sz ta ");
  EXPECT_EQ(names({}, 2, key{"t", "a"}), "tb ua ");
  EXPECT_EQ(names("t", 10, {}), "ta tb ");
  EXPECT_EQ(names("t", 10, key{"t", "a"}), "tb ");
  EXPECT_EQ(names("t", 10, key{"u", ""}), "");
}

TEST_P(FingerprintContract, DigestsNoMoreBytesThanItsBudget) {
  std::vector<key> keys;
  for (int i = 0; i < 9; ++i) {
    keys.push_back({"t", std::to_string(i)});
    put(keys.back(), "{\"s\":\"" + std::string(512 * 1024 - 8, 'x') + "\"}");
  }
  auto all = store_->fingerprints(keys);
  ASSERT_TRUE(all) << message_of(all.error());
  EXPECT_NE((*all)[7].digest, "");
  EXPECT_EQ((*all)[8].digest, "");
  EXPECT_TRUE((*all)[8].present);
}

}  // namespace larder::test
