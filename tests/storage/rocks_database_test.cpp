#include "storage/rocks_database.hpp"

#include "storage/error.hpp"
#include "storage/ordered_key.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/scratch_directory.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>

namespace larder::test {

namespace {

constexpr rocks_family records = 0;
constexpr rocks_family others = 1;

rocks_options small() {
  rocks_options options;
  options.families = {"records", "others"};
  options.block_cache_bytes = 1 << 20;
  options.write_buffer_bytes = 1 << 20;
  options.least_free_bytes = 0;
  options.reserve_bytes = 0;
  return options;
}

/// 2,000 bytes that do not compress.
std::string noise(int seed) {
  std::mt19937 random{static_cast<std::uint32_t>(seed)};
  std::string bytes(2000, 0);
  for (auto& byte : bytes)
    byte = static_cast<char>(random());
  return bytes;
}

class RocksDatabaseTest : public testing::Test {
 protected:
  std::unique_ptr<rocks_database> open(const std::string& path,
                                       rocks_options options = small()) {
    auto db = rocks_database::open(path, std::move(options));
    EXPECT_TRUE(db) << (db ? "" : message_of(db.error()));
    return db ? std::move(*db) : nullptr;
  }

  static caf::expected<void> put(rocks_database& db, const std::string& key,
                                 const std::string& value) {
    rocks_batch batch;
    batch.put(records, key, value);
    return db.write(batch);
  }

  static std::string get(const rocks_database& db, const std::string& key,
                         rocks_family family = records,
                         const rocks_snapshot* at = nullptr) {
    std::string value;
    auto found = db.get(family, key, value, at);
    EXPECT_TRUE(found) << (found ? "" : message_of(found.error()));
    return found && *found ? value : "(none)";
  }

  static std::string keys(const rocks_database& db, const std::string& prefix,
                          const rocks_snapshot* at = nullptr) {
    std::string all;
    EXPECT_TRUE(db.each_prefix(
        records, prefix,
        [&](auto key, auto) {
          all += std::string{key} + " ";
          return true;
        },
        at));
    return all;
  }

  static void expect_refused(const caf::error& error, ec code,
                             const std::vector<std::string>& says) {
    EXPECT_EQ(code_of(error), code);
    for (auto& part : says)
      EXPECT_NE(message_of(error).find(part), std::string::npos)
          << message_of(error) << "\nlacks: " << part;
  }

  scratch_directory directory_;
  std::string path_ = directory_ / "a/store";
};

}  // namespace

TEST_F(RocksDatabaseTest, KeepsWhatWasWrittenAcrossOpenings) {
  {
    auto db = open(path_);
    rocks_batch batch;
    batch.put(records, "a", "1");
    batch.put(others, "a", std::string{"\0two", 4});
    ASSERT_TRUE(db->write(batch));
    batch.clear();
    EXPECT_TRUE(batch.empty());
    batch.put(records, "b", "fast");
    ASSERT_TRUE(db->write(batch, rocks_write::fast));
  }
  auto db = open(path_);
  EXPECT_EQ(get(*db, "a"), "1");
  EXPECT_EQ(get(*db, "a", others), std::string("\0two", 4));
  EXPECT_EQ(get(*db, "b"), "fast");
  EXPECT_EQ(get(*db, "c"), "(none)");
}

TEST_F(RocksDatabaseTest, AppliesABatchInItsOrder) {
  auto db = open(path_);
  rocks_batch batch;
  for (auto* key : {"a", "b", "c", "d"})
    batch.put(records, key, "1");
  batch.erase_range(records, "a", "c");
  batch.put(records, "b", "2");
  batch.erase(records, "d");
  ASSERT_TRUE(db->write(batch));
  EXPECT_EQ(keys(*db, ""), "b c ");
  EXPECT_EQ(get(*db, "b"), "2");
}

TEST_F(RocksDatabaseTest, ReadsManyKeysAtOnce) {
  auto db = open(path_);
  ASSERT_TRUE(put(*db, "a", "1"));
  ASSERT_TRUE(put(*db, "c", "3"));
  const std::vector<std::string> wanted{"c", "b", "a"};
  std::vector<std::string> values;
  auto found = db->multi_get(records, wanted, values);
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, (std::vector<bool>{true, false, true}));
  EXPECT_EQ(values[0], "3");
  EXPECT_EQ(values[2], "1");
}

TEST_F(RocksDatabaseTest, VisitsARangeInOrderUntilToldToStop) {
  auto db = open(path_);
  for (auto* key : {"p", "p1", "p2", "p\xff", "q"})
    ASSERT_TRUE(put(*db, key, key));
  EXPECT_EQ(keys(*db, "p"), "p p1 p2 p\xff ");
  std::string seen;
  ASSERT_TRUE(db->each(records, "p1", "q", [&](auto key, auto value) {
    EXPECT_EQ(key, value);
    seen += key;
    return key != "p2";
  }));
  EXPECT_EQ(seen, "p1p2");
}

TEST_F(RocksDatabaseTest, MovesACursorBothWays) {
  auto db = open(path_);
  for (auto* key : {"a", "b", "d"})
    ASSERT_TRUE(put(*db, key, key));
  auto cursor = db->cursor(records);
  ASSERT_TRUE(cursor.seek("c"));
  EXPECT_EQ(cursor.key(), "d");
  EXPECT_FALSE(cursor.next());
  EXPECT_FALSE(cursor.failed());
  ASSERT_TRUE(cursor.seek_last("b"));
  EXPECT_EQ(cursor.value(), "a");
  ASSERT_TRUE(cursor.seek_last());
  EXPECT_EQ(cursor.key(), "d");
  EXPECT_FALSE(cursor.seek_last("a"));
}

TEST_F(RocksDatabaseTest, ASnapshotSeesNoLaterWrite) {
  auto db = open(path_);
  ASSERT_TRUE(put(*db, "a", "1"));
  auto before = db->snapshot();
  ASSERT_TRUE(put(*db, "a", "2"));
  ASSERT_TRUE(put(*db, "b", "2"));
  EXPECT_EQ(get(*db, "a", records, &before), "1");
  EXPECT_EQ(get(*db, "b", records, &before), "(none)");
  EXPECT_EQ(keys(*db, "", &before), "a ");
  EXPECT_EQ(keys(*db, ""), "a b ");
  auto cursor = db->cursor(records, &before);
  ASSERT_TRUE(cursor.seek(""));
  EXPECT_EQ(cursor.value(), "1");
}

TEST_F(RocksDatabaseTest, RefusesToOpenTwiceInOneProcess) {
  auto first = open(path_);
  auto second = rocks_database::open(path_, small());
  ASSERT_FALSE(second);
  expect_refused(second.error(), ec::unavailable, {path_, "open already"});
  first.reset();
  EXPECT_TRUE(rocks_database::open(path_, small()));
}

TEST_F(RocksDatabaseTest, RefusesToOpenWhatAnotherProcessHolds) {
  int ready[2];
  int leave[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(leave), 0);
  auto child = ::fork();
  if (child == 0) {
    ::close(leave[1]);
    auto db = rocks_database::open(path_, small());
    char byte = db ? 'y' : 'n';
    if (::write(ready[1], &byte, 1) == 1)
      // Until the parent closes its end.
      (void)!::read(leave[0], &byte, 1);
    ::_exit(0);
  }
  ::close(leave[0]);
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ASSERT_EQ(byte, 'y');
  auto db = rocks_database::open(path_, small());
  ASSERT_FALSE(db);
  expect_refused(db.error(), ec::unavailable, {path_, "open already"});
  ::close(leave[1]);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(rocks_database::open(path_, small()));
}

TEST_F(RocksDatabaseTest, OpensNothingWhereThereIsNothing) {
  auto options = small();
  options.create_if_missing = false;
  auto db = rocks_database::open(path_, options);
  ASSERT_FALSE(db);
  expect_refused(db.error(), ec::configuration, {path_, "no store"});
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(RocksDatabaseTest, RefusesFamiliesThatItDoesNotKnow) {
  open(path_);
  auto options = small();
  options.families = {"records"};
  auto db = rocks_database::open(path_, options);
  ASSERT_FALSE(db);
  expect_refused(db.error(), ec::configuration, {path_, "\"others\""});
}

TEST_F(RocksDatabaseTest, AddsFamiliesThatAreNew) {
  auto options = small();
  options.families = {"records"};
  ASSERT_TRUE(put(*open(path_, options), "a", "1"));
  auto db = open(path_);
  EXPECT_EQ(get(*db, "a"), "1");
  EXPECT_EQ(get(*db, "a", others), "(none)");
}

TEST_F(RocksDatabaseTest, CopiesItselfWhileItIsWritten) {
  auto db = open(path_);
  ASSERT_TRUE(put(*db, "a", "1"));
  ASSERT_TRUE(db->checkpoint(directory_ / "copy"));
  ASSERT_TRUE(put(*db, "a", "2"));
  EXPECT_EQ(get(*open(directory_ / "copy"), "a"), "1");
  EXPECT_EQ(get(*db, "a"), "2");
  auto again = db->checkpoint(directory_ / "copy");
  ASSERT_FALSE(again);
  expect_refused(again.error(), ec::internal, {directory_ / "copy"});
}

TEST_F(RocksDatabaseTest, FindsADamagedFile) {
  {
    auto db = open(path_);
    rocks_batch batch;
    for (int i = 0; i < 20; ++i)
      batch.put(records, std::to_string(i), noise(i));
    ASSERT_TRUE(db->write(batch));
    ASSERT_TRUE(db->flush());
    ASSERT_TRUE(db->verify());
  }
  for (auto& file : std::filesystem::directory_iterator{path_})
    if (file.path().extension() == ".sst" && file.file_size() > 3000) {
      std::fstream out{file.path(),
                       std::ios::in | std::ios::out | std::ios::binary};
      out.seekp(1000);
      out.write("damage", 6);
    }
  auto db = open(path_);
  auto verified = db->verify();
  ASSERT_FALSE(verified);
  expect_refused(verified.error(), ec::internal, {path_, "damaged"});
}

TEST_F(RocksDatabaseTest, TellsItsSize) {
  auto db = open(path_);
  rocks_batch batch;
  for (int i = 0; i < 100; ++i)
    batch.put(records, std::to_string(i), noise(i));
  ASSERT_TRUE(db->write(batch));
  EXPECT_GE(db->sizes(records).memory_bytes, 200'000u);
  ASSERT_TRUE(db->flush());
  EXPECT_GT(db->sizes(records).disk_bytes, 0u);
  EXPECT_EQ(db->sizes(records).keys, 100u);
  EXPECT_EQ(db->sizes(others).keys, 0u);
  EXPECT_GT(db->approximate_bytes(records, "", "a"), 0u);
  ASSERT_TRUE(db->compact());
  EXPECT_EQ(keys(*db, "99"), "99 ");
}

TEST_F(RocksDatabaseTest, RefusesToOpenWithoutSpace) {
  auto options = small();
  options.least_free_bytes = std::uint64_t{1} << 60;
  auto db = rocks_database::open(path_, options);
  ASSERT_FALSE(db);
  expect_refused(db.error(), ec::unavailable,
                 {path_, "no space", std::to_string(std::uint64_t{1} << 60)});
  EXPECT_FALSE(std::filesystem::exists(path_));
}

namespace {

/// Writes the rest of the disk full, but for `left` bytes.
void fill(const small_disk& disk, std::uintmax_t left) {
  std::ofstream out{disk / "filler", std::ios::binary};
  const std::string block(64 << 10, 'x');
  while (out && std::filesystem::space(disk.path()).available > left)
    out.write(block.data(), static_cast<std::streamsize>(block.size())).flush();
}

}  // namespace

TEST_F(RocksDatabaseTest, KeepsAReserveOfSpaceAndGoesOnWhenItIsThereAgain) {
  small_disk disk{32 << 20};
  if (!disk.mounted())
    GTEST_SKIP() << "may not mount a file system here";
  auto options = small();
  options.reserve_bytes = 4 << 20;
  auto db = open(disk / "store", options);
  ASSERT_TRUE(put(*db, "a", "1"));
  fill(disk, 2 << 20);
  auto refused = put(*db, "a", "2");
  ASSERT_FALSE(refused);
  expect_refused(refused.error(), ec::unavailable,
                 {"no space", disk.path(), std::to_string(4 << 20)});
  EXPECT_EQ(get(*db, "a"), "1");
  std::filesystem::remove(disk / "filler");
  EXPECT_TRUE(put(*db, "a", "3"));
  EXPECT_EQ(get(*db, "a"), "3");
}

TEST_F(RocksDatabaseTest, RecoversFromADiskThatFilledUp) {
  small_disk disk{32 << 20};
  if (!disk.mounted())
    GTEST_SKIP() << "may not mount a file system here";
  auto db = open(disk / "store");
  ASSERT_TRUE(put(*db, "a", "1"));
  fill(disk, 1 << 20);
  // Other programs write too: the reserve is no promise.
  caf::expected<void> last = caf::unit;
  int written = 0;
  for (; last && written < 4000; ++written)
    last = put(*db, "b" + std::to_string(written), noise(written));
  ASSERT_FALSE(last);
  expect_refused(last.error(), ec::unavailable, {"no space", disk.path()});
  EXPECT_EQ(get(*db, "a"), "1");
  EXPECT_EQ(get(*db, "b0"), noise(0));
  std::filesystem::remove(disk / "filler");
  EXPECT_TRUE(eventually([&] { return bool{put(*db, "a", "2")}; }, 20s));
  db.reset();
  db = open(disk / "store");
  EXPECT_EQ(get(*db, "a"), "2");
  for (int i = 0; i < written - 1; ++i)
    ASSERT_EQ(get(*db, "b" + std::to_string(i)), noise(i));
}

TEST(OrderedKeyTest, NumbersSortAsBytes) {
  std::string small_one;
  std::string large;
  ordered_key::append_u32(small_one, 255);
  ordered_key::append_u32(large, 256);
  EXPECT_LT(small_one, large);
  ordered_key::append_u64(small_one, 7);
  std::string_view rest{small_one};
  std::uint32_t first = 0;
  std::uint64_t second = 0;
  ASSERT_TRUE(ordered_key::take(rest, first));
  ASSERT_TRUE(ordered_key::take(rest, second));
  EXPECT_EQ(first, 255u);
  EXPECT_EQ(second, 7u);
  EXPECT_FALSE(ordered_key::take(rest, first));
}

TEST(OrderedKeyTest, APrefixEndsWhereNoKeyBeginsWithIt) {
  EXPECT_EQ(ordered_key::end_of_prefix("ab"), "ac");
  EXPECT_EQ(ordered_key::end_of_prefix("a\xff\xff"), "b");
  EXPECT_EQ(ordered_key::end_of_prefix("\xff"), "");
}

}  // namespace larder::test
