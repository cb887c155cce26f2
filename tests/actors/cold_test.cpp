#include "actors/cold.hpp"

#include "tests/actors/scripted_tiers.hpp"
#include "tests/support/actor_fixture.hpp"

#include <array>

namespace larder::test {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t sessions = 3;

class ColdTest : public actor_fixture {
 protected:
  ColdTest() { actors_.set_time(time_point{24h}); }

  void start(cold_context context = {}) {
    for (auto& worker : workers)
      context.workers.push_back(own(worker.spawn(sys())));
    subject = own(sys().spawn(cold, std::move(context)));
    run();
  }

  pending<lookup> get(const std::string& id, time_point deadline) {
    return ask(subject, 1h, get_atom::value, key{"t", id}, deadline);
  }
  pending<lookup> get(const std::string& id) { return get(id, now() + 10s); }
  pending<lookup> get_now(const std::string& id) {
    auto p = get(id);
    run();
    return p;
  }
  pending<lookup> verify(const std::string& id) {
    return ask(subject, 1h, verify_atom::value, key{"t", id}, now() + 10s);
  }
  pending<version_info> put(const std::string& id) {
    write_request request;
    request.key = {"t", id};
    request.content = "{}";
    return ask(subject, 1h, write_atom::value, std::move(request));
  }
  cold_stats stats() { return *request(subject, 1s, stats_atom::value); }

  /// The worker that has reads (or writes) to do; there must be one.
  scripted_worker& reading() {
    for (auto& w : workers)
      if (!w.reads.empty())
        return w;
    throw std::runtime_error("no worker was asked to read");
  }
  scripted_worker& writing() {
    for (auto& w : workers)
      if (!w.writes.empty())
        return w;
    throw std::runtime_error("no worker was asked to write");
  }
  std::size_t queries() const {
    std::size_t n = 0;
    for (auto& w : workers)
      n += w.reads.size();
    return n;
  }

  static std::vector<lookup> found(const std::vector<key>& keys) {
    std::vector<lookup> result;
    for (auto& k : keys) {
      version_info info{7, 1, epoch{"one"}};
      result.push_back({artifact::make(k, "of " + k.id, info), info});
    }
    return result;
  }
  void answer_all() {
    while (queries() > 0) {
      auto one = next(reading().reads);
      one.answer(found(one.what.keys));
      run();
    }
  }
  void fail_all(ec code) {
    while (queries() > 0) {
      next(reading().reads).refuse(code);
      run();
    }
  }
  void open_breaker() {
    for (int i = 0; i < 3 && stats().reachable; ++i) {
      get_now("down");
      fail_all(ec::unavailable);
    }
    ASSERT_FALSE(stats().reachable);
  }

  std::array<scripted_worker, sessions> workers;
  cold_actor subject;
};

std::string content_of(const pending<lookup>& p) {
  if (!p.ready() || !p.get() || !p.get()->value)
    return "";
  return std::string{p.get()->value->content()};
}

ec failure_of(const pending<lookup>& p) {
  return p.ready() && !p.get() ? code_of(p.get().error()) : ec::none;
}

TEST_F(ColdTest, AsksOnceForWhatManyAskAtOnce) {
  start();
  std::vector<pending<lookup>> all;
  for (int i = 0; i < 100; ++i)
    all.push_back(get(std::to_string(i % 50)));
  run();
  ASSERT_EQ(queries(), 1u);
  EXPECT_EQ(reading().reads[0].what.keys.size(), 50u);
  answer_all();
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(content_of(all[i]), "of " + std::to_string(i % 50));
  EXPECT_EQ(stats().queries, 1u);
  EXPECT_EQ(stats().keys, 50u);
}

TEST_F(ColdTest, VerifiesInOneQueryWithoutTheValues) {
  start();
  std::vector<pending<lookup>> all;
  for (int i = 0; i < 20; ++i)
    all.push_back(verify(std::to_string(i)));
  run();
  ASSERT_EQ(queries(), 1u);
  EXPECT_FALSE(reading().reads[0].what.whole);
  EXPECT_EQ(reading().reads[0].what.keys.size(), 20u);
  answer_all();
  for (auto& p : all)
    EXPECT_TRUE(p.ready() && p.get());
}

TEST_F(ColdTest, GathersWhatArrivesWhileEveryWorkerIsBusy) {
  start();
  for (std::size_t i = 0; i < sessions; ++i)
    get_now("busy-" + std::to_string(i));
  ASSERT_EQ(queries(), sessions);
  for (int i = 0; i < 10; ++i)
    get_now(std::to_string(i));
  EXPECT_EQ(queries(), sessions);
  auto one = next(reading().reads);
  one.answer(found(one.what.keys));
  run();
  ASSERT_EQ(queries(), sessions);
  std::size_t keys = 0;
  for (auto& w : workers)
    for (auto& read : w.reads)
      keys += read.what.keys.size();
  EXPECT_EQ(keys, sessions - 1 + 10u);
}

TEST_F(ColdTest, AsksForNoMoreThanABatchAtOnce) {
  cold_context context;
  context.max_batch = 4;
  start(context);
  for (int i = 0; i < 10; ++i)
    get(std::to_string(i));
  run();
  EXPECT_EQ(queries(), 3u);
  for (auto& w : workers)
    for (auto& read : w.reads)
      EXPECT_LE(read.what.keys.size(), 4u);
}

TEST_F(ColdTest, ServesOthersWhileAWorkerHangs) {
  start();
  auto stuck = get_now("stuck");
  ASSERT_EQ(queries(), 1u);
  auto hung = next(reading().reads);
  run_for(30s);
  for (int i = 0; i < 5; ++i) {
    auto p = get_now("other");
    answer_all();
    EXPECT_EQ(content_of(p), "of other");
  }
  auto same = get_now("stuck");
  answer_all();
  EXPECT_EQ(content_of(same), "of stuck") << "the key hangs with the query";
  EXPECT_FALSE(stuck.ready());
}

TEST_F(ColdTest, RefusesAtOnceWhenEveryWorkerHangs) {
  start();
  for (std::size_t i = 0; i < sessions; ++i)
    get_now("stuck-" + std::to_string(i));
  run_for(1'100ms);
  auto p = get_now("late");
  EXPECT_EQ(failure_of(p), ec::unavailable);
  auto written = put("late");
  run();
  EXPECT_TRUE(written.ready());
  // Until one of them comes back.
  auto one = next(reading().reads);
  one.answer(found(one.what.keys));
  run();
  auto again = get_now("again");
  EXPECT_EQ(failure_of(again), ec::none);
}

TEST_F(ColdTest, DoesNotTakeBusyWorkersForHungOnesAfterAQuietTime) {
  start();
  run_for(1min);
  for (std::size_t i = 0; i < sessions; ++i)
    get_now(std::to_string(i));
  // All workers have been busy for no time at all.
  auto p = get_now("next");
  EXPECT_EQ(failure_of(p), ec::none);
  answer_all();
  EXPECT_EQ(content_of(p), "of next");
}

TEST_F(ColdTest, AsksAnotherSessionOnceWhenOneHasDied) {
  start();
  auto p = get_now("k");
  auto* first = &reading();
  next(first->reads).refuse(ec::unavailable);
  run();
  ASSERT_EQ(queries(), 1u);
  EXPECT_NE(&reading(), first);
  EXPECT_FALSE(p.ready());
  next(reading().reads).refuse(ec::unavailable);
  run();
  EXPECT_EQ(queries(), 0u);
  EXPECT_EQ(failure_of(p), ec::unavailable);
}

TEST_F(ColdTest, DoesNotRepeatWhatTheStoreRefused) {
  start();
  auto p = get_now("k");
  next(reading().reads).refuse(ec::internal);
  run();
  EXPECT_EQ(failure_of(p), ec::internal);
  EXPECT_EQ(queries(), 0u);
  EXPECT_TRUE(stats().reachable);
}

TEST_F(ColdTest, IsBusyBeyondItsBound) {
  cold_context context;
  context.max_waiting = 4;
  start(context);
  for (std::size_t i = 0; i < sessions; ++i)
    get_now("busy-" + std::to_string(i));
  std::vector<pending<lookup>> waiting;
  for (int i = 0; i < 4; ++i)
    waiting.push_back(get_now(std::to_string(i)));
  EXPECT_EQ(failure_of(get_now("one too many")), ec::busy);
  EXPECT_EQ(stats().waiting, 4u);
  answer_all();
  for (auto& p : waiting)
    EXPECT_TRUE(p.ready() && p.get());
}

TEST_F(ColdTest, IsBusyBeyondItsBoundOfWritesToo) {
  cold_context context;
  context.max_waiting = 4;
  start(context);
  for (std::size_t i = 0; i < sessions; ++i)
    get_now("busy-" + std::to_string(i));
  for (int i = 0; i < 4; ++i)
    put(std::to_string(i));
  run();
  auto p = put("one too many");
  run();
  ASSERT_TRUE(p.ready() && !p.get());
  EXPECT_EQ(code_of(p.get().error()), ec::busy);
}

TEST_F(ColdTest, DoesNotAskForACallerThatHasGone) {
  start();
  for (std::size_t i = 0; i < sessions; ++i)
    get_now("busy-" + std::to_string(i));
  auto gone = get("gone", now() + 100ms);
  auto there = get("there");
  run_for(200ms);
  answer_all();
  EXPECT_EQ(content_of(there), "of there");
  EXPECT_EQ(stats().keys, sessions + 1);
  // Whoever joined the question with more patience must hear of it.
  EXPECT_EQ(failure_of(gone), ec::deadline_exceeded);
}

TEST_F(ColdTest, StopsAskingATruthThatIsDownAndProbesIt) {
  start();
  open_breaker();
  EXPECT_EQ(failure_of(get_now("refused")), ec::unavailable);
  EXPECT_EQ(queries(), 0u);
  run_for(300ms);
  auto probe = get_now("probe");
  EXPECT_EQ(queries(), 1u);
  EXPECT_EQ(failure_of(get_now("beside the probe")), ec::unavailable);
  answer_all();
  EXPECT_EQ(content_of(probe), "of probe");
  EXPECT_TRUE(stats().reachable);
  auto after = get_now("after");
  answer_all();
  EXPECT_EQ(content_of(after), "of after");
}

TEST_F(ColdTest, WritesTogetherAndTellsEachItsOwnOutcome) {
  start();
  auto a = put("a");
  auto b = put("b");
  run();
  auto& worker = writing();
  ASSERT_EQ(worker.writes[0].what.size(), 2u);
  EXPECT_EQ(worker.writes[0].what[0].key.id, "a");
  next(worker.writes)
      .answer({write_outcome{{8, 1, epoch{"one"}}, {}},
               write_outcome{{}, conflict(3, "another is current")}});
  run();
  ASSERT_TRUE(a.ready() && a.get());
  EXPECT_EQ(a.get()->revision, 8);
  ASSERT_TRUE(b.ready() && !b.get());
  EXPECT_EQ(current_revision_of(b.get().error()), 3);
}

TEST_F(ColdTest, NeverRepeatsAWrite) {
  start();
  auto p = put("a");
  run();
  next(writing().writes).refuse(ec::unavailable);
  run();
  ASSERT_TRUE(p.ready() && !p.get());
  EXPECT_THROW(writing(), std::runtime_error);
}

TEST_F(ColdTest, LeavesASessionToReadersWhateverIsWritten) {
  start();
  for (int i = 0; i < 5; ++i) {
    put(std::to_string(i));
    run();
  }
  auto p = get_now("k");
  answer_all();
  EXPECT_EQ(content_of(p), "of k");
}

TEST_F(ColdTest, DoesNotWriteForACallerThatWasToldLongAgo) {
  start();
  for (std::size_t i = 0; i < sessions; ++i)
    get_now("hung-" + std::to_string(i));
  auto p = put("a");
  run_for(1min);
  answer_all();
  EXPECT_THROW(writing(), std::runtime_error)
      << "a put of a minute ago would undo what was written since";
  ASSERT_TRUE(p.ready() && !p.get());
  EXPECT_EQ(code_of(p.get().error()), ec::unavailable);
}

TEST_F(ColdTest, CountsReadsInOneStatementNowAndThen) {
  start();
  for (int i = 0; i < 3; ++i)
    caf::anon_send(subject, usage_atom::value,
                   std::vector<usage>{{{"t", "a"}, 2}, {{"t", "b"}, 1}});
  run();
  run_for(5s);
  std::map<std::string, std::uint32_t> counted;
  std::size_t statements = 0;
  for (auto& w : workers)
    for (; !w.used.empty(); ++statements) {
      auto one = next(w.used);
      for (auto& u : one.what)
        counted[u.key.id] += u.reads;
      one.answer(done_atom::value);
      run();
    }
  EXPECT_EQ(statements, 1u);
  EXPECT_EQ(counted,
            (std::map<std::string, std::uint32_t>{{"a", 6}, {"b", 3}}));
  run_for(20s);
  for (auto& w : workers)
    EXPECT_TRUE(w.used.empty());
}

TEST_F(ColdTest, PassesListsOn) {
  start();
  auto p = ask(subject, 1s, list_atom::value, std::string{"t"},
               std::uint32_t{10}, std::string{});
  run();
  for (auto& w : workers)
    if (!w.lists.empty())
      next(w.lists).answer({list_item{"a", 1, 1, "now"}});
  run();
  ASSERT_TRUE(p.ready() && p.get());
  EXPECT_EQ(p.get()->at(0).id, "a");
}

}  // namespace

}  // namespace larder::test
