#include "actors/package_feed.hpp"

#include "tests/actors/package_world.hpp"

namespace larder::test {

namespace {

class PackageFeedTest : public package_world {
 protected:
  void tell(const package_event& e) {
    log_->append(package_subjects{}.event(e.change), message_id(e.change),
                 to_body(e));
  }
  package_feed_stats stats(package_node& n) {
    return *request(n.feed, 1s, stats_atom::value);
  }
  pending<done_atom> wait_for(package_node& n, package_key about) {
    auto p = ask(n.feed, 1h, flush_atom::value, std::move(about));
    run();
    return p;
  }
  /// All have the record of what `n` has on its disk, and the bucket says
  /// nothing until it is released.
  void hear_slowly(package_node& n, const std::string& name) {
    bucket_->held = true;
    auto kept = n.shelf->get()->store(document(name, "new"));
    ASSERT_TRUE(kept);
    package_event e{{kept->key, kept->version, kept->revision, false}, n.name};
    log_->append(package_subjects{}.event(e.change), message_id(e.change),
                 to_body(e));
    run();
  }
};

}  // namespace

TEST_F(PackageFeedTest, PutsOnDiskWhatTheOtherAccepted) {
  auto& a = start("a");
  auto& b = start("b");
  store(a, document("x", "one"));
  run_for(100ms);
  EXPECT_EQ(on_disk(b, "x"), "one");
  EXPECT_EQ(told(b, "x"), "rocksdb: one");
  store(a, document("x", "two"));
  run_for(100ms);
  EXPECT_EQ(told(b, "x"), "rocksdb: two");
  ASSERT_TRUE(remove(b, "x"));
  run_for(100ms);
  EXPECT_EQ(told(a, "x"), "not_found");
  EXPECT_EQ(on_disk(a, "x"), "nothing");
}

TEST_F(PackageFeedTest, AnswersWhoWaitsForNewsWhenTheyAreInTheStore) {
  auto& a = start("a");
  auto& b = start("b");
  hear_slowly(a, "x");
  EXPECT_EQ(b.backlog->load(), 1u);
  auto about_x = wait_for(b, {"npm", "x"});
  auto about_all = wait_for(b, {});
  EXPECT_TRUE(wait_for(b, {"npm", "y"}).ready());
  EXPECT_FALSE(about_x.ready());
  EXPECT_FALSE(about_all.ready());
  bucket_->release();
  run();
  EXPECT_EQ(on_disk(b, "x"), "new");
  EXPECT_TRUE(about_x.ready() && about_x.get());
  EXPECT_TRUE(about_all.ready() && about_all.get());
  EXPECT_TRUE(wait_for(b, {}).ready());
  EXPECT_EQ(b.backlog->load(), 0u);
  EXPECT_EQ(a.backlog->load(), 0u);
}

TEST_F(PackageFeedTest, LetsNobodyWaitForNewsOfALogThatIsLost) {
  auto& a = start("a");
  auto& b = start("b");
  hear_slowly(a, "x");
  auto waiting = wait_for(b, {"npm", "x"});
  EXPECT_FALSE(waiting.ready());
  log_->lose_readers();
  run();
  EXPECT_TRUE(waiting.ready());
  EXPECT_EQ(b.backlog->load(), 0u);
  bucket_->release();
  run_for(5s);
  EXPECT_EQ(on_disk(b, "x"), "new");
  EXPECT_EQ(b.backlog->load(), 0u);
}

TEST_F(PackageFeedTest, AsksTheNodeThatAcceptedWhatTheBucketHasNot) {
  auto& a = start("a");
  auto& b = start("b");
  store(a, document("x", "new", "2.0.0"));
  store(a, document("x", "old", "1.0.0"));
  bucket_->down = true;
  store(a, document("y", "unshared"));
  run_for(100ms);
  EXPECT_EQ(on_disk(b, "x", "1.0.0"), "old");
  EXPECT_EQ(on_disk(b, "y"), "unshared");
}

TEST_F(PackageFeedTest, TakesFromTheBucketOnlyTheVersionAndRevisionItLooksFor) {
  auto& a = start("a");
  auto& b = start("b");
  store(a, document("x", "one"));
  run_for(100ms);
  stop(b);
  store(a, document("y", "old", "1.0.0"));
  store(a, document("y", "new", "2.0.0"));
  bucket_->down = true;
  store(a, document("x", "two"));
  bucket_->down = false;
  auto& again = start("b");
  EXPECT_EQ(on_disk(again, "x"), "two");
  EXPECT_EQ(on_disk(again, "y", "1.0.0"), "old");
  EXPECT_EQ(on_disk(again, "y"), "new");
}

TEST_F(PackageFeedTest, WaitsForADocumentThatItsOwnNodeDoesNotHaveYet) {
  auto& a = start("a");
  auto& b = start("b");
  auto revision = store(a, document("x", "one"));
  bucket_->entries.clear();
  tell({{{"npm", "x"}, "1.0.0", revision + 1, false}, "a"});
  run_for(2s);
  EXPECT_EQ(stats(b).waiting, 1u);
  ASSERT_TRUE(apply_store(*a.shelf->get(), document("x", "two"), revision + 1));
  run_for(2s);
  EXPECT_EQ(on_disk(b, "x"), "two");
  EXPECT_EQ(stats(b).waiting, 0u);
}

TEST_F(PackageFeedTest, RemovesWhatWasOlderThanALateRemoval) {
  auto& a = start("a");
  auto& b = start("b");
  auto revision = store(a, document("x", "old", "1.0.0"));
  run_for(100ms);
  ASSERT_TRUE(apply_store(*b.shelf->get(), document("x", "since", "2.0.0"),
                          revision + 2));
  tell({{{"npm", "x"}, "", revision + 1, true}, "a"});
  run_for(100ms);
  EXPECT_EQ(on_disk(b, "x", "1.0.0"), "nothing");
  EXPECT_EQ(on_disk(b, "x"), "since");
}

TEST_F(PackageFeedTest, TriesAgainWhatNobodyCouldGiveAndStaysBeforeIt) {
  auto& a = start("a");
  auto& b = start("b");
  store(a, document("w", "before"));
  run_for(100ms);
  auto place = b.shelf->get()->position()->sequence;
  bucket_->down = true;
  a.answers = false;
  store(a, document("x", "hidden"));
  run_for(3s);
  EXPECT_EQ(on_disk(b, "x"), "nothing");
  EXPECT_EQ(stats(b).waiting, 1u);
  // Nor does it when there is more to read.
  store(b, document("y", "since"));
  run_for(1s);
  EXPECT_EQ(b.shelf->get()->position()->sequence, place);
  a.answers = true;
  run_for(3s);
  EXPECT_EQ(on_disk(b, "x"), "hidden");
  EXPECT_EQ(stats(b).waiting, 0u);
  EXPECT_EQ(b.shelf->get()->position()->sequence, log_->last());
}

TEST_F(PackageFeedTest, ForgetsNobodyWhoWaitsBehindManyThatCannotBeHad) {
  auto& a = start("a");
  auto& b = start("b");
  auto& c = start("c");
  bucket_->down = true;
  a.answers = c.answers = false;
  std::vector<std::string> many;
  for (int i = 0; i < 300; ++i)
    many.push_back(document("p" + std::to_string(i), "hidden"));
  ASSERT_TRUE(request(a.packages, 1min, write_atom::value, many, now() + 1min));
  store(c, document("z", "from c"));
  run_for(3s);
  EXPECT_EQ(stats(b).waiting, 301u);
  c.answers = true;
  run_for(5s);
  EXPECT_EQ(on_disk(b, "z"), "from c");
  EXPECT_EQ(stats(b).waiting, 300u);
}

TEST_F(PackageFeedTest, GoesOnWhereItStopped) {
  auto& a = start("a");
  auto& b = start("b");
  store(a, document("x", "one"));
  run_for(100ms);
  stop(b);
  store(a, document("x", "two"));
  store(a, document("y", "three"));
  auto& again = start("b");
  EXPECT_EQ(on_disk(again, "x"), "two");
  EXPECT_EQ(on_disk(again, "y"), "three");
  EXPECT_EQ(stats(again).gaps, 0u);
  // Its own record of before was not read again.
  EXPECT_EQ(stats(again).known + stats(again).applied, 2u);
}

TEST_F(PackageFeedTest, LooksForAllVersionsWhereTheRecordNamesNone) {
  auto& n = start("a", true);
  package_key key{"npm", "x"};
  for (auto version : {"1.0.0", "2.0.0"})
    database_->rows[key].versions.push_back(
        {{key, version, 5, false}, document("x", version, version)});
  log_->append("packages.updated.npm.x", "", "");
  run_for(100ms);
  EXPECT_EQ(on_disk(n, "x", "1.0.0"), "1.0.0");
  EXPECT_EQ(on_disk(n, "x", "2.0.0"), "2.0.0");
}

TEST_F(PackageFeedTest, ReadsAgainWhatItsDiskDidNotTake) {
  auto& a = start("a");
  auto& b = start("b");
  store(a, document("w", "before"));
  run_for(100ms);
  b.writing.down = true;
  store(a, document("x", "one"));
  run_for(3s);
  EXPECT_EQ(on_disk(b, "x"), "nothing");
  EXPECT_EQ(b.shelf->get()->position()->sequence, 1u);
  store(a, document("y", "two"));
  b.writing.down = false;
  run_for(3s);
  EXPECT_EQ(on_disk(b, "x"), "one");
  EXPECT_EQ(on_disk(b, "y"), "two");
  EXPECT_EQ(b.shelf->get()->position()->sequence, log_->last());
}

TEST_F(PackageFeedTest, GoesOnBesideADocumentThatIsDamaged) {
  auto& a = start("a");
  auto& b = start("b");
  store(a, document("x", "one"));
  run_for(100ms);
  stop(b);
  damage("b", "x");
  auto& again = start("b");
  store(a, document("x", "two"));
  store(a, document("y", "three"));
  run_for(2s);
  EXPECT_EQ(on_disk(again, "y"), "three");
  EXPECT_EQ(again.shelf->get()->position()->sequence, log_->last());
  // The others have it, and are asked.
  EXPECT_EQ(told(again, "x"), "jetstream: two");
}

TEST_F(PackageFeedTest, PassesOverRecordsThatAreNone) {
  auto& a = start("a");
  auto& b = start("b");
  log_->append("packages.updated.npm", "", "");
  log_->append("packages.updated.npm.x", "", "nonsense");
  log_->append("packages.updated.npm.x", "",
               R"({"ecosystem":"npm","name":"x",)"
               R"("op":"store","revision":"no"})");
  store(a, document("y", "after"));
  run_for(100ms);
  EXPECT_EQ(on_disk(b, "y"), "after");
  EXPECT_EQ(stats(b).waiting, 0u);
}

TEST_F(PackageFeedTest, TakesAnOlderRecordForWhatItIs) {
  auto& a = start("a");
  auto& b = start("b");
  store(a, document("x", "one"));
  auto late = log_->records.back();
  store(a, document("x", "two"));
  log_->append(late.record.subject, "", late.record.payload);
  run_for(100ms);
  EXPECT_EQ(told(b, "x"), "rocksdb: two");
}

TEST_F(PackageFeedTest, WaitsForADiskThatCannotBeOpened) {
  auto& a = start("a");
  store(a, document("x", "one"));
  closed_ = true;
  auto& b = start("b");
  EXPECT_FALSE(stats(b).reading);
  closed_ = false;
  run_for(4s);
  EXPECT_EQ(on_disk(b, "x"), "one");
}

}  // namespace larder::test
