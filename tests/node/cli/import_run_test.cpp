#include "node/cli/import_run.hpp"

#include "storage/error.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <thread>

namespace larder::cli {

namespace {

using namespace std::chrono_literals;

/// Documents as long as the test wants them, of "line 1", "line 2" …
class numbered : public document_source {
 public:
  explicit numbered(std::size_t count, std::size_t bytes = 10)
      : count_(count), bytes_(bytes) {}
  bool next(std::string& document, std::string& origin) override {
    if (at_ == count_)
      return false;
    document = std::to_string(++at_);
    document.resize(std::max(bytes_, document.size()), ' ');
    origin = "line " + std::to_string(at_);
    return true;
  }
  double done() const override { return 0; }

 private:
  std::size_t count_;
  std::size_t bytes_;
  std::size_t at_ = 0;
};

const pump_limits quick{4, 4, 1ms};

void ignore(const import_report&) {}

std::size_t lines_of(const std::string& batch) {
  return std::count(batch.begin(), batch.end(), '\n');
}

std::string all_stored(const std::string& batch) {
  return R"({"stored":)" + std::to_string(lines_of(batch))
         + R"(,"unchanged":0,"failed":[]})";
}

/// What becomes of a very long import of which each batch fails so, and how
/// many were sent.
std::pair<import_report, std::uint32_t> run_refused(const caf::error& why) {
  numbered source{1'000'000};
  std::uint32_t sent = 0;
  auto report = run_import(
      source,
      [&](const std::string&, batch_done done) {
        ++sent;
        done(why);
      },
      quick, ignore);
  return {report, sent};
}

}  // namespace

TEST(ImportRunTest, StoresEveryDocumentOnceInBatchesThatFitIntoAMessage) {
  for (auto [count, bytes] : {std::pair<std::size_t, std::size_t>{1'234, 10},
                              {600, 2'000},
                              {9, 400'000}}) {
    numbered source{count, bytes};
    std::map<std::string, int> seen;
    auto report = run_import(
        source,
        [&](const std::string& lines, batch_done done) {
          EXPECT_LE(lines.size(), 512u << 10);
          EXPECT_LE(lines_of(lines), 500u);
          for (std::size_t at = 0; at < lines.size();) {
            auto end = lines.find('\n', at);
            ++seen[lines.substr(at, lines.find(' ', at) - at)];
            at = end + 1;
          }
          done(all_stored(lines));
        },
        quick, ignore);
    EXPECT_FALSE(report.stopped);
    EXPECT_EQ(report.stored, count);
    EXPECT_EQ(report.bytes, count * (bytes + 1));
    EXPECT_EQ(seen.size(), count);
    for (auto& [document, times] : seen)
      EXPECT_EQ(times, 1) << document;
  }
}

TEST(ImportRunTest, LosesNothingBesideADocumentThatNoMessageTakes) {
  numbered source{1'000};
  auto report = run_import(
      source,
      [&](const std::string& lines, batch_done done) {
        // "7" and "8" are too large themselves, more than 200 together.
        if (lines_of(lines) > 200 || lines.starts_with("7  ")
            || lines.find("\n7  ") != std::string::npos
            || lines.starts_with("8  ")
            || lines.find("\n8  ") != std::string::npos)
          return done(fail(ec::too_large, "too large"));
        done(all_stored(lines));
      },
      quick, ignore);
  EXPECT_FALSE(report.stopped);
  EXPECT_EQ(report.stored, 998u);
  EXPECT_EQ(report.failed, 2u);
  ASSERT_EQ(report.failures.size(), 2u);
  EXPECT_EQ(report.failures[0].origin, "line 7");
  EXPECT_EQ(report.failures[1].error, "too_large");
}

TEST(ImportRunTest, KeepsNoMoreBatchesOnTheirWayThanItsWindow) {
  numbered source{10'000};
  std::vector<std::pair<std::string, batch_done>> waiting;
  std::size_t most = 0;
  auto report = run_import(
      source,
      [&](const std::string& lines, batch_done done) {
        waiting.emplace_back(lines, std::move(done));
        most = std::max(most, waiting.size());
        // Full: nothing more may come until one is done.
        if (waiting.size() == quick.window)
          for (auto& [batch, finish] : std::exchange(waiting, {}))
            finish(all_stored(batch));
      },
      quick, ignore);
  EXPECT_EQ(report.stored, 10'000u);
  EXPECT_EQ(most, quick.window);
}

TEST(ImportRunTest, TellsOfEachRefusedDocumentWhereItStood) {
  numbered source{1'000};
  auto report = run_import(
      source,
      [&](const std::string& lines, batch_done done) {
        auto stored = std::to_string(lines_of(lines) - 2);
        done(R"({"stored":)" + stored
             + R"(,"unchanged":1,"failed":[{"line":3,)"
               R"("error":"invalid_request","message":"no name"}]})");
      },
      quick, ignore);
  EXPECT_FALSE(report.stopped);
  EXPECT_EQ(report.stored, 996u);
  EXPECT_EQ(report.unchanged, 2u);
  EXPECT_EQ(report.failed, 2u);
  ASSERT_EQ(report.failures.size(), 2u);
  EXPECT_EQ(report.failures[0].origin, "line 3");
  EXPECT_EQ(report.failures[0].error, "invalid_request");
  EXPECT_EQ(report.failures[1].origin, "line 503");
  EXPECT_EQ(report.failures[1].message, "no name");
}

TEST(ImportRunTest, CountsAllFailuresAndTellsTheFirstHundred) {
  numbered source{2'000};
  auto report = run_import(
      source,
      [&](const std::string& lines, batch_done done) {
        std::string failed;
        for (std::size_t i = 1; i <= lines_of(lines); ++i)
          failed += std::string{i == 1 ? "" : ","} + R"({"line":)"
                    + std::to_string(i) + "}";
        done(R"({"stored":0,"failed":[)" + failed + "]}");
      },
      quick, ignore);
  EXPECT_EQ(report.failed, 2'000u);
  EXPECT_EQ(report.failures.size(), 100u);
}

TEST(ImportRunTest, TriesAgainWhatWasTooMuchForTheNode) {
  numbered source{5'000};
  std::map<std::string, std::uint32_t> tries;
  auto report = run_import(
      source,
      [&](const std::string& lines, batch_done done) {
        if (++tries[lines] < quick.attempts)
          return done(fail(ec::busy, "busy"));
        done(all_stored(lines));
      },
      quick, ignore);
  EXPECT_FALSE(report.stopped);
  EXPECT_EQ(report.stored, 5'000u);
  EXPECT_EQ(tries.size(), 10u);
}

TEST(ImportRunTest, StopsWhenNobodyAnswers) {
  auto [report, sent] = run_refused(fail(ec::unavailable, "no node answers"));
  EXPECT_EQ(code_of(report.stopped), ec::unavailable);
  EXPECT_EQ(report.stored, 0u);
  EXPECT_LE(sent, quick.window * quick.attempts);
}

TEST(ImportRunTest, StopsAtOnceForWhatWillNotGetBetter) {
  auto [report, sent] =
      run_refused(fail(ec::not_supported, "no packages here"));
  EXPECT_EQ(code_of(report.stopped), ec::not_supported);
  EXPECT_EQ(sent, quick.window);
}

TEST(ImportRunTest, StopsAtAnAnswerThatItDoesNotUnderstand) {
  for (auto answer :
       {"", "[]", "{", "{}", "3", R"({"unchanged":1})", "\xff\xfe"}) {
    numbered source{10};
    auto report = run_import(
        source, [&](const std::string&, batch_done done) { done(answer); },
        quick, ignore);
    EXPECT_EQ(code_of(report.stopped), ec::internal) << answer;
  }
}

TEST(ImportRunTest, BelievesNoMemberOfAnAnswerThatIsOfAnotherKind) {
  for (auto answer :
       {R"({"stored":"all","failed":7})", R"({"stored":-1,"unchanged":null})",
        R"({"stored":1.5,"failed":{"line":1}})",
        R"({"stored":0,"failed":[7,null,{"line":"1"},{"line":0},)"
        R"({"line":99999999999,"error":1}]})"}) {
    numbered source{10};
    auto report = run_import(
        source, [&](const std::string&, batch_done done) { done(answer); },
        quick, ignore);
    EXPECT_EQ(report.stored, 0u) << answer;
    EXPECT_TRUE(report.failures.empty()) << answer;
  }
}

TEST(ImportRunTest, TakesAnswersFromOtherThreads) {
  numbered source{5'000};
  std::vector<std::thread> threads;
  std::uint64_t told = 0;
  auto report = run_import(
      source,
      [&](const std::string& lines, batch_done done) {
        threads.emplace_back(
            [lines, done = std::move(done)] { done(all_stored(lines)); });
      },
      quick, [&](const import_report& so_far) { told = so_far.stored; });
  for (auto& t : threads)
    t.join();
  EXPECT_EQ(report.stored, 5'000u);
  EXPECT_EQ(told, 5'000u);
}

}  // namespace larder::cli
