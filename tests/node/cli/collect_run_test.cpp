#include "node/cli/collect_run.hpp"

#include "node/cli/exit_code.hpp"
#include "storage/error.hpp"

#include <gtest/gtest.h>

#include <map>

namespace larder::cli {

namespace {

using namespace std::chrono_literals;

class CollectRunTest : public ::testing::Test {
 protected:
  collect_report run(const std::vector<wanted_package>& packages) {
    auto limits = collect_limits;
    limits.window = 2;
    limits.first_pause = 1ms;
    collect_calls calls;
    calls.stored = [this](const wanted_package& p, auto done) {
      auto found = stored.find(p.name);
      if (found == stored.end())
        done(fail(ec::not_found, "nothing"));
      else
        done(found->second);
    };
    calls.collect = [this](const wanted_package& p, auto done) {
      asked.push_back(p.name);
      most = std::max(most, ++in_flight);
      auto& answers = script[p.name];
      auto answer =
          answers.empty()
              ? collect_result{"collected", "1.0.0", true, 3, 1'000, 1'100, {}}
              : std::move(answers.front());
      if (!answers.empty())
        answers.erase(answers.begin());
      --in_flight;
      done(std::move(answer));
    };
    return run_collect(packages, calls, limits,
                       [this](std::uint64_t done) { progress = done; });
  }

  std::map<std::string, std::string> stored;
  std::map<std::string, std::vector<caf::expected<collect_result>>> script;
  std::vector<std::string> asked;
  int in_flight = 0;
  int most = 0;
  std::uint64_t progress = 0;
};

TEST_F(CollectRunTest, CountsWhatWasCollected) {
  script["b"] = {collect_result{"unchanged", "1", true, 1, 10, 0, {}}};
  script["c"] = {collect_result{"stale", "1", true, 1, 10, 0, "503"}};
  auto got = run({{"npm", "a", ""}, {"npm", "b", ""}, {"npm", "c", ""}});
  EXPECT_EQ(got.collected, 1u);
  EXPECT_EQ(got.unchanged, 1u);
  EXPECT_EQ(got.stale, 1u);
  EXPECT_EQ(got.verified, 3u);
  EXPECT_EQ(got.snippets, 5u);
  EXPECT_EQ(got.archive_bytes, 1'020u);
  EXPECT_EQ(got.downloaded_bytes, 1'100u);
  EXPECT_EQ(progress, 3u);
  EXPECT_EQ(exit_code_of(got), exit_try_again);
}

TEST_F(CollectRunTest, PassesOverWhatIsThereAndVerified) {
  stored["a"] = R"({"ecosystem":"npm","name":"a","version":"1.0.0",)"
                R"("archive":{"url":"http://x.test","digest":"d",)"
                R"("algorithm":"sha1","bytes":7,"verified":true}})";
  stored["b"] = R"({"ecosystem":"npm","name":"b","version":"1.0.0"})";
  auto got = run({{"npm", "a", "1.0.0"}, {"npm", "b", "1.0.0"}});
  EXPECT_EQ(asked, (std::vector<std::string>{"b"}));
  EXPECT_EQ(got.present, 1u);
  EXPECT_EQ(got.collected, 1u);
  EXPECT_EQ(exit_code_of(got), exit_done);
}

TEST_F(CollectRunTest, AsksAgainWhatMayPassAndNothingElse) {
  auto busy = [] {
    return caf::expected<collect_result>{fail(ec::busy, "later")};
  };
  script["a"] = {busy(), busy()};
  script["b"] = {busy(), busy(), busy()};
  script["c"] = {fail(ec::invalid_request, "a wrong digest")};
  auto got = run({{"npm", "a", ""}, {"npm", "b", ""}, {"npm", "c", ""}});
  EXPECT_EQ(got.collected, 1u);
  EXPECT_EQ(got.retries, 4u);
  ASSERT_EQ(got.failures.size(), 2u);
  EXPECT_EQ(asked.size(), 7u);
  EXPECT_EQ(exit_code_of(got), exit_usage);
}

TEST_F(CollectRunTest, ReadsTheSummaryOfANode) {
  auto got = parse_collect_reply(
      R"({"ecosystem":"npm","name":"a","version":"1.2.3","snippets":4,)"
      R"("archive_bytes":10,"verified":true,"downloaded_bytes":12,)"
      R"("outcome":"collected"})");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->version, "1.2.3");
  EXPECT_EQ(got->snippets, 4u);
  EXPECT_TRUE(got->verified);
  for (auto bad : {"", "[]", "{}", R"({"outcome":7})"})
    EXPECT_FALSE(parse_collect_reply(bad)) << bad;
}

}  // namespace

}  // namespace larder::cli
