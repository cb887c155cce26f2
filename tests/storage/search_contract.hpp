// What every source of truth must find by words, and in which order: see
// storage/artifact_search.hpp.
//
// Included once by each executable that runs it. Everything is asked twice,
// before a store that indexes behind its writers' backs has done so and after.
#pragma once

#include "tests/storage/truth_world.hpp"

#include <string>
#include <vector>

namespace larder::test {

class SearchContract : public truth_world_test {
 protected:
  static artifact_query query_of(const std::string& words) {
    artifact_query q;
    q.words = words;
    return q;
  }

  artifact_matches search(const artifact_query& query) {
    auto found = store_->search(query);
    EXPECT_TRUE(found) << message_of(found.error());
    return found ? *found : artifact_matches{};
  }
  artifact_matches search(const std::string& words) {
    return search(query_of(words));
  }

  /// The ids, best first.
  std::string ids(const artifact_query& query) {
    auto list = [&] {
      auto matches = search(query);
      EXPECT_EQ(matches.unindexed, 0u);
      std::string text;
      for (auto& m : matches.found)
        text += (text.empty() ? "" : " ") + m.key.id;
      return text;
    };
    auto before = list();
    index_all();
    EXPECT_EQ(list(), before);
    return before;
  }
  std::string ids(const std::string& words) { return ids(query_of(words)); }

  void index_all() {
    for (int round = 0; *store_->index(64); ++round)
      ASSERT_LT(round, 100);
  }

  /// A handful of what people keep.
  void fill() {
    put({"framework", "phoenix"},
        R"({"name":"Phoenix","description":"A web framework for Elixir with )"
        R"(channels","usage":{"start":["mix phx.server"]}})");
    put({"framework", "live-view"},
        R"({"name":"LiveView","description":"Rich real-time user )"
        R"(experiences","text":"Renders on the server; built on Phoenix )"
        R"(channels."})");
    put({"framework", "socket.io"},
        R"({"description":"Bidirectional events between browsers and )"
        R"(servers","text":"Falls back to long polling."})");
    put({"language", "elixir"},
        R"({"description":"A functional language that compiles for the )"
        R"(Erlang machine","keywords":["beam","erlang"]})");
    put({"language", "phoenix"}, R"({"text":"Nobody has written it yet."})");
  }
};

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(SearchContract);

TEST_P(SearchContract, FindsNothingWhereThereIsNothing) {
  EXPECT_EQ(ids("phoenix"), "");
  fill();
  EXPECT_EQ(ids("quetzalcoatlus"), "");
  EXPECT_EQ(ids(""), "");
  EXPECT_EQ(ids("the of and"), "");
  EXPECT_EQ(ids("  ... !? "), "");
}

TEST_P(SearchContract, PutsTheExactIdFirst) {
  fill();
  auto all = search("phoenix").found;
  ASSERT_EQ(all.size(), 3u);
  EXPECT_GE(all[0].score, 1);
  EXPECT_GE(all[1].score, 1);
  EXPECT_LT(all[2].score, 1);
  EXPECT_EQ(all[0].key.id, "phoenix");
  EXPECT_EQ(all[1].key.id, "phoenix");
  EXPECT_EQ(all[2].key, (key{"framework", "live-view"}));
  EXPECT_EQ(ids("PHOENIX"), "phoenix phoenix live-view");
  // Case and what stands between the words do not matter.
  EXPECT_EQ(ids("live view"), "live-view");
  EXPECT_EQ(ids("Live_View"), "live-view");
  EXPECT_EQ(ids("liveview"), "live-view");
  EXPECT_EQ(ids("socket.io"), "socket.io");
  EXPECT_EQ(ids("socket io"), "socket.io");
}

TEST_P(SearchContract, TakesForAWordWhateverFormItHas) {
  fill();
  EXPECT_EQ(ids("rendering"), "live-view");
  EXPECT_EQ(ids("browser event"), "socket.io");
  EXPECT_EQ(ids("compile languages"), "elixir");
}

TEST_P(SearchContract, WantsAllWords) {
  fill();
  EXPECT_EQ(ids("phoenix channels elixir"), "phoenix");
  EXPECT_EQ(ids("phoenix polling"), "");
}

TEST_P(SearchContract, RanksByWhereTheWordStands) {
  put({"t", "in-text"}, R"({"text":"about caching and more of this sort"})");
  put({"t", "in-description"},
      R"({"description":"about caching and more of this sort"})");
  put({"t", "caching-things"}, R"({"text":"about more of this sort"})");
  EXPECT_EQ(ids("caching"), "caching-things in-description in-text");
}

TEST_P(SearchContract, RanksNamesBeforeWhatIsSaidAndThatBeforeTheText) {
  const std::string words = R"("a marmalade of the finest sort"})";
  put({"t", "a"}, R"({"text":)" + words);
  put({"t", "b"}, R"({"summary":)" + words);
  put({"t", "c"}, R"({"title":)" + words);
  EXPECT_EQ(ids("marmalade"), "c b a");
  put({"t", "d"}, R"({"keywords":["marmalade","finest","sort"]})");
  EXPECT_EQ(ids("marmalade").back(), 'a');
}

TEST_P(SearchContract, CountsTheTagsThatWereGivenWithThePut) {
  auto w = put_of({"t", "tagged"}, R"({"text":"nothing about it"})");
  w.tags = std::vector<std::string>{"observability", "tracing"};
  ASSERT_TRUE(write(w));
  EXPECT_EQ(ids("trace"), "tagged");
  // A put without tags leaves them as they are.
  put({"t", "tagged"}, R"({"text":"still nothing"})");
  EXPECT_EQ(ids("observability nothing"), "tagged");
}

TEST_P(SearchContract, TakesTheTypeForOneOfItsWords) {
  put({"framework", "phoenix"}, R"({"description":"Elixir for the web"})");
  put({"code_template", "genserver"}, R"({"text":"Elixir, the usual way"})");
  EXPECT_EQ(ids("web framework"), "phoenix");
  EXPECT_EQ(ids("elixir templates"), "genserver");
  // It counts as a tag does: less than a name, more than the text.
  put({"t", "framework-guide"}, R"({"text":"how to choose one of them"})");
  put({"t", "other"}, R"({"text":"one framework beside many other words of no )"
                      R"(importance: lorem ipsum dolor sit amet"})");
  EXPECT_EQ(ids("framework"), "framework-guide phoenix other");
}

TEST_P(SearchContract, KeepsToAType) {
  fill();
  auto q = query_of("phoenix");
  q.type = "language";
  EXPECT_EQ(ids(q), "phoenix");
  q.type = "nothing";
  EXPECT_EQ(ids(q), "");
}

TEST_P(SearchContract, PagesInAnOrderThatStays) {
  for (int i = 9; i >= 0; --i)
    put({"t", "k" + std::to_string(i)}, R"({"text":"equal in every way"})");
  auto whole = ids("equal");
  EXPECT_EQ(whole.size(), 10 * 3 - 1u) << whole;
  std::string paged;
  for (std::uint32_t offset = 0; offset < 12; offset += 4) {
    auto q = query_of("equal");
    q.limit = 4;
    q.offset = offset;
    paged += (offset > 0 ? " " : "") + ids(q);
  }
  EXPECT_EQ(paged, whole);
}

TEST_P(SearchContract, SeesEveryWriteAtOnce) {
  fill();
  index_all();
  auto info = put({"language", "elixir"}, R"({"text":"marmalade"})");
  auto found = search("marmalade").found;
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].revision, info.revision);
  EXPECT_EQ(found[0].version, 2);
  EXPECT_EQ(ids("erlang"), "");
  ASSERT_TRUE(write(delete_of({"language", "elixir"})));
  EXPECT_EQ(ids("marmalade"), "");
  world_->program_put({"t", "past"}, R"({"text":"marmalade again"})");
  EXPECT_EQ(ids("marmalade"), "past");
  world_->program_rename({"t", "past"}, {"t", "present"});
  EXPECT_EQ(ids("marmalade"), "present");
  world_->truncate();
  EXPECT_EQ(ids("marmalade"), "");
}

TEST_P(SearchContract, ShowsThePassage) {
  std::string filler;
  for (int i = 0; i < 300; ++i)
    filler += "lorem ipsum ";
  put({"t", "long"}, R"({"text":")" + filler
                         + R"(then came a giraffe, it is said.","more":")"
                         + filler + R"("})");
  for (int round = 0; round < 2; ++round) {
    auto found = search("giraffes").found;
    ASSERT_EQ(found.size(), 1u);
    EXPECT_NE(found[0].highlight.find("<b>giraffe</b>"), std::string::npos)
        << found[0].highlight;
    EXPECT_LT(found[0].highlight.size(), 1000u);
    index_all();
  }
}

TEST_P(SearchContract, TakesPhrasesAlternativesAndExclusions) {
  fill();
  EXPECT_EQ(ids("\"real time\""), "live-view");
  EXPECT_EQ(ids("\"time real\""), "");
  auto either = ids("polling or erlang");
  EXPECT_TRUE(either == "elixir socket.io" || either == "socket.io elixir")
      << either;
  EXPECT_EQ(ids("channels -elixir"), "live-view");
  // However many dashes, it is one exclusion; without a word after it, none.
  EXPECT_EQ(ids("channels --elixir"), "live-view");
  EXPECT_EQ(ids("channels - elixir"), "phoenix");
  EXPECT_EQ(ids("channels -\"web framework\""), "live-view");
}

TEST_P(SearchContract, TakesAnyTextForAQuery) {
  fill();
  for (std::string words :
       {"'", "\"", "\\", "a' OR 1=1 --", "- -", "or", "or or", "\"\"", "!&|()",
        "phoenix:*", "<->", "%", "\"unclosed phrase", "-", "=phoenix",
        "gr\xc3\xbc\xc3\x9f", "\xff\xfe"})
    search(words);
  search(std::string("nul\0l", 5));
  search(std::string(4096, 'x'));
  search(std::string(500, '-') + "phoenix");
  std::string many;
  for (auto* part : {"- ", "-.", "-(", "-'", "-\"", "-or ", "-\\", "-!"}) {
    many = "phoenix ";
    for (int i = 0; i < 200; ++i)
      many += part;
    search(many + "channels");
  }
}

TEST_P(SearchContract, FindsValuesOfAnyShape) {
  put({"t", "deep"}, R"({"a":)" + std::string(40, '[') + "\"needle\""
                         + std::string(40, ']') + "}");
  put({"t", "odd"}, R"({"s":"\u0000 haystack"})");
  put({"t", "numbers"}, R"({"name":7,"description":["several","pins"]})");
  std::string text;
  for (int i = 0; i < 60'000; ++i)
    text += "w" + std::to_string(i) + ' ';
  put({"t", "large"}, R"({"text":")" + text + R"("})");
  EXPECT_EQ(ids("needle"), "deep");
  EXPECT_EQ(ids("haystack"), "odd");
  EXPECT_EQ(ids("pins"), "numbers");
  EXPECT_EQ(ids("w17"), "large");
}

}  // namespace larder::test
