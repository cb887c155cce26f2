#include "storage/entry_table.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace larder {
namespace {

artifact_ptr make(int i) {
  return artifact::make(key{"t", std::to_string(i)}, "x", {});
}

std::uint32_t hash(const artifact_ptr& a) {
  return hash_of(a->name());
}

TEST(EntryTableTest, TakesAsManyEntriesAsItWasMadeFor) {
  for (std::size_t size : {0, 1, 10, 1'000}) {
    entry_table table{size};
    std::vector<artifact_ptr> values;
    for (std::size_t i = 0; i < size; ++i) {
      values.push_back(make(static_cast<int>(i)));
      ASSERT_TRUE(table.insert(values.back().get(), hash(values.back()), 7));
    }
    for (const auto& v : values) {
      EXPECT_EQ(table.find(v->name(), hash(v)), v.get());
      auto slot = table.slot_of(v.get(), hash(v));
      EXPECT_EQ(slot, table.slot_of(v->name(), hash(v)));
      EXPECT_EQ(table.value_at(slot), v.get());
      EXPECT_EQ(table.node_at(slot), 7u);
    }
  }
}

TEST(EntryTableTest, RefusesMoreInTimeForEveryWalkToEnd) {
  entry_table table{10};
  std::vector<artifact_ptr> values;
  do
    values.push_back(make(static_cast<int>(values.size())));
  while (table.insert(values.back().get(), hash(values.back()), 0));
  EXPECT_GT(values.size(), 10u);
  for (int i = 0; i < 1'000; ++i) {
    auto other = make(100'000 + i);
    EXPECT_EQ(table.find(other->name(), hash(other)), nullptr);
  }
  auto refused = values.back();
  EXPECT_EQ(table.find(refused->name(), hash(refused)), nullptr);
}

TEST(EntryTableTest, FindsEveryOtherEntryAfterAnErasure) {
  // All in one walk: equal hashes.
  entry_table table{8};
  std::vector<artifact_ptr> values;
  for (int i = 0; i < 8; ++i) {
    values.push_back(make(i));
    ASSERT_TRUE(table.insert(values[i].get(), 42, i));
  }
  for (int gone : {3, 0, 7, 6, 5}) {
    table.erase(table.slot_of(values[gone].get(), 42));
    EXPECT_EQ(table.find(values[gone]->name(), 42), nullptr);
    values[gone] = nullptr;
    for (const auto& v : values) {
      if (v != nullptr) {
        EXPECT_EQ(table.find(v->name(), 42), v.get());
      }
    }
  }
}

TEST(EntryTableTest, TakesNoRoomForEntriesThatCameAndWent) {
  entry_table table{8};
  for (int i = 0; i < 10'000; ++i) {
    auto value = make(i);
    ASSERT_TRUE(table.insert(value.get(), hash(value), 0)) << i;
    table.erase(table.slot_of(value.get(), hash(value)));
  }
}

TEST(EntryTableTest, ReplacesInPlace) {
  entry_table table{8};
  auto before = make(1);
  auto after = make(1);
  ASSERT_TRUE(table.insert(before.get(), hash(before), 5));
  auto slot = table.slot_of(before->name(), hash(before));
  table.replace(slot, after.get());
  EXPECT_EQ(table.find(before->name(), hash(before)), after.get());
  EXPECT_EQ(table.slot_of(before.get(), hash(before)), entry_table::npos);
  EXPECT_EQ(table.node_at(slot), 5u);
}

TEST(EntryTableTest, ComparesKeysOfAnyLength) {
  entry_table table{64};
  std::vector<artifact_ptr> values;
  for (std::size_t length = 1; length <= 40; ++length) {
    auto id = std::string(length, 'a');
    values.push_back(artifact::make(key{"t", id}, "", {}));
    ASSERT_TRUE(table.insert(values.back().get(), 42, 0));
  }
  for (const auto& v : values) {
    EXPECT_EQ(table.find(v->name(), 42), v.get());
    for (std::size_t at = 0; at < v->id().size(); ++at) {
      std::string other{v->id()};
      other[at] = 'b';
      EXPECT_EQ(table.find({"t", other}, 42), nullptr) << other;
    }
    EXPECT_EQ(table.find({"u", v->id()}, 42), nullptr);
  }
}

}  // namespace
}  // namespace larder
