#include "tests/support/test_system.hpp"

#include <caf/actor_registry.hpp>
#include <caf/exit_reason.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

namespace larder::test {

test_system::test_system(std::optional<std::uint64_t> seed) {
  config_.set("scheduler.policy", caf::atom("testing"));
  system_ = std::make_unique<caf::actor_system>(config_);
  scheduler_ =
      &dynamic_cast<caf::scheduler::test_coordinator&>(system_->scheduler());
  if (seed)
    random_.emplace(*seed);
}

test_system::~test_system() {
  // ~actor_system fires what is scheduled until nothing is, which an actor that
  // sends itself a delayed message never lets happen; and it waits for every
  // actor. So: end the actors, let them handle that, forget what is scheduled
  // (it holds references), and let the last of them go.
  for (auto& actor : owned_)
    caf::anon_send_exit(caf::actor_cast<caf::actor>(actor),
                        caf::exit_reason::kill);
  owned_.clear();
  for (auto round = 0; round < 3; ++round) {
    run();
    scheduler_->clock().cancel_all();
  }
  run();
  if (auto n = system_->registry().running(); n > 0) {
    ADD_FAILURE() << n << " actors outlive their test system; give those that "
                  << "hold each other to own()";
    system_->await_actors_before_shutdown(false);
  }
}

caf::actor_id test_system::run_job(std::size_t index) {
  auto& jobs = scheduler_->jobs;
  std::rotate(jobs.begin(), jobs.begin() + static_cast<std::ptrdiff_t>(index),
              jobs.begin() + static_cast<std::ptrdiff_t>(index) + 1);
  auto* actor = dynamic_cast<caf::abstract_actor*>(jobs.front());
  auto id = actor ? actor->id() : 0;
  scheduler_->run_once();
  return id;
}

bool test_system::run_job() {
  auto n = jobs();
  if (n == 0)
    return false;
  run_job(random_ ? random_->below(n) : 0);
  return true;
}

std::optional<test_system::time_point> test_system::next_timeout() const {
  auto& schedule = scheduler_->clock().schedule();
  if (schedule.empty())
    return std::nullopt;
  return schedule.begin()->first;
}

void test_system::fire_timeout() {
  scheduler_->trigger_timeout();
}

std::size_t test_system::run() {
  std::size_t handled = 0;
  while (run_job())
    if (++handled == 1'000'000)
      throw std::runtime_error("a million messages and no end: actors send "
                               "each other messages for ever");
  return handled;
}

bool test_system::run_to_next_timeout() {
  run();
  if (!scheduler_->trigger_timeout())
    return false;
  run();
  return true;
}

void test_system::run_for(duration d) {
  auto end = now() + d;
  run_until([] { return false; }, d);
  set_time(std::max(now(), end));
}

bool test_system::run_until(const std::function<bool()>& done, duration limit) {
  auto end = now() + limit;
  for (;;) {
    while (!done() && run_job()) {
    }
    if (done())
      return true;
    auto next = next_timeout();
    if (!next || *next > end)
      return false;
    fire_timeout();
  }
}

}  // namespace larder::test
