#include "tests/actors/package_world.hpp"

namespace larder::test {

namespace {

class PackageFeedReconcileTest : public package_world {
 protected:
  package_feed_stats stats(package_node& n) {
    return *request(n.feed, 1s, stats_atom::value);
  }
  /// Neither log nor bucket tells any more what has changed: nodes can only
  /// compare.
  void forget_changes() {
    log_->forget_all();
    bucket_->entries.clear();
  }
  /// `by` stores "two" while `away`, which has "one", is stopped, and then the
  /// log forgets it.
  void miss_a_change(package_node& away, package_node& by) {
    store(by, document("x", "one"));
    run_for(100ms);
    stop(away);
    store(by, document("x", "two"));
    forget_changes();
  }
};

}  // namespace

TEST_F(PackageFeedReconcileTest, ComparesWithTheOtherNodesAfterAGap) {
  auto& a = start("a");
  auto& b = start("b");
  store(a, document("x", "one"));
  store(a, document("z", "to be removed"));
  run_for(100ms);
  stop(b);
  store(a, document("x", "two"));
  store(a, document("y", "new", "2.0.0"));
  store(a, document("y", "old", "1.0.0"));
  ASSERT_TRUE(remove(a, "z"));
  forget_changes();
  auto& again = start("b");
  run_for(3s);
  EXPECT_EQ(stats(again).gaps, 1u);
  EXPECT_EQ(on_disk(again, "x"), "two");
  EXPECT_EQ(on_disk(again, "y"), "new");
  EXPECT_EQ(on_disk(again, "y", "1.0.0"), "old");
  EXPECT_EQ(on_disk(again, "z"), "nothing");
}

TEST_F(PackageFeedReconcileTest, ComparesWithTheNodesWhereTheDatabaseIsDown) {
  auto& a = start("a", true);
  auto& b = start("b", true);
  miss_a_change(b, a);
  database_->down = true;
  auto& again = start("b", true);
  run_for(3s);
  EXPECT_EQ(on_disk(again, "x"), "two");
}

TEST_F(PackageFeedReconcileTest, ComparesWithTheDatabaseToo) {
  auto& a = start("a", true);
  auto& b = start("b", true);
  auto& c = start("c", true);
  store(a, document("x", "one"));
  run_for(100ms);
  stop(b), stop(c);
  store(a, document("x", "two"));
  stop(a);
  forget_changes();
  database_->down = true;
  // The one that knows is away, and the other one knows no more.
  auto& again = start("b", true);
  start("c", true);
  run_for(3s);
  EXPECT_EQ(on_disk(again, "x"), "one");
  // So the place is not kept yet.
  store(again, document("y", "since"));
  run_for(1s);
  EXPECT_EQ(again.shelf->get()->position()->sequence, 1u);
  database_->down = false;
  run_for(3s);
  EXPECT_EQ(on_disk(again, "x"), "two");
  EXPECT_EQ(again.shelf->get()->position()->sequence, log_->last());
}

TEST_F(PackageFeedReconcileTest, ComparesAgainUntilSomebodyAnswers) {
  auto& a = start("a");
  auto& b = start("b", true);
  miss_a_change(b, a);
  database_->down = true;
  a.answers = false;
  auto& again = start("b", true);
  run_for(5s);
  EXPECT_EQ(on_disk(again, "x"), "one");
  a.answers = true;
  a.tells = false;
  run_for(5s);
  EXPECT_EQ(on_disk(again, "x"), "one");
  a.tells = true;
  run_for(3s);
  EXPECT_EQ(on_disk(again, "x"), "two");
}

TEST_F(PackageFeedReconcileTest, PassesOverWhatNoStoreCanKeep) {
  package_key none{"No Ecosystem", "x"};
  database_->rows[none].versions.push_back({{none, "1.0.0", 5, false}, "{}"});
  package_key key{"npm", "x"};
  database_->rows[key].versions = {
      {{key, "", 5, false}, "{}"},
      {{key, "1.0.0", 6, false}, document("x", "one")},
      {{key, "a\nb", 7, false}, "{}"}};
  auto& n = start("a", true);
  run_for(2s);
  EXPECT_EQ(on_disk(n, "x"), "one");
  store(n, document("y", "two"));
  run_for(1s);
  EXPECT_EQ(n.shelf->get()->position()->sequence, log_->last());
}

TEST_F(PackageFeedReconcileTest, ComparesWithANodeThatHasADamagedDocument) {
  auto& a = start("a");
  for (auto name : {"x", "y", "z"})
    store(a, document(name, "one"));
  stop(a);
  damage("a", "y");
  forget_changes();
  start("a");
  auto& b = start("b");
  run_for(2s);
  EXPECT_EQ(on_disk(b, "x"), "one");
  EXPECT_EQ(on_disk(b, "z"), "one");
  store(b, document("w", "two"));
  run_for(1s);
  EXPECT_EQ(b.shelf->get()->position()->sequence, log_->last());
}

TEST_F(PackageFeedReconcileTest, ComparesAllPagesOfAGreatMany) {
  auto& a = start("a");
  std::vector<std::string> many;
  for (int i = 0; i < 700; ++i)
    many.push_back(document("p" + std::to_string(i), "one"));
  ASSERT_TRUE(request(a.packages, 1min, write_atom::value, many, now() + 1min));
  run_for(2s);
  log_->forget_all();
  auto& b = start("b");
  run_for(2s);
  EXPECT_EQ(b.shelf->get()->stats()->ecosystems.at(0).packages, 700u);
}

TEST_F(PackageFeedReconcileTest, NoticesALogThatUsesItsSequencesAgain) {
  auto& a = start("a");
  auto& b = start("b");
  store(a, document("x", "one"));
  run_for(100ms);
  stop(b);
  // The last record never happened, and another one has its place.
  log_->records.clear();
  store(a, document("y", "two"));
  auto& again = start("b");
  run_for(1s);
  EXPECT_EQ(stats(again).gaps, 1u);
  EXPECT_EQ(on_disk(again, "y"), "two");
}

TEST_F(PackageFeedReconcileTest, NoticesALogThatWasMadeAnew) {
  auto& a = start("a");
  auto& b = start("b");
  store(a, document("x", "one"));
  run_for(100ms);
  stop(b);
  // As many records as b knows of, and forgotten as they may be.
  log_->make_anew();
  store(a, document("y", "two"));
  forget_changes();
  auto& again = start("b");
  run_for(1s);
  EXPECT_EQ(stats(again).gaps, 1u);
  EXPECT_EQ(on_disk(again, "y"), "two");
}

TEST_F(PackageFeedReconcileTest,
       MissesNothingOfALogThatForgotWhatItHasApplied) {
  auto& a = start("a");
  auto& b = start("b");
  store(a, document("x", "one"));
  run_for(100ms);
  stop(b);
  log_->forget_all();
  store(a, document("y", "two"));
  auto& again = start("b");
  EXPECT_EQ(stats(again).gaps, 0u);
  EXPECT_EQ(on_disk(again, "y"), "two");
}

}  // namespace larder::test
