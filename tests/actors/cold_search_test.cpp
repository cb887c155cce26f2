#include "actors/cold.hpp"
#include "tests/actors/scripted_tiers.hpp"
#include "tests/support/actor_fixture.hpp"

#include <array>

namespace larder::test {

namespace {

using namespace std::chrono_literals;

class ColdSearchTest : public actor_fixture {
 protected:
  ColdSearchTest() { actors_.set_time(time_point{24h}); }

  void start() {
    cold_context context;
    for (auto& worker : workers)
      context.workers.push_back(own(worker.spawn(sys())));
    subject = own(sys().spawn(cold, std::move(context)));
    run();
  }

  std::array<scripted_worker, 3> workers;
  cold_actor subject;
};

TEST_F(ColdSearchTest, PassesSearchesOn) {
  start();
  artifact_query query;
  query.words = "async runtime";
  auto p = ask(subject, 1s, search_atom::value, query);
  run();
  for (auto& w : workers)
    if (!w.searches.empty()) {
      auto one = next(w.searches);
      EXPECT_EQ(one.what, "async runtime");
      one.answer({{{{"t", "a"}, 1, 1, .5, "<b>async</b>"}}, 2});
    }
  run();
  ASSERT_TRUE(p.ready() && p.get());
  EXPECT_EQ(p.get()->found.at(0).key.id, "a");
  EXPECT_EQ(p.get()->unindexed, 2u);
}

TEST_F(ColdSearchTest,
       HasChangesIndexedNowAndThenAndMoreOftenWhileThereAreMore) {
  start();
  auto indexed = [&] {
    int n = 0;
    for (auto& w : workers)
      n += w.indexed;
    return n;
  };
  run_for(11s);
  EXPECT_EQ(indexed(), 2);
  for (auto& w : workers)
    w.more_to_index = true;
  run_for(5s);
  EXPECT_GT(indexed(), 10);
}

}  // namespace

}  // namespace larder::test
