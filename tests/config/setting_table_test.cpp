#include "config/setting_table.hpp"

#include <gtest/gtest.h>

#include <set>

namespace larder::config {

TEST(SettingTableTest, NamesEverySettingOnceInSectionsThatExist) {
  std::set<std::string_view> names;
  std::set<std::string_view> closed;
  std::string_view current;
  for (const auto& s : all_settings()) {
    EXPECT_TRUE(names.insert(s.name).second) << s.name;
    if (section_of(s) != current) {
      closed.insert(current);
      current = section_of(s);
      EXPECT_TRUE(is_section(current)) << s.name;
      EXPECT_FALSE(closed.contains(current))
          << s.name << " is not with its own";
    }
  }
}

TEST(SettingTableTest, AcceptsEveryDefault) {
  for (const auto& s : all_settings()) {
    settings into;
    const auto text = print(s, settings{});
    EXPECT_EQ(assign(s, into, text), std::nullopt) << s.name;
    EXPECT_EQ(print(s, into), text) << s.name;
  }
}

TEST(SettingTableTest, TellsAnOperatorOfEverySetting) {
  for (const auto& s : all_settings()) {
    EXPECT_TRUE(s.sentence.ends_with('.')) << s.name;
    EXPECT_EQ(s.check == nullptr, s.wanted.empty()) << s.name;
    EXPECT_FALSE(expected(s).empty()) << s.name;
  }
}

TEST(SettingTableTest, CoversEveryMemberOfTheSettings) {
  // Each entry's member is a different one, and no gap between them is as wide
  // as a text, a duration or a size. A narrower member can hide in padding.
  std::set<std::pair<const char*, const char*>> members;
  settings s;
  for (const auto& entry : all_settings())
    std::visit(
        [&](auto member) {
          auto& value = member(s);
          const auto* at = reinterpret_cast<const char*>(&value);
          EXPECT_TRUE(members.emplace(at, at + sizeof value).second)
              << entry.name;
        },
        entry.value);
  const auto* reached = reinterpret_cast<const char*>(&s);
  for (const auto& [from, to] : members) {
    EXPECT_LT(from - reached, 8) << "bytes without an entry before offset "
                                 << from - reinterpret_cast<const char*>(&s);
    reached = to;
  }
  EXPECT_LT(reinterpret_cast<const char*>(&s + 1) - reached, 8);
}

TEST(SettingTableTest, RefusesAValueWithoutChangingTheOldOne) {
  settings s;
  EXPECT_EQ(assign(*find_setting("memory.shards"), s, "65"),
            "a whole number from 1 to 64");
  EXPECT_EQ(s.memory.shards, 4u);
}

TEST(SettingTableTest, FindsNothingUnderAnUnknownName) {
  EXPECT_EQ(find_setting("memory"), nullptr);
  EXPECT_EQ(find_setting(""), nullptr);
  EXPECT_FALSE(is_section("caching"));
}

TEST(SettingTableTest, GuessesTheNearestName) {
  EXPECT_EQ(nearest_setting("memory.tll").name, "memory.ttl");
  EXPECT_EQ(nearest_setting("data_dir").name, "node.data_dir");
  EXPECT_EQ(nearest_setting("postgers.lock_timeout").name,
            "postgres.lock_timeout");
  EXPECT_FALSE(nearest_setting(std::string(1'000'000, 'x')).name.empty());
}

}  // namespace larder::config
