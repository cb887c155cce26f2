#include "actors/cold.hpp"
#include "tests/actors/scripted_tiers.hpp"
#include "tests/support/actor_fixture.hpp"

#include <array>

namespace larder::test {

namespace {

using namespace std::chrono_literals;

class ColdWritesTest : public actor_fixture {
 protected:
  ColdWritesTest() {
    actors_.set_time(time_point{24h});
    cold_context context;
    for (auto& worker : workers)
      context.workers.push_back(own(worker.spawn(sys())));
    subject = own(sys().spawn(cold, std::move(context)));
    run();
  }

  pending<version_info> put() {
    write_request request;
    request.key = {"t", "k"};
    request.content = "{}";
    auto p = ask(subject, 1h, write_atom::value, std::move(request));
    run();
    return p;
  }
  pending<lookup> get() {
    auto p = ask(subject, 1h, get_atom::value, key{"t", "k"}, now() + 10s);
    run();
    return p;
  }
  cold_stats stats() { return *request(subject, 1s, stats_atom::value); }

  /// Whether any worker was asked to write, or read; it answers so.
  bool fail_write(ec code) {
    for (auto& w : workers)
      if (!w.writes.empty()) {
        next(w.writes).refuse(code);
        run();
        return true;
      }
    return false;
  }
  bool answer_write() {
    for (auto& w : workers)
      if (!w.writes.empty()) {
        next(w.writes).answer({write_outcome{{7, 1, epoch{"one"}}, {}}});
        run();
        return true;
      }
    return false;
  }
  bool answer_read() {
    for (auto& w : workers)
      if (!w.reads.empty()) {
        version_info info{7, 1, epoch{"one"}};
        next(w.reads).answer({{artifact::make({"t", "k"}, "{}", info), info}});
        run();
        return true;
      }
    return false;
  }

  std::array<scripted_worker, 3> workers;
  cold_actor subject;
};

class ColdWritesFailureTest : public ColdWritesTest,
                              public testing::WithParamInterface<ec> {};

INSTANTIATE_TEST_SUITE_P(Failures, ColdWritesFailureTest,
                         testing::Values(ec::unavailable,
                                         ec::deadline_exceeded));

// A full disk, a standby, a row that somebody holds.
TEST_P(ColdWritesFailureTest, ReadsGoOnWhileNothingCanBeWritten) {
  for (int i = 0; i < 10; ++i) {
    auto p = put();
    fail_write(GetParam());
    ASSERT_TRUE(p.ready() && !p.get());
    auto q = get();
    ASSERT_TRUE(answer_read());
    ASSERT_TRUE(q.ready() && q.get());
  }
  EXPECT_FALSE(stats().reachable);
}

TEST_F(ColdWritesTest, RefusesWritesWithWhatTheLastOneSaid) {
  for (int i = 0; i < 3; ++i) {
    put();
    ASSERT_TRUE(fail_write(ec::unavailable));
  }
  auto p = put();
  EXPECT_FALSE(fail_write(ec::unavailable));
  ASSERT_TRUE(p.ready() && !p.get());
  EXPECT_EQ(code_of(p.get().error()), ec::unavailable);
  EXPECT_NE(message_of(p.get().error()).find("as the test has it"),
            std::string::npos);
}

TEST_F(ColdWritesTest, WritesAgainWhenOneSucceeds) {
  for (int i = 0; i < 3; ++i) {
    put();
    ASSERT_TRUE(fail_write(ec::unavailable));
  }
  run_for(300ms);
  auto probe = put();
  ASSERT_TRUE(answer_write());
  EXPECT_TRUE(probe.ready() && probe.get());
  EXPECT_TRUE(stats().reachable);
  auto after = put();
  ASSERT_TRUE(answer_write());
  EXPECT_TRUE(after.ready() && after.get());
}

}  // namespace

}  // namespace larder::test
