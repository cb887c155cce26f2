#include "storage/postgres_packages.hpp"

#include "storage/error.hpp"
#include "tests/support/postgres_server.hpp"

#include <gtest/gtest.h>

namespace larder::test {

namespace {

const package_key express{"npm", "express"};

package_update stored(const package_key& key, const std::string& version,
                      std::int64_t revision, const std::string& document) {
  return {{key, version, revision, false}, document};
}

package_update removed(const package_key& key, std::int64_t revision) {
  return {{key, "", revision, true}, ""};
}

class PostgresPackagesTest : public testing::Test {
 protected:
  void put(std::vector<package_update> updates) {
    auto ok = packages_.put(updates);
    EXPECT_TRUE(ok) << message_of(ok.error());
  }

  /// "1.0=a@5 2.0=b@6 removed 3"
  std::string told(const package_key& key) {
    auto rows = packages_.load(key);
    if (!rows)
      return message_of(rows.error());
    std::string out;
    for (auto& [change, document] : rows->versions)
      out += change.version + "=" + document + "@"
             + std::to_string(change.revision) + " ";
    if (rows->removed_at != 0)
      out += "removed " + std::to_string(rows->removed_at);
    return out;
  }

  postgres_server& server_ = postgres_server::shared();
  config::postgres_settings settings_ =
      server_.settings(server_.create_database());
  postgres_program program_{settings_};
  postgres_packages packages_{settings_};
};

}  // namespace

TEST_F(PostgresPackagesTest, KeepsTheNewerOfTwoInWhateverOrderTheyCome) {
  put({stored(express, "1.0", 5, "new"), stored(express, "1.0", 4, "old")});
  put({stored(express, "1.0", 3, "older")});
  EXPECT_EQ(told(express), "1.0=new@5 ");
  put({stored(express, "1.0", 5, "newest")});
  EXPECT_EQ(told(express), "1.0=newest@5 ");
  put({stored(express, "1.0", 5, "new")});
  EXPECT_EQ(told(express), "1.0=newest@5 ");
}

TEST_F(PostgresPackagesTest, KeepsDocumentsByteForByte) {
  const std::string document = "{\"a\": \"\\\\ \\u0000 {},\\\"\", \"b\":1.00}";
  put({stored({"npm", "@s/a{\"\\b}"}, "", 1, document)});
  auto rows = packages_.load({"npm", "@s/a{\"\\b}"});
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->versions.size(), 1u);
  EXPECT_EQ(rows->versions[0].document, document);
}

TEST_F(PostgresPackagesTest, RemovesWhatIsOlderAndRemembersIt) {
  put({stored(express, "1.0", 5, "a"), stored(express, "2.0", 9, "b")});
  put({removed(express, 7)});
  EXPECT_EQ(told(express), "2.0=b@9 removed 7");
  put({stored(express, "1.0", 6, "late")});
  EXPECT_EQ(told(express), "2.0=b@9 removed 7");
  put({removed(express, 4), stored(express, "1.0", 8, "again")});
  EXPECT_EQ(told(express), "1.0=again@8 2.0=b@9 removed 7");
}

TEST_F(PostgresPackagesTest, LeavesOutWhatARemovalThatCameAlongsideRemoved) {
  put({stored(express, "1.0", 5, "a")});
  program_("INSERT INTO larder.removed_packages VALUES ('npm','express',6)");
  EXPECT_EQ(told(express), "removed 6");
}

TEST_F(PostgresPackagesTest, PagesThroughTheRevisionsOfAll) {
  put({stored({"cargo", "b"}, "1", 1, "x"), stored({"npm", "a"}, "1", 2, "x"),
       stored({"npm", "a"}, "2", 3, "x"), removed({"hex", "z"}, 4),
       stored({"npm", "b"}, "1", 5, "x")});
  std::string all;
  std::optional<package_key> after;
  int pages = 0;
  do {
    auto page = packages_.revisions(2, after);
    ASSERT_TRUE(page) << message_of(page.error());
    for (auto& item : page->items) {
      all += item.key.ecosystem + "/" + item.key.name + ":";
      if (item.removed_at != 0)
        all += "-" + std::to_string(item.removed_at);
      for (auto& kept : item.versions)
        all += kept.version + "@" + std::to_string(kept.revision) + ",";
      all += " ";
    }
    after = page->next;
    ++pages;
  } while (after);
  EXPECT_EQ(all, "cargo/b:1@1, hex/z:-4 npm/a:1@2,2@3, npm/b:1@5, ");
  EXPECT_EQ(pages, 3);
}

TEST_F(PostgresPackagesTest, ForgetsRemovalsWhenTheyAreOld) {
  put({removed(express, 7), removed({"npm", "young"}, 8)});
  program_("UPDATE larder.removed_packages SET removed_at = now() - interval"
           " '1 hour' WHERE name = 'express'");
  auto forgotten = packages_.sweep(std::chrono::minutes{30});
  ASSERT_TRUE(forgotten);
  EXPECT_EQ(*forgotten, 1u);
  EXPECT_EQ(told(express), "");
  EXPECT_EQ(told({"npm", "young"}), "removed 8");
}

TEST_F(PostgresPackagesTest, BringsNothingBackWhenItForgetsTheRemoval) {
  put({stored(express, "1.0", 5, "a"), stored(express, "2.0", 9, "b")});
  // Neither of the two that came alongside saw the other.
  program_("INSERT INTO larder.removed_packages VALUES"
           " ('npm', 'express', 6, now() - interval '1 hour')");
  ASSERT_TRUE(packages_.sweep(std::chrono::minutes{30}));
  EXPECT_EQ(told(express), "2.0=b@9 ");
}

}  // namespace larder::test
