#include "actors/packages.hpp"

#include "tests/actors/package_world.hpp"

namespace larder::test {

namespace {

using PackagesTest = package_world;

}  // namespace

TEST_F(PackagesTest, AnswersFromDiskOnceAndFromMemoryThen) {
  auto& n = start("a");
  store(n, document("x", "one"));
  EXPECT_EQ(told(n, "x"), "rocksdb: one");
  EXPECT_EQ(told(n, "x"), "memory: one");
  store(n, document("x", "two"));
  EXPECT_EQ(told(n, "x"), "rocksdb: two");
}

TEST_F(PackagesTest, AnswersAVersionFromMemoryOnlyIfItIsTheOneThere) {
  auto& n = start("a");
  store(n, document("x", "old", "1.0.0"));
  store(n, document("x", "new", "2.0.0"));
  EXPECT_EQ(told(n, "x"), "rocksdb: new");
  auto q = read_of("x");
  q.version = "2.0.0";
  EXPECT_EQ(request(n.packages, 1s, get_atom::value, q)->tier, tier::memory);
  q.version = "1.0.0";
  EXPECT_EQ(request(n.packages, 1s, get_atom::value, q)->tier, tier::rocksdb);
}

TEST_F(PackagesTest, AsksTheTiersBelowOnceForConcurrentCallers) {
  auto& n = start("a");
  bucket_->gets = 0;
  auto one = ask(n.packages, 1s, get_atom::value, read_of("x"));
  auto two = ask(n.packages, 1s, get_atom::value, read_of("x"));
  EXPECT_EQ(failure(await(one)), ec::not_found);
  EXPECT_EQ(failure(await(two)), ec::not_found);
  EXPECT_EQ(bucket_->gets, 1u);
}

// The lookup reads before the write, and its answer comes after it: as when its
// thread is stopped in between.
TEST_F(PackagesTest, DoesNotKeepInMemoryWhatChangedDuringTheLookup) {
  auto& n = start("a");
  package_store_options options;
  options.directory = directory_ / "before";
  auto before = package_store::open(options);
  ASSERT_TRUE(before && (*before)->store(document("x", "old")));
  n.reading.held = true;
  auto slow = ask(n.packages, 1min, get_atom::value, read_of("x"));
  run();
  ASSERT_EQ(n.reading.waiting.size(), 1u);
  auto read = n.reading.waiting.front();
  n.reading.held = false;
  store(n, document("x", "new"));
  read.run(before->get(), {}, now());
  ASSERT_TRUE(await(slow));
  EXPECT_EQ(told(n, "x"), "rocksdb: new");
}

TEST_F(PackagesTest, AnswersNoOneWithWhatWasReadBeforeHisOwnWrite) {
  auto& n = start("a");
  store(n, document("x", "old"));
  bucket_->held = true;
  auto q = read_of("x");
  q.version = "2.0.0";
  auto early = ask(n.packages, 1s, get_atom::value, q);
  run();
  ASSERT_FALSE(early.ready());
  store(n, document("x", "new", "2.0.0"));
  EXPECT_EQ(request(n.packages, 1s, get_atom::value, q)->tier, tier::rocksdb);
  bucket_->entries.clear();
  bucket_->release();
  EXPECT_EQ(failure(await(early)), ec::not_found);
}

TEST_F(PackagesTest, TakesFromTheBucketWhatIsNotOnDisk) {
  auto& n = start("a");
  version_info info{7, 0, package_epoch()};
  key k{"npm", "x"};
  bucket_->entries[k] = {artifact::make(k, document("x", "shared"), info), info,
                         0, 1};
  EXPECT_EQ(told(n, "x"), "jetstream: shared");
  EXPECT_EQ(on_disk(n, "x"), "shared");
  EXPECT_EQ(told(n, "x"), "memory: shared");
}

TEST_F(PackagesTest,
       TakesNothingFromTheBucketThatOthersWroteOrThatIsAnotherPackage) {
  auto& n = start("a");
  key k{"npm", "x"};
  bucket_->entries[k] = {
      artifact::make(k, document("x", "foreign"), {}), {}, 0, 1};
  EXPECT_EQ(told(n, "x"), "not_found");
  version_info elsewhere{7, 0, epoch{"elsewhere"}};
  bucket_->entries[k] = {artifact::make(k, document("x", "foreign"), elsewhere),
                         elsewhere, 0, 1};
  EXPECT_EQ(told(n, "x"), "not_found");
  version_info info{7, 0, package_epoch()};
  bucket_->entries[k] = {artifact::make(k, document("y", "other"), info), info,
                         0, 2};
  EXPECT_EQ(told(n, "x"), "not_found");
  bucket_->entries[k] = {artifact::make(k, "[1", info), info, 0, 3};
  EXPECT_EQ(told(n, "x"), "not_found");
}

TEST_F(PackagesTest, DoesNotBringBackWhatWasRemovedFromATierBelow) {
  auto& n = start("a", true);
  auto revision = store(n, document("x", "gone"));
  auto entry = bucket_->entries[{"npm", "x"}];
  auto row = database_->rows[{"npm", "x"}];
  ASSERT_TRUE(remove(n, "x"));
  bucket_->entries[{"npm", "x"}] = entry;
  database_->rows[{"npm", "x"}] = row;
  ASSERT_EQ(row.versions.front().change.revision, revision);
  EXPECT_EQ(told(n, "x"), "not_found");
  EXPECT_EQ(on_disk(n, "x"), "nothing");
}

TEST_F(PackagesTest, TakesNothingFromTheDatabaseThatTheBucketSaysIsRemoved) {
  auto& n = start("a", true);
  package_key key{"npm", "x"};
  database_->rows[key].versions.push_back(
      {{key, "1.0.0", 5, false}, document("x", "there")});
  version_info info{6, 0, package_epoch()};
  bucket_->entries[{"npm", "x"}] = {nullptr, info, 0, 1};
  EXPECT_EQ(told(n, "x"), "not_found");
}

TEST_F(PackagesTest, AnswersThePreferredVersionThatTheDatabaseHas) {
  auto& n = start("a", true);
  package_key key{"npm", "x"};
  for (auto version : {"1.9.0", "1.10.0", "2.0.0-rc.1"})
    database_->rows[key].versions.push_back(
        {{key, version, 5, false}, document("x", version, version)});
  EXPECT_EQ(told(n, "x"), "postgres: 1.10.0");
  EXPECT_EQ(on_disk(n, "x", "1.9.0"), "1.9.0");
}

TEST_F(PackagesTest, AnswersTheVersionThatWasStoredAfterTheRemoval) {
  auto& n = start("a", true);
  store(n, document("x", "gone", "2.0.0"));
  auto gone = remove(n, "x");
  ASSERT_TRUE(gone);
  bucket_->entries.clear();
  // The database has not heard of the removal, but of what came after it.
  package_key key{"npm", "x"};
  auto at = gone->revision;
  database_->rows[key] = {
      0,
      {{{key, "2.0.0", at - 1, false}, document("x", "gone", "2.0.0")},
       {{key, "1.0.0", at + 1, false}, document("x", "since", "1.0.0")}}};
  EXPECT_EQ(told(n, "x"), "postgres: since");
  EXPECT_EQ(on_disk(n, "x"), "since");
  EXPECT_EQ(on_disk(n, "x", "2.0.0"), "nothing");
}

TEST_F(PackagesTest, AnswersNoRowOfTheDatabaseThatIsNoDocumentOfThePackage) {
  auto& n = start("a", true);
  package_key key{"npm", "x"};
  auto& rows = database_->rows[key].versions;
  rows.push_back({{key, "9.0.0", 5, false}, "{"});
  rows.push_back({{key, "8.0.0", 5, false}, document("y", "other", "8.0.0")});
  rows.push_back({{key, "7.0.0", 5, false}, document("x", "other", "6.0.0")});
  EXPECT_EQ(told(n, "x"), "not_found");
  rows.push_back({{key, "1.0.0", 5, false}, document("x", "good")});
  EXPECT_EQ(told(n, "x"), "postgres: good");
  EXPECT_EQ(told(n, "x"), "memory: good");
}

// A row that is not the best was looked at first.
TEST_F(PackagesTest, KeepsInMemoryWhatItAnsweredBesideADamagedRow) {
  auto& n = start("a", true);
  package_key key{"npm", "x"};
  auto& rows = database_->rows[key].versions;
  rows.push_back({{key, "0.9.0", 5, false}, "{"});
  rows.push_back({{key, "1.0.0", 5, false}, document("x", "good")});
  EXPECT_EQ(told(n, "x"), "postgres: good");
  EXPECT_EQ(told(n, "x"), "memory: good");
}

TEST_F(PackagesTest, BelievesNoRowOfTheDatabaseFromTheFarFuture) {
  auto& n = start("a", true);
  package_key key{"npm", "x"};
  auto& rows = database_->rows[key].versions;
  rows.push_back({{key, "9.0.0", INT64_MAX, false},
                  document("x", "from the future", "9.0.0")});
  EXPECT_EQ(told(n, "x"), "not_found");
  rows.push_back({{key, "1.0.0", 5, false}, document("x", "good")});
  EXPECT_EQ(told(n, "x"), "postgres: good");
}

TEST_F(PackagesTest, SaysUnavailableRatherThanNotFoundWhereATierIsDown) {
  auto& n = start("a", true);
  bucket_->down = true;
  EXPECT_EQ(told(n, "x"), "unavailable");
  run_for(1s);
  bucket_->down = false;
  run_for(1s);
  EXPECT_EQ(told(n, "x"), "not_found");
  database_->down = true;
  EXPECT_EQ(told(n, "x"), "unavailable");
}

TEST_F(PackagesTest, AnswersFromTheTiersBelowWithoutItsDiskAndTriesItAgain) {
  closed_ = true;
  auto& n = start("a", true);
  package_key key{"npm", "x"};
  database_->rows[key].versions.push_back(
      {{key, "1.0.0", 5, false}, document("x", "there")});
  EXPECT_EQ(told(n, "x"), "postgres: there");
  EXPECT_EQ(told(n, "x"), "postgres: there");
  auto missing = get(n, "y");
  EXPECT_EQ(failure(missing), ec::unavailable);
  EXPECT_NE(message_of(missing.error()).find("rocksdb"), std::string::npos);
  EXPECT_EQ(store(n, document("y", "refused")), -1);
  closed_ = false;
  run_for(2s);
  EXPECT_GT(store(n, document("y", "taken")), 0);
}

TEST_F(PackagesTest, GoesOnReadingWhenItsDiskIsFull) {
  auto& before = start("a");
  store(before, document("x", "kept"));
  stop(before);
  reserve_ = 1ull << 60;
  auto& n = start("a");
  EXPECT_EQ(told(n, "x"), "rocksdb: kept");
  EXPECT_EQ(store(n, document("y", "refused")), -1);
  EXPECT_EQ(failure(remove(n, "x")), ec::unavailable);
  EXPECT_EQ(told(n, "x"), "memory: kept");
  version_info info{7, 0, package_epoch()};
  key k{"npm", "z"};
  bucket_->entries[k] = {artifact::make(k, document("z", "shared"), info), info,
                         0, 99};
  EXPECT_EQ(told(n, "z"), "jetstream: shared");
}

TEST_F(PackagesTest, AnswersNothingOlderThanTheRevisionAskedFor) {
  auto& n = start("a");
  auto revision = store(n, document("x", "one"));
  auto q = read_of("x");
  q.min_revision = revision + 1;
  EXPECT_EQ(failure(request(n.packages, 1s, get_atom::value, q)),
            ec::unavailable);
  version_info info{revision + 1, 0, package_epoch()};
  key k{"npm", "x"};
  bucket_->entries[k] = {artifact::make(k, document("x", "two"), info), info, 0,
                         9};
  EXPECT_EQ(request(n.packages, 1s, get_atom::value, q)->tier, tier::jetstream);
}

TEST_F(PackagesTest, RemovesNothingThatNoTierHas) {
  auto& n = start("a");
  EXPECT_EQ(failure(remove(n, "x")), ec::not_found);
  EXPECT_TRUE(log_->records.empty());
}

}  // namespace larder::test
