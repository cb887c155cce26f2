#include "tests/storage/search_fixture.hpp"
#include "tests/support/random.hpp"

namespace larder::test {

class SearchIndexTest : public search_fixture {};

TEST_F(SearchIndexTest, FindsNothingInNothing) {
  EXPECT_EQ(names_for("anything"), "");
  EXPECT_EQ(names_for(""), "");
  EXPECT_TRUE(*index_.is_current());
  EXPECT_EQ(check(index_), std::vector<std::string>{});
}

TEST_F(SearchIndexTest, PutsTheExactNameFirst) {
  put(document("redis-tools", "redis redis redis client for redis", "redis"));
  put(document("redis", "key value store"));
  put(document("aredis", "redis redis"));
  auto found = search({"redis"});
  ASSERT_EQ(found.hits.size(), 3u);
  EXPECT_EQ(found.hits[0].id, "id:redis");
  EXPECT_EQ(found.hits[0].match, search_match::exact);
  EXPECT_EQ(found.hits[1].match, search_match::prefix);
  EXPECT_EQ(found.hits[2].match, search_match::words);
  EXPECT_EQ(found.total, 3u);
  EXPECT_TRUE(found.total_is_exact);
}

TEST_F(SearchIndexTest, TakesNamesThatDifferInCaseAndSeparatorsForTheSame) {
  put(document("react-router", "routing"));
  put(document("ReactRouter", "another"));
  put(document("@react/router", "a third"));
  for (auto* name : {"ReactRouter", "@react/router", "react-router"})
    EXPECT_EQ(search({name}).hits[0].id, std::string{"id:"} + name);
  EXPECT_EQ(search({"react router"}).hits[2].match, search_match::exact);
}

TEST_F(SearchIndexTest, FindsNamesByHowTheyBegin) {
  put(document("postgresql", "a database"));
  put(document("postfix", "sends mail"));
  put(document("compost", "a heap"));
  EXPECT_EQ(names_for("post"), "postfix postgresql");
  EXPECT_EQ(search({"postg"}).hits[0].match, search_match::prefix);
  EXPECT_EQ(names_for("p"), "");
}

TEST_F(SearchIndexTest, FindsNamesWithOneTypo) {
  put(document("express", "web framework"));
  put(document("expect", "talks to programs"));
  for (auto* typo : {"expres", "expresss", "exprexs", "exrpess", "xpress"}) {
    auto found = search({typo});
    ASSERT_FALSE(found.hits.empty()) << typo;
    EXPECT_EQ(found.hits[0].id, "id:express") << typo;
  }
  EXPECT_EQ(search({"exprexs"}).hits[0].match, search_match::typo);
  EXPECT_EQ(names_for("exprxxs"), "");
  // A word that somebody has ranks before a name that is like it; one that
  // many have is no typo.
  put(document("cart", "a thing"));
  put(document("other", "plays cards, a card game"));
  EXPECT_EQ(names_for("card"), "other cart");
  put(document("third", "cards"));
  put(document("fourth", "cards"));
  EXPECT_EQ(search({"card"}).total, 3u);
}

TEST_F(SearchIndexTest, FindsWordsByTheirStem) {
  put(document("a1", "compresses files"));
  put(document("a2", "reads mail"));
  EXPECT_EQ(names_for("file compression"), "a1");
  EXPECT_EQ(names_for("COMPRESSING"), "a1");
  EXPECT_EQ(names_for("reading mails"), "a2");
}

// A text of three words is not about each of them more than a list of keywords.
TEST_F(SearchIndexTest, TakesAShortTextForNoMoreThanALongOne) {
  put(document("a1", "", "", "says marmalade once"));
  put(document("a2", "", "marmalade"));
  EXPECT_EQ(names_for("marmalade"), "a2 a1");
}

TEST_F(SearchIndexTest, FindsThePartsOfCompoundNames) {
  put(document("libcurl4", "transfers"));
  put(document("JsonPath", "queries"));
  EXPECT_EQ(names_for("path"), "JsonPath");
  EXPECT_EQ(names_for("json"), "JsonPath");
  EXPECT_EQ(names_for("libcurl"), "libcurl4");
  EXPECT_EQ(names_for("c++"), "");
  put(document("clang", "compiler for C++"));
  put(document("gcc", "compiler for C"));
  EXPECT_EQ(names_for("c++"), "clang");
}

TEST_F(SearchIndexTest, ANameTellsMoreThanADescriptionAndThatMoreThanAReadme) {
  std::string long_text;
  for (int i = 0; i < 100; ++i)
    long_text += "filler" + std::to_string(i) + " ";
  put(document("x1", "something", "", long_text + "parser"));
  put(document("x2", "a parser of many useful things, trees and others"));
  put(document("x3-parser", "something"));
  EXPECT_EQ(names_for("parser"), "x3-parser x2 x1");
}

TEST_F(SearchIndexTest, MoreOfTheWordsRankHigher) {
  put(document("b1", "http http http http"));
  put(document("b2", "load testing over http"));
  put(document("b3", "load balancer"));
  EXPECT_EQ(names_for("http load testing").substr(0, 2), "b2");
  EXPECT_EQ(search({"http load testing"}).total, 3u);
  search_query all{"http load testing"};
  all.every_word = true;
  EXPECT_EQ(names(all), "b2");
}

TEST_F(SearchIndexTest, ARareWordTellsMore) {
  for (int i = 0; i < 50; ++i)
    put(document("n" + std::to_string(i), "a library"));
  put(document("z", "an encoder"));
  EXPECT_EQ(names({"library encoder", {}, {}, false, 1}), "z");
}

TEST_F(SearchIndexTest, LeavesStopWordsOutUnlessThereIsNothingElse) {
  put(document("the", "is a name"));
  put(document("cron", "of the daemon"));
  EXPECT_EQ(names_for("the daemon for it"), "cron");
  EXPECT_EQ(names_for("the"), "the");
}

TEST_F(SearchIndexTest, FiltersByAllAndByAny) {
  auto with = [&](const std::string& name, std::vector<std::string> filters) {
    auto d = document(name, "a web thing");
    d.filters = std::move(filters);
    put(d);
  };
  with("a", {"e:npm", "t:web"});
  with("b", {"e:npm", "t:async"});
  with("c", {"e:hex", "t:web", "t:async"});
  EXPECT_EQ(names({"web", {"e:npm"}}), "a b");
  EXPECT_EQ(names({"web", {"e:npm", "t:async"}}), "b");
  EXPECT_EQ(names({"web", {}, {"t:async", "e:npm"}}), "a b c");
  EXPECT_EQ(names({"web", {"t:async"}, {"e:hex", "e:cargo"}}), "c");
  EXPECT_EQ(names({"web", {"e:none"}}), "");
  EXPECT_EQ(names({"a", {"e:hex"}}), "") << "an exact name has to pass too";
  // Without words: everything that passes, in the order of storing.
  EXPECT_EQ(names({"", {"t:web"}}), "a c");
  EXPECT_EQ(names({"", {}, {"t:async", "t:web"}}), "a b c");
  EXPECT_EQ(search({"", {"t:web"}, {}, false, 1}).total, 2u);
  EXPECT_EQ(names_for(""), "a b c");
}

TEST_F(SearchIndexTest, AnswersPageByPage) {
  for (int i = 10; i < 40; ++i)
    put(document("p" + std::to_string(i), "thing", "",
                 std::string(static_cast<std::size_t>(i), ' ') + "word"));
  auto whole = names({"thing word", {}, {}, false, 30});
  std::string pages;
  for (std::uint32_t offset = 0; offset < 30; offset += 7)
    pages += (pages.empty() ? "" : " ")
             + names({"thing word", {}, {}, false, 7, offset});
  EXPECT_EQ(pages, whole);
  EXPECT_EQ(names({"thing", {}, {}, false, 7, 30}), "");
  EXPECT_EQ(names({"thing", {}, {}, false, 0}), "");
  EXPECT_EQ(names({"thing", {}, {}, false, 7, 4'000'000'000u}), "");
}

TEST_F(SearchIndexTest, FindsTheSameWithEarlyEndAsWithout) {
  prng random{7};
  const std::vector<std::string> words{"alpha", "beta",  "gamma",
                                       "delta", "omega", "sigma"};
  search_update update{index_};
  for (int i = 0; i < 3000; ++i) {
    auto d = document("doc" + std::to_string(i), "");
    for (std::size_t w = 0; w < words.size(); ++w)
      if (random.below(std::uint64_t{1} << w) == 0)
        for (auto n = random.below(4) + 1; n > 0; --n)
          d.description += words[w] + " ";
    update.change(nullptr, &d);
  }
  rocks_batch batch;
  ASSERT_TRUE(update.finish(batch));
  ASSERT_TRUE(db_->write(batch));
  for (auto* text : {"alpha omega", "beta gamma sigma", "alpha beta delta"}) {
    // A page of everything leaves nothing out.
    auto whole = search({text, {}, {}, false, 10'000});
    ASSERT_TRUE(whole.total_is_exact);
    auto page = search({text, {}, {}, false, 10});
    EXPECT_FALSE(page.total_is_exact);
    EXPECT_LE(page.total, whole.total);
    ASSERT_EQ(page.hits.size(), 10u);
    for (std::size_t i = 0; i < page.hits.size(); ++i) {
      EXPECT_EQ(page.hits[i].id, whole.hits[i].id) << text << " " << i;
      EXPECT_DOUBLE_EQ(page.hits[i].score, whole.hits[i].score);
    }
  }
}

TEST_F(SearchIndexTest, ASnapshotIsSearchedAsItWas) {
  put(document("a", "words"));
  auto before = db_->snapshot();
  put(document("b", "words"));
  auto found = index_.search({"words"}, &before);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->hits.size(), 1u);
  EXPECT_EQ(found->total, 1u);
}

TEST_F(SearchIndexTest, TakesAnyBytesAsText) {
  auto d = document("n\xff\xfe",
                    std::string("\0 \xc3 caf\xc3\xa9 \xe6\x97\xa5", 13));
  d.filters = {std::string("a\0b", 3), "ok"};
  put(d);
  EXPECT_EQ(search({"CAF\xc3\x89"}).hits.size(), 1u);
  EXPECT_EQ(search({"\xe6\x97\xa5"}).hits.size(), 1u);
  EXPECT_EQ(search({std::string(100'000, 'x')}).hits.size(), 0u);
  EXPECT_EQ(search({"\xff \xc3"}).hits.size(), 0u);
  EXPECT_EQ(search({"!!!"}).hits.size(), 0u);
  std::string many;
  for (int i = 0; i < 10'000; ++i)
    many += std::to_string(i) + " ";
  EXPECT_EQ(search({many}).hits.size(), 0u);
  EXPECT_EQ(check(index_), std::vector<std::string>{});
}

}  // namespace larder::test
