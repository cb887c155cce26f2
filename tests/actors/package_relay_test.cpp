#include "actors/package_relay.hpp"

#include "tests/actors/package_world.hpp"

namespace larder::test {

namespace {

class PackageRelayTest : public package_world {
 protected:
  bool pending(package_node& n) {
    return !n.shelf->get()->pending_changes(10)->empty();
  }
  package_relay_stats stats(package_node& n) {
    return *request(n.relay, 1s, stats_atom::value);
  }
  auto begin_store(package_node& n, const std::string& text) {
    return ask(n.packages, 1min, write_atom::value,
               std::vector<std::string>{text}, now() + 1min);
  }
  bool store_thousand(package_node& n) {
    std::vector<std::string> documents;
    for (int i = 0; i < 1'000; ++i)
      documents.push_back(document("p" + std::to_string(i), "one"));
    auto stored =
        request(n.packages, 1min, write_atom::value, documents, now() + 1min);
    return static_cast<bool>(stored);
  }
};

}  // namespace

TEST_F(PackageRelayTest, WritesDatabaseAndBucketBeforeTheLog) {
  auto& n = start("a", true);
  std::string seen;
  log_->readers.emplace_back(
      this, change_log::reader{[&](log_record) {
                                 seen = bucket_->entries[{"npm", "x"}].value
                                                && !database_->rows.empty()
                                            ? "all there"
                                            : "too early";
                               },
                               [](caf::error) {}});
  auto revision = store(n, document("x", "one"));
  EXPECT_EQ(seen, "all there");
  ASSERT_EQ(log_->records.size(), 1u);
  auto e = parse_event({}, log_->records[0].record.subject,
                       log_->records[0].record.payload);
  ASSERT_TRUE(e);
  EXPECT_EQ(e->change.revision, revision);
  EXPECT_EQ(e->node, "a");
  EXPECT_EQ(log_->records[0].message_id, message_id(e->change));
  run_for(1s);
  EXPECT_FALSE(pending(n));
}

TEST_F(PackageRelayTest, TellsTheOthersBeforeTheWriterIsAnswered) {
  auto& n = start("a");
  log_->held = true;
  auto write = begin_store(n, document("x", "one"));
  run_for(400ms);
  EXPECT_FALSE(write.ready());
  log_->release();
  run();
  ASSERT_TRUE(write.ready());
  auto gone = ask(n.packages, 1min, remove_atom::value, package_key{"npm", "x"},
                  now() + 1min);
  log_->held = true;
  run_for(400ms);
  EXPECT_FALSE(gone.ready());
  log_->release();
  run();
  EXPECT_TRUE(gone.ready());
}

TEST_F(PackageRelayTest, TellsAtOnceWhatWasAcceptedWhileItWasTelling) {
  auto& n = start("a");
  log_->held = true;
  std::vector<test::pending<std::vector<package_outcome>>> writes;
  for (auto name : {"x", "y"}) {
    writes.push_back(begin_store(n, document(name, "one")));
    run();
  }
  log_->release();
  run();
  EXPECT_TRUE(writes[0].ready());
  EXPECT_TRUE(writes[1].ready());
  EXPECT_EQ(log_->records.size(), 2u);
}

TEST_F(PackageRelayTest, LetsNoWriterWaitLongerThanHalfASecond) {
  auto& n = start("a");
  log_->held = true;
  auto write = begin_store(n, document("x", "one"));
  run_for(550ms);
  ASSERT_TRUE(write.ready());
  EXPECT_FALSE(write.get()->front().failure);
  EXPECT_TRUE(pending(n));
  log_->release();
  run_for(2s);
  EXPECT_FALSE(pending(n));
}

TEST_F(PackageRelayTest, TellsOfARemovalWithAMarkInTheBucket) {
  auto& n = start("a", true);
  store(n, document("x", "one"));
  auto gone = remove(n, "x");
  ASSERT_TRUE(gone);
  auto& entry = bucket_->entries[{"npm", "x"}];
  EXPECT_FALSE(entry.value);
  EXPECT_EQ(entry.info.revision, gone->revision);
  EXPECT_EQ((database_->rows[{"npm", "x"}].removed_at), gone->revision);
}

TEST_F(PackageRelayTest, LeavesTheNewestReleaseInTheBucket) {
  auto& n = start("a");
  store(n, document("x", "new", "2.0.0"));
  store(n, document("x", "old", "1.0.0"));
  auto p = parse_package(bucket_->entries[{"npm", "x"}].value->content());
  EXPECT_EQ(p->version, "2.0.0");
  EXPECT_EQ(log_->records.size(), 2u);
}

TEST_F(PackageRelayTest, TellsLaterWhatTheLogDidNotTake) {
  auto& n = start("a");
  log_->down = true;
  EXPECT_GT(store(n, document("x", "one")), 0);
  EXPECT_TRUE(pending(n));
  EXPECT_FALSE(stats(n).log_reachable);
  log_->down = false;
  run_for(2s);
  EXPECT_EQ(log_->records.size(), 1u);
  EXPECT_FALSE(pending(n));
}

TEST_F(PackageRelayTest, TellsAfterARestartWhatWasAcceptedBefore) {
  auto& before = start("a");
  log_->down = true;
  store(before, document("x", "one"));
  stop(before);
  log_->down = false;
  start("a");
  run_for(2s);
  EXPECT_EQ(log_->records.size(), 1u);
}

TEST_F(PackageRelayTest, TellsTheNodesWithoutTheDatabaseAndTheDatabaseLater) {
  auto& n = start("a", true);
  database_->down = true;
  store(n, document("x", "one"));
  run_for(5s);
  EXPECT_EQ(log_->records.size(), 1u);
  EXPECT_EQ(stats(n).waiting, 1u);
  store(n, document("y", "two"));
  EXPECT_EQ(log_->records.size(), 2u);
  database_->down = false;
  run_for(2s);
  EXPECT_EQ(database_->rows.size(), 2u);
  EXPECT_EQ(stats(n).waiting, 0u);
  EXPECT_FALSE(pending(n));
  // Once more, for who has looked into the database meanwhile.
  EXPECT_EQ(log_->records.size(), 4u);
}

// It took a batch a second, as often as the relay was woken.
TEST_F(PackageRelayTest, TellsTheDatabaseInOneGoAllThatItMissed) {
  auto& n = start("a", true);
  database_->down = true;
  ASSERT_TRUE(store_thousand(n));
  run_for(10s);
  ASSERT_EQ(stats(n).waiting, 1'000u);
  database_->down = false;
  run_for(1s);
  EXPECT_EQ(database_->rows.size(), 1'000u);
  EXPECT_EQ(stats(n).waiting, 0u);
  EXPECT_FALSE(pending(n));
}

TEST_F(PackageRelayTest, CountsAsUntoldToTheDatabaseWhatIsStillThere) {
  auto& n = start("a", true);
  database_->down = true;
  for (auto description : {"one", "two", "three"})
    store(n, document("x", description));
  store(n, document("y", "one"));
  remove(n, "y");
  run_for(2s);
  // The last document, and the removal.
  EXPECT_EQ(stats(n).waiting, 2u);
  database_->down = false;
  run_for(2s);
  EXPECT_EQ(stats(n).waiting, 0u);
  EXPECT_FALSE(pending(n));
}

TEST_F(PackageRelayTest, TellsWhatStandsBesideADamagedDocument) {
  auto& before = start("a");
  log_->down = true;
  for (auto name : {"x", "y", "z"})
    store(before, document(name, "one"));
  stop(before);
  damage("a", "y");
  log_->down = false;
  auto& n = start("a");
  run_for(2s);
  EXPECT_EQ(log_->records.size(), 2u);
  // It is told when it can be read again.
  auto waiting = n.shelf->get()->pending_changes(10);
  ASSERT_TRUE(waiting);
  ASSERT_EQ(waiting->size(), 1u);
  EXPECT_EQ(waiting->front().key.name, "y");
}

TEST_F(PackageRelayTest, GoesOnWithoutTheBucket) {
  auto& n = start("a");
  bucket_->down = true;
  store(n, document("x", "one"));
  run_for(2s);
  EXPECT_EQ(log_->records.size(), 1u);
  EXPECT_FALSE(pending(n));
}

TEST_F(PackageRelayTest, TellsAllOfALargeImport) {
  auto& n = start("a");
  ASSERT_TRUE(store_thousand(n));
  run_for(2s);
  EXPECT_EQ(log_->records.size(), 1'000u);
  EXPECT_FALSE(pending(n));
}

}  // namespace larder::test
