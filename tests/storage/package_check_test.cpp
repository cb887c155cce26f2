// Damage of every kind is planted behind the store's back: check() must tell,
// and reindex() must mend what follows from the documents.
#include "storage/package_check.hpp"

#include "tests/storage/package_store_fixture.hpp"

using namespace larder;
using namespace larder::package_records;

namespace {

struct PackageCheckTest : package_store_fixture {
  PackageCheckTest() {
    auto p = make_package("npm", "x", "1.0.0", "fetches parcels");
    p.tags = {"web"};
    p.snippets = {{"readme", "", "", 0, "", "one"},
                  {"readme", "", "", 0, "", "two"}};
    put(p);
    p.version = "0.9.0";
    put(p);
    put(make_package("npm", "x-y", "1.0.0"));
    put(make_package("npm", "gone"));
    EXPECT_TRUE(store->remove("npm", "gone"));
    expect_clean();
  }

  void expect_told(const std::string& what) {
    auto found = store->check();
    ASSERT_TRUE(found) << message_of(found.error());
    EXPECT_GE(found->problem_count, 1u);
    auto all = std::string{};
    for (auto& problem : found->problems)
      all += problem + "\n";
    EXPECT_NE(all.find(what), std::string::npos) << all;
  }

  void expect_told_and_mended(const std::string& what) {
    expect_told(what);
    auto mended = store->reindex();
    ASSERT_TRUE(mended) << message_of(mended.error());
    expect_clean();
  }

  std::string x = head_key("npm", "x");
};

std::string encoded(const package& p, document_meta meta) {
  auto value = to_json(p);
  append_meta(value, meta);
  return value;
}

}  // namespace

TEST_F(PackageCheckTest, CountsWhatIsThere) {
  std::uint64_t told = 0;
  auto found = store->check([&](auto done, auto total) {
    EXPECT_LE(done, total);
    told = done;
  });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->packages, 2u);
  EXPECT_EQ(found->versions, 3u);
  EXPECT_EQ(found->snippets, 2u);
  EXPECT_EQ(found->tombstones, 1u);
  EXPECT_EQ(told, 3u);
}

TEST_F(PackageCheckTest, TellsAMissingLine) {
  damage([&](auto& batch) { batch.erase(summaries, x); });
  expect_told_and_mended("npm/x: is not in lists");
}

TEST_F(PackageCheckTest, TellsAWrongLine) {
  damage([&](auto& batch) {
    batch.put(summaries, x, encode(summary_record{"1.0.0"}));
  });
  expect_told_and_mended("npm/x: its line in lists");
}

TEST_F(PackageCheckTest, TellsALineOfNothing) {
  damage([&](auto& batch) {
    batch.put(summaries, head_key("npm", "gone"), encode(summary_record{}));
    batch.put(summaries, head_key("a", "b"), encode(summary_record{}));
  });
  expect_told("a/b: is in lists");
  expect_told_and_mended("npm/gone: is in lists");
}

TEST_F(PackageCheckTest, TellsAMissingTag) {
  damage([&](auto& batch) { batch.erase(details, tag_key("web", x)); });
  expect_told_and_mended("npm/x: is not found by its tag \"web\"");
}

TEST_F(PackageCheckTest, TellsATagTooMany) {
  damage([&](auto& batch) { batch.put(details, tag_key("cli", x), {}); });
  expect_told_and_mended("npm/x: is found by the tag \"cli\"");
}

TEST_F(PackageCheckTest, TellsAMissingSnippet) {
  damage([&](auto& batch) { batch.erase(details, snippet_key(x, 1)); });
  expect_told_and_mended("npm/x: its snippet 1");
}

TEST_F(PackageCheckTest, TellsASnippetTooMany) {
  damage([&](auto& batch) {
    batch.put(details, snippet_key(x, 2), encode(package_snippet{}));
  });
  expect_told_and_mended("npm/x: has a snippet");
}

TEST_F(PackageCheckTest, TellsWrongCounters) {
  damage([&](auto& batch) {
    batch.put(details, counters_key("npm"), encode(ecosystem_counters{1}));
    batch.put(details, counters_key("hex"), encode(ecosystem_counters{1}));
  });
  expect_told("hex: has counters, but no packages");
  expect_told_and_mended("npm: its counters");
}

TEST_F(PackageCheckTest, TellsWordsThatAreNotThere) {
  damage([&](auto& db, auto& batch) {
    ASSERT_TRUE(db.each(first_of_search, {}, {}, [&](auto key, auto) {
      batch.erase(first_of_search, key);
      return true;
    }));
  });
  expect_told_and_mended("search index");
}

TEST_F(PackageCheckTest, TellsWordsOfOtherText) {
  auto p = make_package("npm", "x-y", "1.0.0", "unheard of");
  damage([&](auto& batch) {
    batch.put(documents, head_key("npm", "x-y"),
              encoded(p, {true, now + 5, now, 0, "1.0.0"}));
  });
  expect_told_and_mended("search index");
}

TEST_F(PackageCheckTest, TellsAVersionOfARemovedPackage) {
  auto p = make_package("npm", "gone", "2.0.0");
  damage([&](auto& batch) {
    batch.put(documents, version_key(head_key("npm", "gone"), "2.0.0"),
              encoded(p, {true, 7, now, 0, "2.0.0"}));
  });
  expect_told("npm/gone@2.0.0: is there although the package was removed");
}

TEST_F(PackageCheckTest, TellsAVersionThatWouldBeAnsweredFirst) {
  auto p = make_package("npm", "x", "2.0.0");
  damage([&](auto& batch) {
    batch.put(documents, version_key(x, "2.0.0"),
              encoded(p, {true, 7, now, 0, "2.0.0"}));
  });
  expect_told("npm/x@2.0.0: is to be answered before 1.0.0");
}

TEST_F(PackageCheckTest, TellsADocumentOfSomethingElse) {
  damage([&](auto& batch) {
    batch.put(documents, x,
              encoded(make_package("npm", "z"), {true, now, now, 0, "1.0.0"}));
  });
  expect_told("npm/x: is the document of something else");
}

TEST_F(PackageCheckTest, TellsADamagedRecord) {
  damage([&](auto& batch) { batch.put(documents, x, "{"); });
  expect_told("npm/x: its record is damaged");
  auto found = store->get("npm", "x");
  ASSERT_FALSE(found);
  EXPECT_EQ(code_of(found.error()), ec::internal);
  // The others are not affected.
  EXPECT_NE(document("npm", "x-y"), "");
  put(make_package("npm", "more"));
}

TEST_F(PackageCheckTest, TellsARemovalThatIsNotForgottenOrNotKnown) {
  damage([&](auto& batch) {
    batch.erase_range(details, "x", "y");
    batch.put(details, removal_key(77'000'000, x), {});
  });
  expect_told("npm/gone: its removal would never be forgotten");
  expect_told("npm/x: was removed, but its record does not know");
}

TEST_F(PackageCheckTest, IndexesAnewWhatWasMadeByOtherRules) {
  damage([&](auto& batch) {
    batch.put(details, rules_key, "0");
    batch.erase_range(details, "s", "u");
  });
  expect_clean();
  damage([&](auto& batch) { batch.erase_range(details, "s", "u"); });
  expect_told("npm/x: its snippet 0");
}

TEST_F(PackageCheckTest, RefusesAStoreOfALaterFormat) {
  store.reset();
  damage_packages(options().directory, [](auto&, rocks_batch& batch) {
    batch.put(details, format_key, "2");
  });
  auto opened = package_store::open(options());
  ASSERT_FALSE(opened);
  EXPECT_EQ(code_of(opened.error()), ec::configuration);
}

TEST_F(PackageCheckTest, FinishesAReindexThatWasInterrupted) {
  damage([&](auto& batch) {
    batch.put(details, unfinished_key, {});
    batch.erase_range(details, "t", "u");
    batch.erase(summaries, x);
  });
  expect_clean();
  EXPECT_EQ(store->search({"parcels"})->hits.size(), 1u);
}
