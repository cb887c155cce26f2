// Who wins: writes of several nodes, in any order, once or twice.
#include "storage/package_batch.hpp"

#include "tests/storage/package_store_fixture.hpp"

#include <algorithm>
#include <numeric>
#include <optional>

using namespace larder;

namespace {

struct PackageBatchTest : package_store_fixture {
  bool applied(const caf::expected<package_written>& written) {
    EXPECT_TRUE(written) << message_of(written.error());
    return written && written->applied;
  }

  /// All of the package that a reader can see, but for its name.
  std::string state(const std::string& name) {
    std::string seen;
    for (auto* version : {"", "1.0.0", "2.0.0"}) {
      auto found = store->get("npm", name, version);
      EXPECT_TRUE(found) << message_of(found.error());
      seen += std::to_string(found->revision) + " " + found->version + " ";
      if (found->document)
        seen += parse_package(*found->document)->description;
      seen += ", ";
    }
    return seen + std::to_string(store->versions("npm", name)->size());
  }
};

/// A put of a version or (without one) a removal, by another node.
struct change {
  std::int64_t revision;
  std::string version;
  std::string text;
};

std::string json(const change& c, const std::string& name = "x") {
  return to_json(make_package("npm", name, c.version, c.text));
}

}  // namespace

TEST_F(PackageBatchTest, ADocumentIsReplacedByNewerOnesOnly) {
  EXPECT_TRUE(applied(apply_store(*store, json({20, "1.0.0", "b"}), 20)));
  EXPECT_FALSE(applied(apply_store(*store, json({10, "1.0.0", "a"}), 10)));
  EXPECT_FALSE(applied(apply_store(*store, json({20, "1.0.0", "b"}), 20)));
  EXPECT_EQ(document("npm", "x"), json({20, "1.0.0", "b"}));
  EXPECT_TRUE(applied(apply_store(*store, json({30, "1.0.0", "c"}), 30)));
  EXPECT_EQ(store->get("npm", "x")->revision, 30);
}

TEST_F(PackageBatchTest, OfEqualRevisionsTheGreaterBytesWinEverywhere) {
  EXPECT_TRUE(applied(apply_store(*store, json({20, "1.0.0", "b"}), 20)));
  EXPECT_FALSE(applied(apply_store(*store, json({20, "1.0.0", "a"}), 20)));
  EXPECT_TRUE(applied(apply_store(*store, json({20, "1.0.0", "c"}), 20)));
  EXPECT_EQ(document("npm", "x"), json({20, "1.0.0", "c"}));
}

TEST_F(PackageBatchTest, ARemovalBeatsOlderPutsThatComeAfterIt) {
  EXPECT_TRUE(applied(apply_remove(*store, "npm", "x", 50)));
  EXPECT_FALSE(applied(apply_store(*store, json({40, "1.0.0", "a"}), 40)));
  EXPECT_FALSE(applied(apply_store(*store, json({50, "2.0.0", "a"}), 50)));
  EXPECT_TRUE(applied(apply_store(*store, json({60, "1.0.0", "a"}), 60)));
  // Also after the package is there again.
  EXPECT_FALSE(applied(apply_store(*store, json({45, "2.0.0", "b"}), 45)));
  EXPECT_FALSE(applied(apply_remove(*store, "npm", "x", 50)));
  EXPECT_EQ(store->versions("npm", "x")->size(), 1u);
  expect_clean();
}

TEST_F(PackageBatchTest, ARemovalLeavesWhatWasWrittenAfterIt) {
  apply_store(*store, json({40, "2.0.0", "old"}), 40).value();
  apply_store(*store, json({60, "1.0.0", "new"}), 60).value();
  EXPECT_TRUE(applied(apply_remove(*store, "npm", "x", 50)));
  EXPECT_EQ(document("npm", "x"), json({60, "1.0.0", "new"}));
  EXPECT_EQ(document("npm", "x", "2.0.0"), "");
  expect_clean();
}

// All orders of five writes of three nodes, some of them twice: every one ends
// in the same state, and the store is sound after each.
TEST_F(PackageBatchTest, EveryOrderOfArrivalEndsInTheSame) {
  const std::vector<change> changes{{10, "1.0.0", "a"},
                                    {20, "2.0.0", "b"},
                                    {30, "", ""},
                                    {40, "1.0.0", "c"},
                                    {40, "1.0.0", "d"}};
  std::vector<std::size_t> order(changes.size());
  std::iota(order.begin(), order.end(), 0);
  std::optional<std::string> expected;
  std::string name;
  do {
    name += 'x';
    auto apply = [&](const change& c) {
      auto done = c.version.empty()
                      ? apply_remove(*store, "npm", name, c.revision)
                      : apply_store(*store, json(c, name), c.revision);
      ASSERT_TRUE(done) << message_of(done.error());
    };
    for (auto i : order)
      apply(changes[i]);
    apply(changes[order[1]]);
    auto now_is = state(name);
    if (!expected)
      expected = now_is;
    ASSERT_EQ(now_is, *expected);
  } while (std::next_permutation(order.begin(), order.end()));
  expect_clean();
  EXPECT_EQ(name.size(), 120u);
  EXPECT_EQ(*expected, "40 1.0.0 d, 40 1.0.0 d, 30  , 1");
}

TEST_F(PackageBatchTest, ASlowFillDoesNotBringARemovedPackageBack) {
  put(make_package("npm", "x"));
  auto seen = store->get("npm", "x")->revision;
  ASSERT_TRUE(store->remove("npm", "x"));
  auto filled = store->fill(json({0, "1.0.0", "slow"}), seen);
  EXPECT_FALSE(applied(filled));
  EXPECT_EQ(document("npm", "x"), "");
  // One that began after the removal may.
  seen = store->get("npm", "x")->revision;
  EXPECT_TRUE(applied(store->fill(json({0, "1.0.0", "new"}), seen)));
  EXPECT_EQ(document("npm", "x"), json({0, "1.0.0", "new"}));
  // As may one that another fill overtook: no removal came between.
  EXPECT_TRUE(applied(store->fill(json({0, "1.0.0", "third"}), seen)));
  expect_clean();
}

TEST_F(PackageBatchTest, WritesAcceptedHereArePendingUntilPublished) {
  auto a = put(make_package("npm", "a", "1.0.0"));
  put(make_package("npm", "b", "1.0.0"));
  ASSERT_TRUE(apply_store(*store, json({now + 5, "1.0.0", "r"}), now + 5));
  auto pending = store->pending_changes(10);
  ASSERT_TRUE(pending);
  ASSERT_EQ(pending->size(), 2u);
  EXPECT_EQ((*pending)[0].key.name, "a");
  EXPECT_EQ((*pending)[0].version, "1.0.0");
  EXPECT_EQ((*pending)[0].revision, a.revision);
  EXPECT_FALSE((*pending)[0].removed);
  EXPECT_EQ(store->pending_changes(1)->size(), 1u);

  // Written again before it is marked: it stays.
  put(make_package("npm", "a", "1.0.0", "again"));
  ASSERT_TRUE(store->mark_published(*pending));
  open();
  pending = store->pending_changes(10);
  ASSERT_EQ(pending->size(), 1u);
  EXPECT_EQ((*pending)[0].key.name, "a");

  // A removal takes the place of the puts that it undoes.
  auto removed = store->remove("npm", "a");
  pending = store->pending_changes(10);
  ASSERT_EQ(pending->size(), 1u);
  EXPECT_TRUE((*pending)[0].removed);
  EXPECT_EQ((*pending)[0].revision, removed->revision);
  ASSERT_TRUE(store->mark_published(*pending));
  EXPECT_TRUE(store->pending_changes(10)->empty());
}

TEST_F(PackageBatchTest, TellsTheOtherNodesOfARemovalOfWhatIsNotHere) {
  auto removed = store->remove("npm", "x");
  ASSERT_TRUE(removed);
  EXPECT_FALSE(removed->existed);
  ASSERT_EQ(store->pending_changes(10)->size(), 1u);
  EXPECT_FALSE(applied(apply_store(*store, json({1, "1.0.0", "a"}), 1)));
}

TEST_F(PackageBatchTest, KeepsThePositionWithTheWrite) {
  EXPECT_EQ(*store->position(), package_log_position{});
  package_log_position at{7, "m7"};
  ASSERT_TRUE(apply_store(*store, json({20, "1.0.0", "a"}), 20, at));
  EXPECT_EQ(*store->position(), at);
  // One that changes nothing moves it too.
  at = {8, "m8"};
  ASSERT_TRUE(apply_store(*store, json({10, "1.0.0", "a"}), 10, at));
  EXPECT_EQ(*store->position(), at);
  at = {9, "m9"};
  ASSERT_TRUE(apply_remove(*store, "npm", "x", 30, at));
  EXPECT_EQ(*store->position(), at);
  ASSERT_TRUE(store->set_position({3, "m3"}));
  open();
  EXPECT_EQ(store->position()->sequence, 3u);
}

TEST_F(PackageBatchTest, AppliesManyWithOnePosition) {
  std::vector<package_update> updates{
      {{{"npm", "x"}, "1.0.0", 20, false}, json({20, "1.0.0", "a"})},
      {{{"npm", "x"}, "", 25, true}, ""},
      {{{"npm", "x"}, "2.0.0", 30, false}, json({30, "2.0.0", "b"})},
      {{{"npm", "y"}, "2.0.0", 31, false}, json({31, "2.0.0", "b"})},
      {{{"npm", "x"}, "2.0.0", 0, false}, json({30, "2.0.0", "b"})},
  };
  auto outcomes = store->apply_many(updates, package_log_position{4, "m"});
  ASSERT_TRUE(outcomes);
  ASSERT_EQ(outcomes->size(), 5u);
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(applied((*outcomes)[i])) << i;
  EXPECT_EQ(code_of((*outcomes)[3].error()), ec::invalid_request);
  EXPECT_EQ(code_of((*outcomes)[4].error()), ec::invalid_request);
  EXPECT_EQ(store->position()->sequence, 4u);
  EXPECT_EQ(*store->versions("npm", "x"), std::vector<std::string>{"2.0.0"});
  expect_clean();
}

TEST_F(PackageBatchTest, ARemovalThatFailsRemovesNoVersion) {
  put(make_package("npm", "x", "1.0.0", "old"));
  put(make_package("npm", "x", "2.0.0", "new"));
  damage([](rocks_batch& batch) {
    batch.put(package_records::summaries, package_records::head_key("npm", "x"),
              "{");
  });
  std::vector<package_update> updates{
      {{{"npm", "x"}, "", now + 10, true}, ""},
      {{{"npm", "y"}, "1.0.0", 20, false}, json({20, "1.0.0", "a"}, "y")}};
  auto outcomes = store->apply_many(updates, {});
  ASSERT_TRUE(outcomes);
  EXPECT_EQ(code_of((*outcomes)[0].error()), ec::internal);
  EXPECT_TRUE(applied((*outcomes)[1]));
  EXPECT_NE(document("npm", "x", "1.0.0"), "");
}

TEST_F(PackageBatchTest, NamesAllRevisionsForNodesToCompare) {
  ASSERT_TRUE(apply_store(*store, json({20, "1.0.0", "a"}), 20));
  ASSERT_TRUE(apply_store(*store, json({30, "2.0.0", "b"}), 30));
  ASSERT_TRUE(apply_remove(*store, "npm", "a", 15));
  put(make_package("npm", "x-y"));
  std::optional<package_key> after;
  std::vector<package_revisions> all;
  do {
    auto page = store->revisions(1, after);
    ASSERT_TRUE(page);
    ASSERT_LE(page->items.size(), 1u);
    for (auto& item : page->items)
      all.push_back(item);
    after = page->next;
  } while (after);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].key.name, "a");
  EXPECT_EQ(all[0].removed_at, 15);
  EXPECT_TRUE(all[0].versions.empty());
  EXPECT_EQ(all[1].key.name, "x");
  ASSERT_EQ(all[1].versions.size(), 2u);
  EXPECT_EQ(all[1].versions[0].version, "2.0.0");
  EXPECT_EQ(all[1].versions[0].revision, 30);
  EXPECT_EQ(all[1].versions[1].revision, 20);
}

TEST_F(PackageBatchTest, TellsNoMoreRevisionsThanFitIntoAMessage) {
  std::vector<std::string> documents;
  for (int i = 0; i < 900; ++i) {
    auto name = std::to_string(i);
    name.resize(500, 'x');
    documents.push_back(to_json(make_package("npm", name)));
  }
  ASSERT_TRUE(store->store_many(documents));
  std::optional<package_key> after;
  std::size_t told = 0, pages = 0;
  do {
    auto page = store->revisions(1'000, after);
    ASSERT_TRUE(page && !page->items.empty());
    EXPECT_LE(page->items.size(), 500u);
    told += page->items.size();
    after = page->next;
    ++pages;
  } while (after);
  EXPECT_EQ(told, 900u);
  EXPECT_EQ(pages, 3u);
}

TEST_F(PackageBatchTest, ForgetsRemovalsAfterTheirTime) {
  auto p = make_package("npm", "x");
  put(p);
  ASSERT_TRUE(store->remove("npm", "x"));
  put(make_package("npm", "again"));
  ASSERT_TRUE(store->remove("npm", "again"));
  put(make_package("npm", "again", "1.0.0", "back"));
  EXPECT_EQ(*store->sweep(), 0u);
  now += std::chrono::microseconds{options().tombstone_retention}.count();
  ASSERT_TRUE(store->remove("npm", "late"));
  now += 10;
  EXPECT_EQ(*store->sweep(), 1u);
  EXPECT_EQ(store->get("npm", "x")->revision, 0);
  EXPECT_NE(store->get("npm", "late")->revision, 0);
  EXPECT_NE(document("npm", "again"), "");
  EXPECT_EQ(*store->sweep(), 0u);
  expect_clean();
}

TEST_F(PackageBatchTest, ForgetsARemovalBesideOneThatIsDamaged) {
  ASSERT_TRUE(store->remove("npm", "a"));
  ASSERT_TRUE(store->remove("npm", "x"));
  damage([](rocks_batch& batch) {
    batch.put(package_records::documents, package_records::head_key("npm", "a"),
              "{");
  });
  now += std::chrono::microseconds{options().tombstone_retention}.count() + 10;
  auto forgotten = store->sweep();
  ASSERT_TRUE(forgotten) << message_of(forgotten.error());
  EXPECT_EQ(*forgotten, 1u);
  EXPECT_EQ(store->get("npm", "x")->revision, 0);
  EXPECT_EQ(*store->sweep(), 0u);
}
