#include "tests/simulation/checker.hpp"

#include <gtest/gtest.h>

namespace larder::simulation {
namespace {

using namespace std::chrono_literals;

// A key that is written at 1 s ("a"), 2 s ("b") and 3 s ("c"), and histories
// with one thing wrong each.
struct CheckerTest : ::testing::Test {
  test::world w{1};
  std::shared_ptr<test::memory_database> database =
      std::make_shared<test::memory_database>([] { return 0; });
  truth_log truth{w, database};
  key k{"framework", "phoenix"};
  history h;

  CheckerTest() {
    for (auto revision : {1, 2, 3}) {
      auto began = w.now() + 990ms;
      w.run_until(revision * 1s);
      std::string content(1, static_cast<char>('a' + revision - 1));
      truth.committed(k, {revision, revision, epoch{"e"}}, content);
      operation o = answered(action::write, began, w.now() + 10ms);
      o.content = content;
      o.revision = revision;
      h.push_back(o);
    }
    w.run_until(100s);
  }

  operation answered(action what, test::world::duration began,
                     test::world::duration ended) {
    operation o;
    o.action = what;
    o.key = k;
    o.began = began;
    o.ended = ended;
    o.answered = true;
    return o;
  }

  operation& read(test::world::duration began, std::int64_t revision) {
    auto o = answered(action::read, began, began + 10ms);
    o.revision = revision;
    o.value = std::string(1, static_cast<char>('a' + revision - 1));
    return h.emplace_back(o);
  }

  operation& read_nothing(test::world::duration began) {
    auto o = answered(action::read, began, began + 10ms);
    o.failure = ec::not_found;
    return h.emplace_back(o);
  }

  std::string blame() {
    auto found = check(h, truth);
    EXPECT_LE(found.size(), 1u);
    if (found.empty())
      return "";
    EXPECT_EQ(found[0].operation, h.size() - 1);
    return found[0].what;
  }
};

TEST_F(CheckerTest, FindsNothingWrongWithAnEmptyHistory) {
  EXPECT_TRUE(check({}, truth).empty());
  EXPECT_EQ(blame(), "");
}

TEST_F(CheckerTest, AllowsAReadOfTheNewestState) {
  read(10s, 3);
  EXPECT_EQ(blame(), "");
}

TEST_F(CheckerTest, AllowsAnOlderStateWithinTheBound) {
  // "c" was acknowledged at 3.01 s.
  read(5009ms, 2);
  EXPECT_EQ(blame(), "");
}

TEST_F(CheckerTest, RefusesAnOlderStatePastTheBound) {
  read(5010ms, 2);
  EXPECT_NE(blame().find("unmarked read of revision 2, replaced by 3"),
            std::string::npos);
}

TEST_F(CheckerTest, AllowsAMarkedOldState) {
  read(60s, 1).stale = true;
  EXPECT_EQ(blame(), "");
}

TEST_F(CheckerTest, RefusesAMarkedStateThatWasNotAllowed) {
  auto& o = read(60s, 1);
  o.stale = true;
  o.allow_stale = false;
  EXPECT_NE(blame().find("allowed none"), std::string::npos);
}

TEST_F(CheckerTest, RefusesAStateThatWasNeverCommitted) {
  read(60s, 3).value = "d";
  EXPECT_NE(blame().find("never committed"), std::string::npos);
}

TEST_F(CheckerTest, RefusesARevisionWithAnotherRevisionsContent) {
  read(60s, 3).value = "b";
  EXPECT_NE(blame().find("never committed"), std::string::npos);
}

TEST_F(CheckerTest, RefusesAStateFromTheFuture) {
  read(2500ms, 3);
  EXPECT_NE(blame().find("never committed"), std::string::npos);
}

TEST_F(CheckerTest, RefusesARevisionBelowTheAskedOneThoughMarked) {
  auto& o = read(60s, 2);
  o.stale = true;
  o.min_revision = 3;
  EXPECT_NE(blame().find("older than the asked 3"), std::string::npos);
}

TEST_F(CheckerTest, RefusesNotFoundForAKeyThatIsThere) {
  read_nothing(60s);
  EXPECT_NE(blame().find("unmarked read of revision 0"), std::string::npos);
}

TEST_F(CheckerTest, AllowsNotFoundAfterADeletion) {
  truth.committed(k, {4, 3, epoch{"e"}}, std::nullopt);
  w.run_until(110s);
  read_nothing(105s);
  EXPECT_EQ(blame(), "");
}

TEST_F(CheckerTest, RefusesADeletedValuePastTheBound) {
  truth.committed(k, {4, 3, epoch{"e"}}, std::nullopt);
  auto o = answered(action::remove, 99s, 100s);
  o.revision = 4;
  h.push_back(o);
  w.run_until(110s);
  read(103s, 3);
  EXPECT_NE(blame().find("replaced by 4"), std::string::npos);
}

TEST_F(CheckerTest, RefusesNotFoundFromBeforeTheAskedRevision) {
  auto& o = read_nothing(500ms);
  o.min_revision = 1;
  EXPECT_NE(blame().find("older than the asked 1"), std::string::npos);
}

TEST_F(CheckerTest, HoldsAProgramPastLarderForAWriterThatKnows) {
  truth.committed(k, {4, 4, epoch{"e"}}, "x", true);
  w.run_until(110s);
  read(101999ms, 3);
  EXPECT_EQ(blame(), "");
  read(102s, 3);
  EXPECT_NE(blame().find("replaced by 4"), std::string::npos);
}

TEST_F(CheckerTest, RefusesAnAcknowledgedWriteThatWasNeverCommitted) {
  auto o = answered(action::write, 50s, 51s);
  o.content = "lost";
  o.revision = 4;
  h.push_back(o);
  EXPECT_NE(blame().find("never committed"), std::string::npos);
}

TEST_F(CheckerTest, RefusesAnAcknowledgementBeforeTheCommit) {
  truth.committed(k, {4, 4, epoch{"e"}}, "d");
  auto o = answered(action::write, 98s, 99s);
  o.content = "d";
  o.revision = 4;
  h.push_back(o);
  EXPECT_NE(blame().find("before its commit"), std::string::npos);
}

TEST_F(CheckerTest, AllowsAnUnknownOutcomeEitherWay) {
  auto o = answered(action::write, 50s, 51s);
  o.content = "lost";
  o.failure = ec::unavailable;
  h.push_back(o);
  o.answered = false;
  h.push_back(o);
  EXPECT_EQ(blame(), "");
}

TEST_F(CheckerTest, RefusesAConditionalWriteOnTopOfAnotherRevision) {
  h.back().expected_revision = 2;
  EXPECT_EQ(blame(), "");
  h.back().expected_revision = 1;
  EXPECT_NE(blame().find("expected revision 1, but replaced 2"),
            std::string::npos);
}

}  // namespace
}  // namespace larder::simulation
