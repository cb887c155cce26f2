#include "actors/sampler.hpp"

#include "tests/actors/scripted_peers.hpp"
#include "tests/actors/scripted_ports.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/memory_store.hpp"

#include <caf/event_based_actor.hpp>

#include <algorithm>
#include <map>

namespace larder::test {

namespace {

using namespace std::chrono_literals;

class SamplerTest : public actor_fixture {
 protected:
  SamplerTest() {
    actors_.set_time(time_point{24h});
    freshness->fence_until = nanoseconds_of(time_point{1'000h});
    freshness->bucket_generation = 3;
    relay.active = true;
  }

  void start(std::uint32_t keys = 64) {
    sampler_context context;
    context.truth = std::make_shared<std::unique_ptr<truth_store>>(
        std::make_unique<memory_store>(database));
    context.freshness = freshness;
    context.peers = nodes;
    context.log = log;
    context.board = board;
    context.warm =
        raw<warm_actor>([this](get_atom, const key& k) { return shared[k]; });
    context.relay = raw<relay_actor>([this](stats_atom) { return relay; });
    context.node = "one";
    context.keys = keys;
    checker = own(sys().spawn(sampler, std::move(context)));
    run();
  }
  /// An actor that knows how to answer one question.
  template <class Handle, class F>
  Handle raw(F answer) {
    auto actor =
        sys().spawn([answer](caf::event_based_actor*) -> caf::behavior {
          return {answer};
        });
    return own(caf::actor_cast<Handle>(actor));
  }
  sampler_stats stats() {
    run();
    return board->read();
  }
  sampler_stats::share share(std::size_t window) {
    return stats().total[window];
  }
  static answer_mark mark(const version_info& info, std::string_view content) {
    return {true, info, digest_of(content), false};
  }
  /// Every node holds it.
  version_info put(const key& k, const std::string& content) {
    auto info = database->put(k, content);
    spread(k, info, content);
    return info;
  }
  void spread(const key& k, const version_info& info,
              const std::string& content) {
    for (auto& [node, entries] : nodes->memory)
      entries[k] = mark(info, content);
  }
  void put_into_shared(const version_info& info, const std::string& content) {
    shared[a] = {artifact::make(a, content, info), info, 3, 1};
  }
  /// What was published so far, acknowledged.
  std::vector<std::string> healed() {
    std::vector<std::string> subjects;
    while (!log->published.empty()) {
      auto p = std::move(log->published.front());
      log->published.pop_front();
      subjects.push_back(p.subject);
      p.done(std::uint64_t{1});
    }
    run();
    return subjects;
  }

  key a{"t", "a"};
  std::shared_ptr<memory_database> database = std::make_shared<memory_database>(
      [this] { return nanoseconds_of(now()); });
  std::shared_ptr<larder::freshness> freshness =
      std::make_shared<larder::freshness>();
  std::shared_ptr<scripted_peers> nodes = std::make_shared<scripted_peers>();
  std::shared_ptr<sampler_board> board = std::make_shared<sampler_board>();
  std::shared_ptr<scripted_log> log = std::make_shared<scripted_log>();
  std::map<key, kv_entry> shared;
  relay_stats relay;
  sampler_actor checker;
};

TEST_F(SamplerTest, FindsNothingWrongWithNodesThatFollow) {
  nodes->memory = {{"one", {}}, {"two", {}}};
  start();
  for (int i = 0; i < 30; ++i) {
    put(a, "{\"n\":" + std::to_string(i) + "}");
    put({"t", std::to_string(i)}, "{}");
    run_for(700ms);
  }
  auto s = stats();
  EXPECT_TRUE(s.active);
  EXPECT_GT(s.total[0].reads, 50u);
  EXPECT_GT(s.total[1].reads, 20u);
  EXPECT_EQ(s.total[0].consistent, s.total[0].reads);
  EXPECT_EQ(s.recent[0].reads, s.total[0].reads);
  EXPECT_EQ(s.inconsistent, 0u);
  EXPECT_TRUE(log->published.empty());
  EXPECT_TRUE(nodes->reads.empty());
}

TEST_F(SamplerTest, FindsANodeThatMissedAChangeAndHealsIt) {
  nodes->memory = {{"one", {}}, {"two", {}}};
  auto old = put(a, R"({"n":1})");
  start();
  run_for(20s);
  put(a, R"({"n":2})");
  nodes->memory["two"][a] = mark(old, R"({"n":1})");
  ASSERT_TRUE(run_until([&] { return !log->published.empty(); }, 6s));
  EXPECT_EQ(stats().inconsistent, 1u);
  EXPECT_EQ(share(0).reads - share(0).consistent, 1u);
  // Of the change of 10 s ago it knew.
  EXPECT_EQ(share(1).reads, share(1).consistent);
  EXPECT_GT(share(1).reads, 0u);
  EXPECT_EQ(healed(), std::vector<std::string>{"template.invalidate.t.a"});
  EXPECT_EQ(stats().repaired, 1u);
  nodes->memory["two"].erase(a);
  run_for(5s);
  // The read that replaces what JetStream has.
  using reads = std::vector<std::pair<std::string, key>>;
  EXPECT_EQ(nodes->reads, (reads{{"one", a}}));
  EXPECT_EQ(stats().inconsistent, 1u);
}

TEST_F(SamplerTest, AllowsANodeTwoSecondsToFollow) {
  nodes->memory = {{"one", {}}};
  auto info = put(a, "{}");
  start();
  for (auto late = 100ms; late < 2s; late += 190ms) {
    auto content = "{\"n\":" + std::to_string(late.count()) + "}";
    info = database->put(a, content);
    run_for(late);
    spread(a, info, content);
    run_for(5s);
  }
  EXPECT_EQ(stats().inconsistent, 0u);
  EXPECT_GT(share(0).reads, 10u);
}

TEST_F(SamplerTest, CountsFromTheCommitNotFromTheBeginning) {
  nodes->memory = {{"one", {}}};
  put(a, "{}");
  start();
  run_for(10s);
  auto open = database->begin_put(a, R"({"n":2})");
  run_for(30s);
  database->commit(open);
  run_for(1500ms);
  memory_store reading{database};
  spread(a, reading.get({&a, 1})->front().info, R"({"n":2})");
  run_for(10s);
  EXPECT_EQ(stats().inconsistent, 0u);
}

TEST_F(SamplerTest, ComparesBytesToo) {
  nodes->memory = {{"one", {}}};
  auto info = put(a, R"({"n":1})");
  start();
  run_for(10s);
  EXPECT_EQ(stats().inconsistent, 0u);
  nodes->memory["one"][a] = mark(info, R"({"n":"other"})");
  ASSERT_TRUE(run_until([&] { return !log->published.empty(); }, 3s));
}

TEST_F(SamplerTest, FindsWhatNodesHoldThoughItDidNotChangeLately) {
  put(a, R"({"n":1})");
  run_for(24h);
  nodes->memory = {{"one", {}}};
  nodes->memory["one"][a] = mark(database->put({"t", "b"}, "{}"), "{}");
  nodes->memory["one"][a].info.revision = 0;
  start();
  EXPECT_TRUE(run_until([&] { return !log->published.empty(); }, 10s));
}

TEST_F(SamplerTest, FindsAValueThatWasDeletedOrNeverCommitted) {
  nodes->memory = {{"one", {}}};
  key b{"t", "b"};
  put(a, "{}");
  put(b, "{}");
  start();
  run_for(10s);
  database->erase(a);
  nodes->memory["one"][b].info.revision += 1'000;
  run_for(10s);
  auto subjects = healed();
  EXPECT_TRUE(
      std::count(subjects.begin(), subjects.end(), "template.invalidate.t.a"));
  EXPECT_TRUE(
      std::count(subjects.begin(), subjects.end(), "template.invalidate.t.b"));
}

TEST_F(SamplerTest, FindsAValueOfAnEpochThatIsOver) {
  nodes->memory = {{"one", {}}};
  key b{"t", "b"};
  put(a, R"({"n":1})");
  put(b, R"({"n":1})");
  auto backup = database->back_up();
  put(a, R"({"n":2})");
  start();
  run_for(10s);
  database->restore(*backup);
  run_for(10s);
  // What has not gone back in time is as it was, whatever its epoch.
  auto subjects = healed();
  EXPECT_FALSE(subjects.empty());
  EXPECT_EQ(
      std::count(subjects.begin(), subjects.end(), "template.invalidate.t.a"),
      static_cast<long>(subjects.size()));
}

TEST_F(SamplerTest, HealsWhatJetStreamHasThoughNobodyIsAnsweredIt) {
  nodes->memory = {{"one", {}}, {"two", {}}};
  auto old = put(a, R"({"n":1})");
  auto info = put(a, R"({"n":2})");
  put_into_shared(info, R"({"n":2})");
  start();
  run_for(10s);
  EXPECT_TRUE(log->published.empty());
  put_into_shared(old, R"({"n":1})");
  ASSERT_TRUE(run_until([&] { return !log->published.empty(); }, 6s));
  EXPECT_EQ(nodes->reads.size(), 2u);
  EXPECT_EQ(stats().inconsistent, 0u);
  EXPECT_EQ(healed(), std::vector<std::string>{"template.invalidate.t.a"});
}

TEST_F(SamplerTest, CountsWhatClientsAreAnsweredFromJetStream) {
  nodes->memory = {{"one", {}}, {"two", {}}};
  auto old = database->put(a, R"({"n":1})");
  database->put(a, R"({"n":2})");
  put_into_shared(old, R"({"n":1})");
  nodes->below["one"][a] = mark(old, R"({"n":1})");
  nodes->below["two"][a] = mark(old, R"({"n":1})");
  nodes->below["two"][a].stale = true;
  start();
  ASSERT_TRUE(run_until([&] { return !log->published.empty(); }, 10s));
  // The one that said so is not to blame.
  EXPECT_EQ(stats().inconsistent, 1u);
}

TEST_F(SamplerTest, BelievesNothingOfJetStreamWhileThereIsNoFence) {
  auto old = database->put(a, R"({"n":1})");
  database->put(a, R"({"n":2})");
  put_into_shared(old, R"({"n":1})");
  nodes->memory = {{"one", {}}};
  freshness->fence_until = 0;
  start();
  run_for(20s);
  EXPECT_TRUE(log->published.empty());
  EXPECT_TRUE(nodes->reads.empty());
}

TEST_F(SamplerTest, PassesOverEntriesThatAreVoid) {
  auto old = database->put(a, R"({"n":1})");
  database->put(a, R"({"n":2})");
  put_into_shared(old, R"({"n":1})");
  shared[a].generation = 2;
  nodes->memory = {{"one", {}}};
  start();
  run_for(20s);
  EXPECT_TRUE(log->published.empty());
  shared[a].generation = 3;
  EXPECT_TRUE(run_until([&] { return !log->published.empty(); }, 10s));
}

TEST_F(SamplerTest, LeavesItToTheNodeThatHasTheLease) {
  nodes->memory = {{"one", {}}};
  put(a, "{}");
  relay.active = false;
  start();
  run_for(1min);
  EXPECT_EQ(nodes->rounds, 0);
  EXPECT_EQ(database->query_count(), 0u);
  EXPECT_FALSE(stats().active);
  relay.active = true;
  run_for(10s);
  EXPECT_GT(share(0).reads, 0u);
}

TEST_F(SamplerTest, JudgesNobodyWithoutTheSourceOfTruth) {
  nodes->memory = {{"one", {}}};
  auto old = put(a, R"({"n":1})");
  start();
  run_for(10s);
  auto reads = share(0).reads;
  put(a, R"({"n":2})");
  nodes->memory["one"][a] = mark(old, R"({"n":1})");
  database->set_available(false);
  run_for(20s);
  EXPECT_EQ(share(0).reads, reads);
  EXPECT_TRUE(log->published.empty());
  database->set_available(true);
  EXPECT_TRUE(run_until([&] { return !log->published.empty(); }, 10s));
}

TEST_F(SamplerTest, AsksForNoMoreKeysThanItMay) {
  nodes->memory = {{"one", {}}};
  for (int i = 0; i < 5'000; ++i)
    put({"t", std::to_string(i)}, "{}");
  start(16);
  run_for(3min);
  auto rounds = static_cast<std::uint64_t>(nodes->rounds);
  EXPECT_LE(share(0).reads, rounds * 16);
  EXPECT_GT(share(0).reads, rounds * 8);
  EXPECT_GT(share(2).reads, 0u);
  // Its own keys, and those of each round that are new.
  EXPECT_LE(database->queries().fingerprints, 2 * rounds);
}

TEST_F(SamplerTest, ForgetsOldRoundsButNotWhatItCounted) {
  nodes->memory = {{"one", {}}};
  put(a, "{}");
  start();
  run_for(20min);
  auto s = stats();
  EXPECT_LT(s.recent[0].reads, s.total[0].reads);
  EXPECT_GT(s.recent[0].reads, 0u);
}

TEST_F(SamplerTest, SaysWhatTheSourceOfTruthHas) {
  auto info = database->put(a, "{}");
  start();
  auto ask_for = [&](survey_question what) {
    what.limit = 10;
    return request(checker, 1s, survey_atom::value, what);
  };
  for (auto& what : {survey_question{{a}}, survey_question{{}, 1h},
                     survey_question{{}, 0ms, "t"}}) {
    auto found = ask_for(what);
    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), 1u);
    EXPECT_EQ(found->front().info, info);
    EXPECT_EQ(found->front().digest, digest_of("{}"));
  }
  database->set_available(false);
  EXPECT_EQ(code_of(ask_for({}).error()), ec::unavailable);
}

}  // namespace

}  // namespace larder::test
