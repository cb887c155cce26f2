#include "actors/collector.hpp"

#include "tests/support/actor_fixture.hpp"

namespace larder::test {

namespace {

using namespace std::chrono_literals;

collect_request asked_for(std::string name, std::string version = {}) {
  collect_request request;
  request.package = {"npm", std::move(name)};
  request.version = std::move(version);
  return request;
}

class CollectorTest : public actor_fixture {
 protected:
  /// Collectors with so many workers, all scripted by `answer`.
  collector_actor spawn(std::size_t workers, std::size_t max_waiting = 100) {
    collector_context context;
    for (std::size_t i = 0; i < workers; ++i)
      context.workers.push_back(own(sys().spawn(
          collect_worker, collect_function{[this](const collect_request& r) {
            calls.push_back(r.package.name + "@" + r.version);
            return answer(r);
          }})));
    context.max_waiting = max_waiting;
    return own(sys().spawn(collector, std::move(context)));
  }

  std::vector<std::string> calls;
  std::function<collect_reply(const collect_request&)> answer =
      [](const collect_request& r) {
        collect_reply reply;
        reply.outcome = collect_outcome::collected;
        reply.document = "{\"name\":\"" + r.package.name + "\"}";
        reply.bytes = 10;
        return reply;
      };
};

TEST_F(CollectorTest, DownloadsAPackageOnceForAllWhoAskForItAtOnce) {
  auto subject = spawn(2);
  auto first = ask(subject, 1s, collect_atom::value, asked_for("express"));
  auto second = ask(subject, 1s, collect_atom::value, asked_for("express"));
  auto other =
      ask(subject, 1s, collect_atom::value, asked_for("express", "4.0.0"));
  for (auto& waiting : {first, second, other}) {
    auto got = await(waiting);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->outcome, collect_outcome::collected);
    EXPECT_EQ(got->document, R"({"name":"express"})");
  }
  EXPECT_EQ(calls.size(), 2u);
  auto stats = request(subject, 1s, stats_atom::value);
  ASSERT_TRUE(stats);
  EXPECT_EQ(stats->asked, 3u);
  EXPECT_EQ(stats->joined, 1u);
  EXPECT_EQ(stats->collected, 2u);
  EXPECT_EQ(stats->bytes, 20u);
}

TEST_F(CollectorTest, AsksAgainOnceTheFirstDownloadIsDone) {
  auto subject = spawn(1);
  ASSERT_TRUE(request(subject, 1s, collect_atom::value, asked_for("a")));
  ASSERT_TRUE(request(subject, 1s, collect_atom::value, asked_for("a")));
  EXPECT_EQ(calls.size(), 2u);
}

TEST_F(CollectorTest, GivesEveryPackageAWorkerInTheOrderOfAsking) {
  auto subject = spawn(1);
  std::vector<pending<collect_reply>> waiting;
  for (auto name : {"a", "b", "c", "d"})
    waiting.push_back(ask(subject, 1s, collect_atom::value, asked_for(name)));
  for (auto& one : waiting)
    EXPECT_TRUE(await(one));
  EXPECT_EQ(calls.size(), 4u);
}

TEST_F(CollectorTest, IsBusyWhenTooManyPackagesWait) {
  auto subject = spawn(1, 1);
  std::vector<pending<collect_reply>> waiting;
  for (auto name : {"a", "b", "c", "d", "e", "f"})
    waiting.push_back(ask(subject, 1s, collect_atom::value, asked_for(name)));
  std::size_t busy = 0;
  for (auto& one : waiting) {
    auto got = await(one);
    if (!got) {
      EXPECT_EQ(code_of(got.error()), ec::busy);
      ++busy;
    }
  }
  EXPECT_GT(busy, 0u);
  EXPECT_EQ(busy + calls.size(), 6u);
}

TEST_F(CollectorTest, HandsFailuresBackWithTheStateToKeep) {
  answer = [](const collect_request&) {
    collect_reply reply;
    reply.failure = fail(ec::not_found, "there is no such package");
    reply.state = "remember that";
    return reply;
  };
  auto subject = spawn(1);
  auto got = request(subject, 1s, collect_atom::value, asked_for("a"));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->outcome, collect_outcome::failed);
  EXPECT_EQ(code_of(got->failure), ec::not_found);
  EXPECT_EQ(got->state, "remember that");
  auto stats = request(subject, 1s, stats_atom::value);
  ASSERT_TRUE(stats);
  EXPECT_EQ(stats->failed, 1u);
}

}  // namespace

}  // namespace larder::test
