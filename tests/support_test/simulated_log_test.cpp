#include "tests/support/simulated_log.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace larder::test {
namespace {

struct SimulatedLogTest : ::testing::Test {
  world w{1};
  process p = w.start_node();
  simulated_log_server server{w};
  simulated_log log{server, w, p};
  std::vector<std::uint64_t> read;
  std::vector<log_record> records;
  int lost = 0;

  SimulatedLogTest() { server.info(); }
  ~SimulatedLogTest() override { w.end(); }

  void publish(int n) {
    for (; n > 0; --n)
      ASSERT_TRUE(server.publish("template.updated.a.b", "", "{}"));
  }

  void open(log_start start) {
    log.read(start, {[this](log_record r) {
                       read.push_back(r.at.sequence);
                       records.push_back(std::move(r));
                     },
                     [this](caf::error) { ++lost; }});
  }

  template <class T, class F>
  caf::expected<T> wait(F ask) {
    std::optional<caf::expected<T>> got;
    ask([&got](caf::expected<T> x) { got.emplace(std::move(x)); });
    w.run_until([&] { return got.has_value(); }, w.now() + 10s);
    return *got;
  }

  static std::vector<std::uint64_t> from_to(std::uint64_t a, std::uint64_t b) {
    std::vector<std::uint64_t> result;
    for (; a <= b; ++a)
      result.push_back(a);
    return result;
  }
};

TEST_F(SimulatedLogTest, StoresAMessageIdOnceWithinTheWindow) {
  auto publish = [this](std::string id) {
    return wait<std::uint64_t>([&](auto done) {
      log.publish("template.updated.a.b", id, "{}", 1000ms, done);
    });
  };
  EXPECT_EQ(publish("x"), 1u);
  EXPECT_EQ(publish("y"), 2u);
  EXPECT_EQ(publish("x"), 1u);
  w.run_for(2min);
  EXPECT_EQ(publish("x"), 3u);
}

TEST_F(SimulatedLogTest, DeliversInOrderWhatWasThereAndWhatComes) {
  log.wire().conditions().slow = 0.3;
  publish(10);
  open(std::uint64_t{4});
  w.run_for(5s);
  publish(20);
  w.run_for(5s);
  EXPECT_EQ(read, from_to(4, 30));
  EXPECT_EQ(lost, 0);
}

TEST_F(SimulatedLogTest, StartsAtTheFirstRecordNoOlderThanADuration) {
  publish(3);
  w.run_for(10min);
  publish(2);
  w.run_for(1min);
  open(5min);
  w.run_for(1s);
  EXPECT_EQ(read, from_to(4, 5));
}

TEST_F(SimulatedLogTest, KnowsAPlaceBySequenceAndStamp) {
  publish(2);
  auto at = [this](std::uint64_t s) {
    return *wait<std::optional<log_identity>>(
        [&](auto done) { log.at(s, 1000ms, done); });
  };
  auto before = at(2);
  ASSERT_TRUE(before);
  server.lose_tail(1);
  EXPECT_FALSE(at(2));
  publish(1);
  auto after = at(2);
  ASSERT_TRUE(after);
  EXPECT_EQ(before->at.sequence, after->at.sequence);
  EXPECT_NE(before->at.stored_at, after->at.stored_at);
  EXPECT_FALSE(at(3));
}

TEST_F(SimulatedLogTest, ForgetsTheMessageIdsOfALostTail) {
  ASSERT_EQ(server.publish("s", "kept", ""), 1u);
  ASSERT_EQ(server.publish("s", "gone", ""), 2u);
  server.lose_tail(1);
  EXPECT_EQ(server.publish("s", "kept", ""), 1u);
  EXPECT_EQ(server.publish("s", "gone", ""), 2u);
  EXPECT_EQ(server.records().size(), 2u);
}

TEST_F(SimulatedLogTest, IsAnotherStreamAfterAWipe) {
  publish(3);
  auto info = [this] {
    return *wait<log_info>([this](auto done) { log.info(1000ms, done); });
  };
  auto before = info();
  EXPECT_EQ(before.last_sequence, 3u);
  server.wipe();
  EXPECT_FALSE(server.publish("s", "", ""));
  auto after = info();
  EXPECT_EQ(after.last_sequence, 0u);
  EXPECT_EQ(after.first_sequence, 1u);
  EXPECT_GT(after.created, before.created);
  EXPECT_TRUE(server.publish("s", "", ""));
}

TEST_F(SimulatedLogTest, DropsOldRecordsByAgeAndByTruncation) {
  publish(4);
  server.truncate(3);
  EXPECT_EQ(server.info().first_sequence, 3u);
  w.run_for(30min);
  publish(1);
  w.run_for(30min);
  EXPECT_EQ(server.info().first_sequence, 5u);
  w.run_for(1h);
  EXPECT_EQ(server.info().first_sequence, 6u);
  EXPECT_EQ(server.info().last_sequence, 5u);
}

TEST_F(SimulatedLogTest, PassesOverWhatIsGoneWhenReadingBegins) {
  publish(5);
  server.truncate(4);
  open(std::uint64_t{2});
  w.run_for(1s);
  EXPECT_EQ(read, from_to(4, 5));
  server.lose_tail(3);
  open(std::uint64_t{9});
  w.run_for(1s);
  publish(2);
  w.run_for(1s);
  EXPECT_EQ(read, (std::vector<std::uint64_t>{4, 5, 4, 5}));
}

TEST_F(SimulatedLogTest, LosesTheReaderWithTheConnection) {
  open(std::uint64_t{1});
  w.run_for(1s);
  publish(1);
  w.run_for(1s);
  log.wire().disconnect();
  w.run_for(1ms);
  EXPECT_EQ(lost, 1);
  publish(1);
  log.wire().reconnect();
  w.run_for(10s);
  EXPECT_EQ(read, from_to(1, 1)) << "nothing more comes";
  EXPECT_EQ(lost, 1);
  open(std::uint64_t{2});
  w.run_for(1s);
  EXPECT_EQ(read, from_to(1, 2));
}

TEST_F(SimulatedLogTest, LosesAReaderThatHearsNothingForAWhile) {
  open(std::uint64_t{1});
  w.run_for(1s);
  log.wire().silence(true);
  publish(1);
  w.run_for(800ms);
  EXPECT_EQ(lost, 0) << "a half-open link is not noticed at once";
  w.run_for(1s);
  EXPECT_EQ(lost, 1);
  EXPECT_TRUE(read.empty());
}

TEST_F(SimulatedLogTest, DeliversWhatAShortSilenceHeldBack) {
  open(std::uint64_t{1});
  w.run_for(1s);
  log.wire().silence(true);
  publish(3);
  w.run_for(700ms);
  EXPECT_TRUE(read.empty());
  log.wire().silence(false);
  publish(1);
  w.run_for(1s);
  EXPECT_EQ(read, from_to(1, 4));
  EXPECT_EQ(lost, 0);
}

TEST_F(SimulatedLogTest, KeepsQuietReadersThatHearHeartbeats) {
  open(std::uint64_t{1});
  w.run_for(10min);
  EXPECT_EQ(lost, 0);
}

TEST_F(SimulatedLogTest, LosesReadersOfAStreamThatIsGone) {
  open(std::uint64_t{1});
  w.run_for(1s);
  server.wipe();
  w.run_for(3s);
  EXPECT_EQ(lost, 1);
  open(std::uint64_t{1});
  w.run_for(1s);
  EXPECT_EQ(lost, 2) << "reading does not make a stream";
}

TEST_F(SimulatedLogTest, ReadsAnewInsteadOfWhatWasRead) {
  publish(2);
  open(std::uint64_t{1});
  w.run_for(1s);
  open(std::uint64_t{2});
  w.run_for(1s);
  publish(1);
  w.run_for(5s);
  EXPECT_EQ(read, (std::vector<std::uint64_t>{1, 2, 2, 3}));
  EXPECT_EQ(lost, 0);
  log.stop();
  publish(1);
  w.run_for(5s);
  EXPECT_EQ(read.size(), 4u);
  EXPECT_EQ(lost, 0);
}

TEST_F(SimulatedLogTest, DeliversToAFrozenProcessWhenItGoesOn) {
  open(std::uint64_t{1});
  w.run_for(1s);
  w.freeze(p);
  publish(3);
  w.run_for(30s);
  EXPECT_TRUE(read.empty());
  w.thaw(p);
  w.run_for(1s);
  EXPECT_EQ(read, from_to(1, 3));
}

TEST_F(SimulatedLogTest, StampsWithAClockThatJumps) {
  publish(1);
  server.jump_clock(-15min);
  publish(1);
  EXPECT_LT(server.records()[1].at.stored_at, server.records()[0].at.stored_at);
}

TEST_F(SimulatedLogTest, LetsGoOfAProcessThatHasEnded) {
  open(std::uint64_t{1});
  w.run_for(1s);
  w.kill(p);
  publish(5);
  w.run_for(5s);
  EXPECT_TRUE(read.empty());
  EXPECT_EQ(lost, 0);
}

}  // namespace
}  // namespace larder::test
