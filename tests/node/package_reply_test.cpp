#include "node/package_reply.hpp"

#include "tests/storage/package_store_fixture.hpp"

#include <nlohmann/json.hpp>

namespace larder {

namespace {

using nlohmann::json;

package_summary summary_of(const std::string& name,
                           const std::string& description = "") {
  package_summary s;
  s.key = {"npm", name};
  s.version = "1.0.0";
  s.description = description;
  s.revision = 5;
  return s;
}

package_snippet snippet_of(const std::string& code) {
  package_snippet s;
  s.kind = "readme";
  s.code = code;
  return s;
}

using PackageReplyTest = package_store_fixture;

}  // namespace

TEST_F(PackageReplyTest, EndsAPageWhereAMessageEnds) {
  package_page page;
  for (auto name : {"a", "b", "c", "d"})
    page.items.push_back(summary_of(name, std::string(1'000, 'x')));
  page.next = "npm/d";
  auto all = json::parse(to_json(page, 1 << 20));
  EXPECT_EQ(all["items"].size(), 4u);
  EXPECT_EQ(all["next"], "npm/d");
  constexpr std::size_t room = 5'000;
  auto text = to_json(page, room);
  EXPECT_LE(text.size(), room);
  auto some = json::parse(text);
  EXPECT_EQ(some["items"].size(), 2u);
  EXPECT_EQ(some["next"], "npm/b");
  // One at least: or nobody would come any further.
  auto one = json::parse(to_json(page, 10));
  EXPECT_EQ(one["items"].size(), 1u);
  EXPECT_EQ(one["next"], "npm/a");
}

TEST_F(PackageReplyTest, SaysThatThereIsNoNextPage) {
  EXPECT_EQ(to_json(package_page{}, 1 << 20), R"({"items":[],"next":null})");
  package_page last;
  last.items.push_back(summary_of("a"));
  EXPECT_TRUE(json::parse(to_json(last, 1 << 20))["next"].is_null());
}

TEST_F(PackageReplyTest, GivesTheDocumentsAsTheyAreAndPassesOverWhatHasGone) {
  for (auto name : {"a", "b", "c", "d"})
    put(make_package("npm", name, "1.0.0", std::string(1'000, 'x')));
  auto page = store->list("npm", 4, "");
  ASSERT_TRUE(page);
  ASSERT_TRUE(store->remove("npm", "b"));
  auto text = documents_json(*store, *page, 1 << 20);
  ASSERT_TRUE(text);
  EXPECT_NE(text->find(document("npm", "a")), std::string::npos);
  auto all = json::parse(*text);
  ASSERT_EQ(all["items"].size(), 3u);
  EXPECT_EQ(all["items"][1]["name"], "c");
  EXPECT_TRUE(all["next"].is_null());
  // The next page begins after the last that was taken, whatever has gone.
  auto some = json::parse(*documents_json(*store, *page, 5'000));
  EXPECT_EQ(some["items"].size(), 2u);
  EXPECT_EQ(some["next"], "npm/c");
}

TEST_F(PackageReplyTest, CountsSnippetsFromAnOffset) {
  std::vector<package_snippet> all;
  for (auto code : {"0", "1", "2", "3", "4"})
    all.push_back(snippet_of(code + std::string(1'000, ' ')));
  auto read = [&](std::size_t offset, std::size_t limit,
                  std::size_t most = 1 << 20) {
    auto reply = json::parse(to_json(all, offset, limit, most));
    std::string found;
    for (auto& s : reply["snippets"])
      found += s["code"].get<std::string>()[0];
    return found + " " + reply["next"].dump();
  };
  EXPECT_EQ(read(0, 100), "01234 null");
  EXPECT_EQ(read(1, 2), "12 3");
  EXPECT_EQ(read(3, 2), "34 null");
  EXPECT_EQ(read(5, 2), " null");
  EXPECT_EQ(read(1'000'000, 1'000), " null");
  EXPECT_EQ(read(1, 100, 5'000), "12 3");
  EXPECT_EQ(read(1, 100, 10), "1 2");
}

TEST_F(PackageReplyTest, TellsOnWhichLineEachRefusedDocumentStood) {
  std::vector<package_outcome> outcomes(4);
  outcomes[1].failure = fail(ec::too_large, "too \"large\"");
  outcomes[2].written.applied = false;
  outcomes[3].failure = fail(ec::invalid_request, "\xff");
  std::vector<std::size_t> lines{1, 3, 4, 9};
  auto reply = json::parse(to_json(outcomes, lines));
  EXPECT_EQ(reply["stored"], 1);
  EXPECT_EQ(reply["unchanged"], 1);
  ASSERT_EQ(reply["failed"].size(), 2u);
  EXPECT_EQ(reply["failed"][0]["line"], 3);
  EXPECT_EQ(reply["failed"][0]["error"], "too_large");
  EXPECT_EQ(reply["failed"][0]["message"], "too \"large\"");
  EXPECT_EQ(reply["failed"][1]["line"], 9);
}

TEST_F(PackageReplyTest, ShowsWhereTheWordsStand) {
  package_results found;
  auto& hit = found.hits.emplace_back();
  hit.package = summary_of("a");
  hit.passage.field = "snippet";
  hit.passage.text = "an async runtime";
  hit.passage.marks = {{3, 5}, {9, 7}};
  hit.passage.path = "examples/a.js";
  hit.passage.line = 12;
  found.total = 1;
  auto one = json::parse(to_json(found))["results"][0]["snippet"];
  EXPECT_EQ(one["matches"], json::parse("[[3,8],[9,16]]"));
  EXPECT_EQ(one["path"], "examples/a.js");
  EXPECT_EQ(one["line"], 12);
}

TEST_F(PackageReplyTest, SummarizesWhatWasCollectedAndSaysWhatItCouldNot) {
  auto p = make_package("npm", "a", "1.0.0", "does it");
  p.archive.bytes = 100;
  p.archive.verified = true;
  package_collected collected;
  collected.found.document = to_json(p);
  collected.found.revision = 9;
  collected.outcome = collect_outcome::stale;
  collected.failure = fail(ec::unavailable, "the registry is away");
  auto reply = json::parse(to_json(collected, {}));
  EXPECT_EQ(reply["name"], "a");
  EXPECT_EQ(reply["verified"], true);
  EXPECT_EQ(reply["revision"], 9);
  EXPECT_EQ(reply["outcome"], "stale");
  EXPECT_EQ(reply["failure"], "the registry is away");
}

TEST_F(PackageReplyTest, SummarizesADocumentThatOnlyTheSettingsMakePossible) {
  auto p = make_package("npm", "a");
  p.readme = std::string(1'200'000, 'x');
  package_collected collected;
  collected.found.document = to_json(p);
  package_limits limits;
  limits.bytes = 2'000'000;
  EXPECT_EQ(json::parse(to_json(collected, limits))["name"], "a");
}

TEST_F(PackageReplyTest, AddsUpWhatAllEcosystemsHold) {
  put(make_package("npm", "a"));
  put(make_package("debian", "b"));
  put(make_package("debian", "c"));
  package_statistics counted;
  counted.plane.hits[static_cast<std::size_t>(tier::rocksdb)] = 4;
  auto reply = json::parse(to_json(*store->stats(), counted));
  EXPECT_EQ(reply["packages"], 3);
  ASSERT_EQ(reply["ecosystems"].size(), 2u);
  EXPECT_EQ(reply["ecosystems"][0]["ecosystem"], "debian");
  EXPECT_EQ(reply["ecosystems"][0]["packages"], 2);
  EXPECT_EQ(reply["hits"]["rocksdb"], 4);
  EXPECT_FALSE(reply["hits"].contains("embedded"));
}

}  // namespace larder
