#include "cluster/consistency.hpp"

#include <gtest/gtest.h>

namespace larder {

namespace {

using namespace std::chrono_literals;

const epoch now_epoch{"2"};
const epoch old_epoch{"1"};

fingerprint truth(std::int64_t revision, std::string digest = "x",
                  epoch at = now_epoch) {
  return {{"t", "a"}, {revision, 1, at}, !digest.empty(), digest, 0ms};
}

answer_mark answer(std::int64_t revision, std::string digest = "x",
                   epoch at = now_epoch) {
  return {!digest.empty(), {revision, 1, at}, digest, false};
}

TEST(ConsistencyTest, IsFreshFromTheKnownRevisionOn) {
  EXPECT_EQ(judge(answer(5), truth(5), truth(5)), verdict::fresh);
  EXPECT_EQ(judge(answer(6, "y"), truth(5), truth(6, "y")), verdict::fresh);
  EXPECT_EQ(judge(answer(6, "y"), truth(5), truth(9, "z")), verdict::fresh);
  EXPECT_EQ(judge(answer(4, "w"), truth(5), truth(5)), verdict::older);
}

TEST(ConsistencyTest, ForgivesWhatIsMarked) {
  auto stale = answer(4);
  stale.stale = true;
  EXPECT_EQ(judge(stale, truth(5), truth(5)), verdict::marked);
  EXPECT_TRUE(keeps_promise(verdict::marked));
}

TEST(ConsistencyTest, ComparesTheBytesOfOneRevision) {
  EXPECT_EQ(judge(answer(5, "other"), truth(5), truth(5)),
            verdict::other_bytes);
  // Somebody went past the triggers, and the answer is of after that.
  EXPECT_EQ(judge(answer(5, "new"), truth(5), truth(5, "new")), verdict::fresh);
  // Not known.
  auto large = answer(5);
  large.digest.clear();
  EXPECT_EQ(judge(large, truth(5), truth(5)), verdict::fresh);
}

TEST(ConsistencyTest, KnowsRevisionsThatDoNotExist) {
  EXPECT_EQ(judge(answer(7), truth(5), truth(6)), verdict::from_nowhere);
}

TEST(ConsistencyTest, HoldsADeletionAgainstAValue) {
  EXPECT_EQ(judge(answer(4), truth(5, ""), truth(5, "")), verdict::older);
  // JetStream's own marker of a deletion, older than a put.
  EXPECT_EQ(judge(answer(4, ""), truth(5), truth(5)), verdict::older);
  EXPECT_EQ(judge(answer(5, ""), truth(5, ""), truth(5, "")), verdict::fresh);
}

TEST(ConsistencyTest, TakesAnAbsenceWithoutARevisionForWhatItCanBe) {
  answer_mark absent;
  EXPECT_EQ(judge(absent, truth(5, ""), truth(5, "")), verdict::fresh);
  EXPECT_EQ(judge(absent, truth(5), truth(5)), verdict::older);
  // Deleted, or written again, in between.
  EXPECT_EQ(judge(absent, truth(5), truth(6, "")), verdict::fresh);
  EXPECT_EQ(judge(absent, truth(5), truth(7)), verdict::fresh);
}

TEST(ConsistencyTest, GoesByTheBytesAcrossEpochs) {
  EXPECT_EQ(judge(answer(9, "x", old_epoch), truth(5), truth(5)),
            verdict::fresh);
  EXPECT_EQ(judge(answer(9, "w", old_epoch), truth(5), truth(5)),
            verdict::older);
  // The epoch has only now begun.
  EXPECT_EQ(judge(answer(6, "y"), truth(9, "x", old_epoch), truth(6, "y")),
            verdict::fresh);
  EXPECT_EQ(judge(answer(7, "y"), truth(9, "x", old_epoch), truth(6, "y")),
            verdict::from_nowhere);
}

TEST(ConsistencyTest, NamesEveryVerdict) {
  EXPECT_EQ(name_of(verdict::older), "is older");
  EXPECT_EQ(name_of(verdict::other_bytes), "has other bytes");
}

TEST(ConsistencyTest, RemembersSinceWhenSomethingIsKnown) {
  truth_history h;
  truth_history::time_point t{1h};
  EXPECT_TRUE(h.empty());
  EXPECT_EQ(h.known_at(t), nullptr);
  h.learn(truth(5), t);
  h.learn(truth(5), t + 3s);
  h.learn(truth(6), t + 4s);
  EXPECT_EQ(h.known_at(t - 1s), nullptr);
  EXPECT_EQ(h.known_at(t)->info.revision, 5);
  EXPECT_EQ(h.known_at(t + 3s)->info.revision, 5);
  EXPECT_EQ(h.known_at(t + 4s)->info.revision, 6);
  EXPECT_EQ(h.latest().info.revision, 6);
}

TEST(ConsistencyTest, LearnsOtherBytesOfOneRevisionAsSomethingNew) {
  truth_history h;
  truth_history::time_point t{1h};
  auto large = truth(5);
  large.digest.clear();
  h.learn(large, t);
  h.learn(truth(5), t + 1s);
  EXPECT_EQ(h.known_at(t)->digest, "x");
  h.learn(truth(5, "y"), t + 2s);
  EXPECT_EQ(h.known_at(t + 1s)->digest, "x");
  EXPECT_EQ(h.known_at(t + 2s)->digest, "y");
}

TEST(ConsistencyTest, ForgetsOnlyWhatNobodyNeeds) {
  truth_history h;
  truth_history::time_point t{1h};
  for (int i = 0; i < 5; ++i)
    h.learn(truth(i + 1), t + i * 1s);
  h.forget_before(t + 2500ms);
  EXPECT_EQ(h.known_at(t + 1s), nullptr);
  EXPECT_EQ(h.known_at(t + 2500ms)->info.revision, 3);
  EXPECT_EQ(h.latest().info.revision, 5);
}

}  // namespace

}  // namespace larder
