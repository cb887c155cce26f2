#include "node/cli/load_run.hpp"

#include "node/cli/exit_code.hpp"
#include "storage/error.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <thread>

namespace larder::cli {

namespace {

using namespace std::chrono_literals;

class numbered : public load_source {
 public:
  explicit numbered(std::uint64_t count) : count_(count) {}
  std::uint64_t total() const override { return count_; }
  std::optional<load_result> next() override {
    if (at_ == count_)
      return std::nullopt;
    auto name = std::to_string(at_++);
    return load_result{name, load_item{name, {"t", name}, "{}", {}, {}}};
  }

 private:
  std::uint64_t count_;
  std::uint64_t at_ = 0;
};

const pump_limits quick{8, 4, 1ms};

void ignore(std::uint64_t) {}

TEST(LoadRunTest, PutsEveryItemOnceWhenAllGoesWell) {
  numbered source{100};
  std::map<std::string, int> puts;
  auto report = run_load(
      source,
      [&](const load_item& item, put_done done) {
        ++puts[item.key.id];
        done({});
      },
      quick, ignore);
  EXPECT_EQ(report.loaded, 100u);
  EXPECT_EQ(report.bytes, 200u);
  EXPECT_TRUE(report.failures.empty());
  EXPECT_EQ(puts.size(), 100u);
  for (auto& [id, count] : puts)
    EXPECT_EQ(count, 1) << id;
  EXPECT_EQ(exit_code_of(report), exit_done);
}

TEST(LoadRunTest, KeepsNoMoreInFlightThanItsWindow) {
  numbered source{1'000};
  std::deque<put_done> waiting;
  std::size_t most = 0;
  auto report = run_load(
      source,
      [&](const load_item&, put_done done) {
        waiting.push_back(std::move(done));
        most = std::max(most, waiting.size());
        // Full: nothing more may come until one is done.
        if (waiting.size() == quick.window)
          for (auto n = quick.window; n > 0; --n) {
            waiting.front()({});
            waiting.pop_front();
          }
      },
      quick, ignore);
  EXPECT_EQ(report.loaded, 1'000u);
  EXPECT_EQ(most, quick.window);
}

TEST(LoadRunTest, TriesAgainWhatWasTooMuchForTheNode) {
  numbered source{50};
  std::map<std::string, int> tries;
  auto report = run_load(
      source,
      [&](const load_item& item, put_done done) {
        done(++tries[item.key.id] < 3 ? fail(ec::busy, "busy") : caf::error{});
      },
      quick, ignore);
  EXPECT_EQ(report.loaded, 50u);
  EXPECT_EQ(report.retries, 100u);
  EXPECT_FALSE(report.stopped);
}

TEST(LoadRunTest, KeepsARefusalAndGoesOn) {
  numbered source{10};
  auto report = run_load(
      source,
      [&](const load_item& item, put_done done) {
        done(item.key.id == "4" ? fail(ec::too_large, "too large")
                                : caf::error{});
      },
      quick, ignore);
  EXPECT_EQ(report.loaded, 9u);
  ASSERT_EQ(report.failures.size(), 1u);
  EXPECT_EQ(report.failures[0].origin, "4");
  EXPECT_EQ(code_of(report.failures[0].error), ec::too_large);
  EXPECT_EQ(exit_code_of(report), exit_usage);
}

TEST(LoadRunTest, GivesUpWhenNobodyAnswers) {
  numbered source{1'000'000};
  std::uint64_t puts = 0;
  auto report = run_load(
      source,
      [&](const load_item&, put_done done) {
        ++puts;
        done(fail(ec::unavailable, "no node answers"));
      },
      quick, ignore);
  EXPECT_TRUE(report.stopped);
  EXPECT_EQ(report.loaded, 0u);
  EXPECT_LE(puts, std::uint64_t{quick.window} * quick.attempts);
  EXPECT_EQ(exit_code_of(report), exit_unavailable);
}

TEST(LoadRunTest, TakesCompletionsFromOtherThreads) {
  numbered source{500};
  std::vector<std::thread> threads;
  auto report = run_load(
      source,
      [&](const load_item&, put_done done) {
        threads.emplace_back([done = std::move(done)] { done({}); });
      },
      quick, ignore);
  for (auto& t : threads)
    t.join();
  EXPECT_EQ(report.loaded, 500u);
}

}  // namespace

}  // namespace larder::cli
