// Reads and writes; who wins among nodes is in package_batch_test.cpp, damage
// and repair in package_check_test.cpp.
#include "tests/storage/package_store_fixture.hpp"

#include <limits>

using namespace larder;

namespace {

struct PackageStoreTest : package_store_fixture {
  std::vector<std::string> names(const caf::expected<package_page>& page) {
    std::vector<std::string> found;
    EXPECT_TRUE(page) << message_of(page.error());
    if (page)
      for (auto& item : page->items)
        found.push_back(item.key.ecosystem + "/" + item.key.name);
    return found;
  }

  std::vector<std::string> tagged(package_tag_query query) {
    return names(store->search_by_tags(query));
  }

  std::vector<std::string> found(package_query query) {
    auto results = store->search(query);
    EXPECT_TRUE(results) << message_of(results.error());
    std::vector<std::string> names;
    if (results)
      for (auto& hit : results->hits)
        names.push_back(hit.package.key.name);
    return names;
  }

  ecosystem_stats stats_of(const std::string& ecosystem) {
    auto stats = store->stats();
    EXPECT_TRUE(stats);
    for (auto& s : stats->ecosystems)
      if (s.ecosystem == ecosystem)
        return s;
    return {};
  }
};

using names_t = std::vector<std::string>;

package with_tags(std::string name, std::vector<std::string> tags) {
  auto p = make_package("npm", std::move(name));
  p.tags = std::move(tags);
  return p;
}

}  // namespace

TEST_F(PackageStoreTest, AnswersTheDocumentByteForByte) {
  std::string odd =
      " {\"name\" : \"x\",\"later\":1e2, \"ecosystem\":\"npm\"}\n";
  auto written = store->store(odd);
  ASSERT_TRUE(written);
  EXPECT_TRUE(written->applied);
  EXPECT_FALSE(written->existed);
  auto found = store->get("npm", "x");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->document, odd);
  EXPECT_EQ(found->version, "");
  EXPECT_EQ(found->revision, written->revision);
  EXPECT_EQ(found->stored_at, now);
  open();
  EXPECT_EQ(document("npm", "x"), odd);
}

TEST_F(PackageStoreTest, AnswersNothingForWhatIsNotThere) {
  auto found = store->get("npm", "x");
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->document);
  EXPECT_EQ(found->revision, 0);
  EXPECT_EQ(code_of(store->snippets("npm", "x").error()), ec::not_found);
}

TEST_F(PackageStoreTest, RefusesKeysThatBreakTheRules) {
  EXPECT_EQ(code_of(store->get("NPM", "x").error()), ec::invalid_request);
  EXPECT_EQ(code_of(store->get("npm", "").error()), ec::invalid_request);
  EXPECT_EQ(code_of(store->get("npm", "x", "a\nb").error()),
            ec::invalid_request);
  EXPECT_EQ(code_of(store->store("{}").error()), ec::invalid_request);
  EXPECT_EQ(code_of(store->list("npm", 1, "x").error()), ec::invalid_request);
  auto large = make_package("npm", "x");
  large.readme = std::string(1'000'000, 'x');
  EXPECT_EQ(code_of(store->store(to_json(large)).error()), ec::too_large);
}

TEST_F(PackageStoreTest, AnswersTheHighestReleaseUnlessAskedForAVersion) {
  for (auto* version : {"1.2.0", "1.10.0", "2.0.0-rc.1", "1.9.0"})
    put(make_package("npm", "x", version));
  EXPECT_EQ(store->get("npm", "x")->version, "1.10.0");
  for (auto* version : {"1.2.0", "1.10.0", "2.0.0-rc.1", "1.9.0"})
    EXPECT_EQ(store->get("npm", "x", version)->version, version);
  EXPECT_FALSE(store->get("npm", "x", "3.0.0")->document);
  EXPECT_EQ(*store->versions("npm", "x"),
            (names_t{"1.10.0", "1.2.0", "1.9.0", "2.0.0-rc.1"}));
  EXPECT_EQ(stats_of("npm").versions, 4u);
  EXPECT_EQ(stats_of("npm").packages, 1u);
  expect_clean();
}

TEST_F(PackageStoreTest, WritesTheSameBytesOnce) {
  auto first = put(make_package("npm", "x"));
  now += 50;
  auto again = put(make_package("npm", "x"));
  EXPECT_FALSE(again.applied);
  EXPECT_TRUE(again.existed);
  EXPECT_EQ(again.revision, first.revision);
}

TEST_F(PackageStoreTest, RevisionsGrowWhateverTheClockDoes) {
  auto first = put(make_package("npm", "x", "1.0.0", "a"));
  EXPECT_EQ(first.revision, now);
  now -= 500'000;
  auto second = put(make_package("npm", "x", "1.0.0", "b"));
  EXPECT_EQ(second.revision, first.revision + 1);
  auto third = store->remove("npm", "x");
  EXPECT_EQ(third->revision, second.revision + 1);
  auto fourth = put(make_package("npm", "x", "1.0.0", "c"));
  EXPECT_EQ(fourth.revision, third->revision + 1);
}

// Any program may write to the change log. The last word of all is nobody's.
TEST_F(PackageStoreTest, BelievesNoRevisionThatTheClockReachesAfterADay) {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t day = 24ll * 3600 * 1'000'000;
  now = 5 * day;
  auto first = store->store(to_json(make_package("npm", "a", "1")));
  ASSERT_TRUE(first);
  for (auto revision : {most, now + day + 1, std::int64_t{0}, -most}) {
    package_update removal{{{"npm", "a"}, "", revision, true}, {}};
    package_update put{{{"npm", "a"}, "2", revision, false},
                       to_json(make_package("npm", "a", "2"))};
    auto outcomes = store->apply_many(std::vector{removal, put}, {});
    ASSERT_TRUE(outcomes);
    for (auto& one : *outcomes)
      EXPECT_EQ(code_of(one.error()), ec::invalid_request) << revision;
  }
  EXPECT_EQ(store->get("npm", "a")->revision, first->revision);
  package_update ahead{{{"npm", "a"}, "", now + day, true}, {}};
  EXPECT_TRUE(store->apply_many({&ahead, 1}, {})->front());
  EXPECT_FALSE(store->get("npm", "a")->document);
}

TEST_F(PackageStoreTest, RemovesAllVersionsAndAllThatFollowsFromThem) {
  auto p = make_package("npm", "x", "1.0.0", "fetches parcels");
  p.tags = {"web"};
  p.snippets = {{"readme", "", "", 0, "", "code"}};
  put(p);
  p.version = "2.0.0";
  put(p);
  ASSERT_TRUE(store->put_collector_state("npm", "x", "etag"));
  auto removed = store->remove("npm", "x");
  ASSERT_TRUE(removed);
  EXPECT_TRUE(removed->existed);
  auto found = store->get("npm", "x");
  EXPECT_FALSE(found->document);
  EXPECT_EQ(found->revision, removed->revision);
  EXPECT_EQ(document("npm", "x", "1.0.0"), "");
  EXPECT_EQ(names(store->list("", 10, "")), names_t{});
  EXPECT_EQ(tagged({{"web"}}), names_t{});
  EXPECT_EQ(this->found({"parcels"}), names_t{});
  EXPECT_FALSE(*store->collector_state("npm", "x"));
  EXPECT_TRUE(store->stats()->ecosystems.empty());
  expect_clean();
}

TEST_F(PackageStoreTest, ListsPageByPage) {
  for (auto* name : {"b", "a", "c", "a-b", "@s/x"})
    put(make_package("npm", name));
  put(make_package("cargo", "z"));
  put(make_package("npm2", "y"));
  EXPECT_EQ(names(store->list("", 100, "")),
            (names_t{"cargo/z", "npm/@s/x", "npm/a", "npm/a-b", "npm/b",
                     "npm/c", "npm2/y"}));
  names_t all;
  std::string after;
  do {
    auto page = store->list("npm", 2, after);
    ASSERT_TRUE(page);
    EXPECT_LE(page->items.size(), 2u);
    for (auto& name : names(page))
      all.push_back(name);
    after = page->next;
  } while (!after.empty());
  EXPECT_EQ(all, (names_t{"npm/@s/x", "npm/a", "npm/a-b", "npm/b", "npm/c"}));
}

TEST_F(PackageStoreTest, PagesFitIntoAMessageWhateverTheDescriptions) {
  for (int i = 0; i < 400; ++i)
    put(make_package("npm", "p" + std::to_string(i), "1",
                     std::string(5'000, 'd')));
  auto page = store->list("npm", 1'000, "");
  ASSERT_TRUE(page);
  EXPECT_LT(page->items.size(), 400u);
  EXPECT_FALSE(page->next.empty());
  std::size_t bytes = 0;
  for (auto& item : page->items)
    bytes += item.description.size();
  EXPECT_LT(bytes, 512u << 10);
}

TEST_F(PackageStoreTest, SearchesByTagsAnyOrAll) {
  put(with_tags("a", {"web", "async"}));
  put(with_tags("b", {"Web "}));
  put(with_tags("c", {"async"}));
  auto d = make_package("cargo", "d");
  d.keywords = {"web", "async"};
  put(d);
  EXPECT_EQ(tagged({{"web"}}), (names_t{"cargo/d", "npm/a", "npm/b"}));
  EXPECT_EQ(tagged({{"web", "ASYNC"}}),
            (names_t{"cargo/d", "npm/a", "npm/b", "npm/c"}));
  EXPECT_EQ(tagged({{"async", "web"}, tag_match::all}),
            (names_t{"cargo/d", "npm/a"}));
  EXPECT_EQ(tagged({{"web", "async"}, tag_match::all, "npm"}),
            (names_t{"npm/a"}));
  EXPECT_EQ(tagged({{"web"}, tag_match::any, "npm"}),
            (names_t{"npm/a", "npm/b"}));
  EXPECT_EQ(tagged({{"web", "nothing"}, tag_match::all}), names_t{});
  auto page = store->search_by_tags({{"web"}, tag_match::any, {}, 2});
  EXPECT_EQ(names(page), (names_t{"cargo/d", "npm/a"}));
  EXPECT_EQ(tagged({{"web"}, tag_match::any, {}, 2, page->next}),
            (names_t{"npm/b"}));
  EXPECT_EQ(code_of(store->search_by_tags({{}}).error()), ec::invalid_request);
  EXPECT_EQ(code_of(store->search_by_tags({{"\n"}}).error()),
            ec::invalid_request);
}

TEST_F(PackageStoreTest, TagsFollowTheVersionThatIsAnswered) {
  auto p = with_tags("x", {"old"});
  put(p);
  p.version = "2.0.0";
  p.tags = {"new"};
  put(p);
  EXPECT_EQ(tagged({{"old"}}), names_t{});
  EXPECT_EQ(tagged({{"new"}}), names_t{"npm/x"});
  p.version = "1.5.0";
  p.tags = {"between"};
  put(p);
  EXPECT_EQ(tagged({{"between"}}), names_t{});
  expect_clean();
}

TEST_F(PackageStoreTest, AnswersSnippetsInTheirOrderByKind) {
  auto p = make_package("npm", "x");
  p.snippets = {{"readme", "js", "README.md", 3, "One", "1;"},
                {"example", "js", "examples/a.js", 1, "Two", "2;"},
                {"readme", "", "", 0, "", "3;"}};
  put(p);
  EXPECT_EQ(*store->snippets("npm", "x"), p.snippets);
  EXPECT_EQ(store->snippets("npm", "x", "readme")->size(), 2u);
  EXPECT_EQ(store->snippets("npm", "x", "example")->front(), p.snippets[1]);
  EXPECT_EQ(stats_of("npm").snippets, 3u);
  p.snippets.resize(1);
  put(p);
  EXPECT_EQ(*store->snippets("npm", "x"), p.snippets);
  EXPECT_EQ(stats_of("npm").snippets, 1u);
  expect_clean();
}

TEST_F(PackageStoreTest, FindsByWordsAndShowsWhere) {
  auto p = make_package("npm", "fetcher", "1.0.0", "gets things");
  p.readme = "Intro.\n\nIt downloads parcels quickly.";
  p.snippets = {{"example", "js", "ex.js", 4, "Use", "let zebra = stripes();"}};
  put(p);
  put(make_package("cargo", "other", "1.0.0", "about parcels"));
  EXPECT_EQ(found({"zebra"}), names_t{"fetcher"});
  auto zebra = store->search({"zebra"})->hits.at(0).passage;
  EXPECT_EQ(zebra.field, "snippet");
  EXPECT_EQ(zebra.path, "ex.js");
  EXPECT_EQ(zebra.line, 4u);
  auto downloads = store->search({"downloads"})->hits.at(0);
  EXPECT_EQ(downloads.passage.field, "readme");
  ASSERT_EQ(downloads.passage.marks.size(), 1u);
  auto mark = downloads.passage.marks[0];
  EXPECT_EQ(downloads.passage.text.substr(mark.offset, mark.bytes),
            "downloads");
  EXPECT_EQ(downloads.package.description, "gets things");
  EXPECT_GT(downloads.score, 0);
  EXPECT_EQ(found({"parcels", "cargo"}), names_t{"other"});
  EXPECT_EQ(found({"fetcher"}).at(0), "fetcher");
}

TEST_F(PackageStoreTest, SearchesWithinTags) {
  auto a = with_tags("a", {"web"});
  a.description = "parcels";
  put(a);
  auto b = with_tags("b", {"cli"});
  b.description = "parcels";
  put(b);
  package_query query{"parcels"};
  query.tags = {"CLI"};
  EXPECT_EQ(found(query), names_t{"b"});
}

TEST_F(PackageStoreTest, ImportsManyEachWithItsOutcome) {
  std::vector<std::string> documents;
  for (int i = 0; i < 100; ++i)
    documents.push_back(
        to_json(make_package("debian", "p" + std::to_string(i))));
  documents[50] = "nonsense";
  // The same package again, and a newer version of one.
  documents[60] = documents[10];
  documents[61] = to_json(make_package("debian", "p11", "2.0.0"));
  auto outcomes = store->store_many(documents);
  ASSERT_TRUE(outcomes);
  ASSERT_EQ(outcomes->size(), 100u);
  EXPECT_EQ(code_of((*outcomes)[50].error()), ec::invalid_request);
  EXPECT_TRUE((*outcomes)[10]->applied);
  EXPECT_FALSE((*outcomes)[60]->applied);
  EXPECT_EQ(store->get("debian", "p11")->version, "2.0.0");
  EXPECT_EQ(stats_of("debian").packages, 97u);
  EXPECT_EQ(stats_of("debian").versions, 98u);
  expect_clean();
}

TEST_F(PackageStoreTest, KeepsWhatACollectorRemembers) {
  EXPECT_FALSE(*store->collector_state("npm", "x"));
  ASSERT_TRUE(store->put_collector_state("npm", "x", "etag \"1\""));
  open();
  EXPECT_EQ(*store->collector_state("npm", "x"), "etag \"1\"");
  EXPECT_FALSE(*store->collector_state("npm", "y"));
}

TEST_F(PackageStoreTest, IsOpenOnlyOnce) {
  auto second = package_store::open(options());
  ASSERT_FALSE(second);
  EXPECT_EQ(code_of(second.error()), ec::unavailable);
}

TEST_F(PackageStoreTest, RefusesToOpenWhereThereIsTooLittleSpace) {
  store.reset();
  auto o = options();
  o.least_free_bytes = 1ull << 60;
  auto opened = package_store::open(o);
  ASSERT_FALSE(opened);
  EXPECT_EQ(code_of(opened.error()), ec::unavailable);
}

TEST_F(PackageStoreTest, BackupsCanBeOpenedAndRestored) {
  put(make_package("npm", "x", "1.0.0", "before"));
  auto backup = directory / "backup";
  ASSERT_TRUE(store->backup(backup));
  put(make_package("npm", "x", "1.0.0", "after"));
  auto there = options().directory;
  auto busy = package_store::restore(backup, there);
  ASSERT_FALSE(busy);
  EXPECT_EQ(code_of(busy.error()), ec::unavailable);
  store.reset();
  auto restored = package_store::restore(backup, there);
  ASSERT_TRUE(restored) << message_of(restored.error());
  open();
  EXPECT_NE(document("npm", "x").find("before"), std::string::npos);
  expect_clean();
  EXPECT_TRUE(std::filesystem::exists(there + ".replaced"));
  // The backup is as it was.
  store.reset();
  ASSERT_TRUE(package_store::restore(backup, directory / "elsewhere"));
  EXPECT_FALSE(package_store::restore(backup, there));
  EXPECT_FALSE(package_store::restore(directory / "nothing", there));
}
