#include "tests/support/world.hpp"

#include <algorithm>
#include <bit>
#include <cstdio>

namespace larder::test {

namespace {

constexpr auto never = world::duration::max();
constexpr int deepest = 4;

// Messages are handled in no time unless something due intervenes. Now and then
// (one step in 32) the clock moves on although messages wait, as on a busy
// machine, but never by more than this.
constexpr auto longest_hurry = world::duration{1ms};

}  // namespace

world::world(std::uint64_t seed) : random_(seed) {}

world::~world() {
  end();
}

void world::end() {
  for (std::uint32_t i = 0; i < nodes_.size(); ++i)
    kill(process{i, nodes_[i].run});
  bury();
}

// -- events ------------------------------------------------------------------

bool world::later(const scheduled& a, const scheduled& b) {
  return a.due != b.due ? a.due > b.due : a.order > b.order;
}

void world::after(duration delay, event what) {
  events_.push_back({now_ + delay, order_++, std::nullopt, std::move(what)});
  std::push_heap(events_.begin(), events_.end(), later);
}

void world::after_in(process where, duration delay, event what) {
  events_.push_back({now_ + delay, order_++, where, std::move(what)});
  std::push_heap(events_.begin(), events_.end(), later);
}

void world::run_event() {
  std::pop_heap(events_.begin(), events_.end(), later);
  auto e = std::move(events_.back());
  events_.pop_back();
  if (e.where) {
    if (!alive(*e.where))
      return;
    auto& n = at(*e.where);
    // While something waits, what comes later waits behind it: the order in
    // which things reach a process is never turned round by a freeze.
    if (n.frozen || !n.waiting.empty()) {
      n.waiting.push_back(std::move(e.what));
      return;
    }
    set_clock(n);
  }
  e.what();
}

void world::drain(process p) {
  if (!alive(p))
    return;
  auto& n = at(p);
  if (n.frozen || n.waiting.empty())
    return;
  auto what = std::move(n.waiting.front());
  n.waiting.pop_front();
  set_clock(n);
  // Scheduled before `what` runs: it may freeze the process again.
  after(0ns, [this, p] { drain(p); });
  what();
}

// -- nodes -------------------------------------------------------------------

world::node& world::at(process p) {
  return nodes_.at(p.node);
}

void world::boot(node& n) {
  n.actors = std::make_unique<test_system>();
  n.frozen = false;
  n.waiting.clear();
  // At least an hour, so that a clock can be set back by some minutes.
  n.offset = random_.between(1h, 48h);
  set_clock(n);
}

process world::start_node() {
  auto& n = nodes_.emplace_back();
  boot(n);
  return {static_cast<std::uint32_t>(nodes_.size() - 1), n.run};
}

process world::start_again(std::uint32_t i) {
  auto& n = nodes_.at(i);
  if (n.actors)
    kill({i, n.run});
  boot(n);
  return {i, n.run};
}

test_system& world::actors(process p) {
  auto& n = at(p);
  set_clock(n);
  return *n.actors;
}

bool world::alive(process p) const {
  return p.node < nodes_.size() && nodes_[p.node].run == p.run
         && nodes_[p.node].actors;
}

bool world::frozen(process p) const {
  return alive(p) && nodes_[p.node].frozen;
}

void world::freeze(process p, bool clock_stands_still) {
  if (!alive(p) || frozen(p))
    return;
  auto& n = at(p);
  n.frozen = true;
  n.clock_stands_still = clock_stands_still;
  n.frozen_at = now_;
  note("node " + std::to_string(p.node) + " frozen");
}

void world::thaw(process p) {
  if (!frozen(p))
    return;
  auto& n = at(p);
  n.frozen = false;
  if (n.clock_stands_still)
    n.offset -= now_ - n.frozen_at;
  set_clock(n);
  note("node " + std::to_string(p.node) + " thawed");
  after(0ns, [this, p] { drain(p); });
}

void world::kill(process p, event buried) {
  if (!alive(p))
    return;
  auto& n = at(p);
  ++n.run;
  n.frozen = false;
  n.waiting.clear();
  std::erase_if(events_, [p](auto& e) { return e.where == p; });
  std::make_heap(events_.begin(), events_.end(), later);
  for (auto& what : std::exchange(n.on_end, {}))
    what();
  dead_.emplace_back(std::move(n.actors), std::move(buried));
  note("node " + std::to_string(p.node) + " killed");
}

void world::on_end(process p, event what) {
  if (alive(p))
    at(p).on_end.push_back(std::move(what));
}

void world::bury() {
  // Not while a call of a dead actor is on the stack, nor inside itself: actors
  // that end may call what comes back here.
  if (depth_ > 0 || burying_)
    return;
  burying_ = true;
  while (!dead_.empty()) {
    auto [actors, buried] = std::move(dead_.back());
    dead_.pop_back();
    actors.reset();
    if (buried)
      buried();
  }
  burying_ = false;
}

void world::skip_clock(process p, duration ahead) {
  if (!alive(p))
    return;
  at(p).offset += ahead;
  note("clock of node " + std::to_string(p.node) + " skips");
}

world::duration world::world_time(const node& n,
                                  test_system::time_point t) const {
  return std::max(now_, t.time_since_epoch() - n.offset);
}

void world::set_clock(node& n) const {
  n.actors->set_time(test_system::time_point{now_ + n.offset});
}

// -- running -----------------------------------------------------------------

bool world::block(process p, duration d) {
  if (!alive(p))
    return false;
  if (depth_ >= deepest)
    return true;
  ++depth_;
  auto until = now_ + d;
  // Where nothing is left to happen, a frozen process stays frozen for ever.
  while (alive(p) && (now_ < until || frozen(p)))
    if (!step(frozen(p) ? never : until))
      break;
  --depth_;
  if (alive(p))
    set_clock(at(p));
  return alive(p);
}

world::duration world::next_due(std::optional<std::size_t>& timeout_of) const {
  auto due = events_.empty() ? never : events_.front().due;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    auto& n = nodes_[i];
    if (!n.actors || n.frozen)
      continue;
    if (auto t = n.actors->next_timeout()) {
      auto w = world_time(n, *t);
      if (w < due) {
        due = w;
        timeout_of = i;
      }
    }
  }
  return due;
}

void world::run_next_item() {
  std::optional<std::size_t> timeout_of;
  now_ = std::max(now_, next_due(timeout_of));
  mix(static_cast<std::uint64_t>(now_.count()));
  if (timeout_of) {
    auto& n = nodes_[*timeout_of];
    mix(*timeout_of + 1);
    set_clock(n);
    n.actors->fire_timeout();
  } else {
    run_event();
  }
}

bool world::run_a_job(std::uint64_t index) {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    auto& n = nodes_[i];
    if (!n.actors || n.frozen)
      continue;
    if (index < n.actors->jobs()) {
      set_clock(n);
      // The actor may block and its node be killed meanwhile; `n` and what is
      // in it are not touched after this.
      mix((i << 32) + n.actors->run_job(index));
      return true;
    }
    index -= n.actors->jobs();
  }
  return false;
}

bool world::step(duration limit) {
  std::uint64_t jobs = 0;
  for (auto& n : nodes_)
    if (n.actors && !n.frozen)
      jobs += n.actors->jobs();
  std::optional<std::size_t> timeout_of;
  auto due = next_due(timeout_of);
  if (jobs == 0 && due > limit) {
    if (limit != never)
      now_ = std::max(now_, limit);
    return false;
  }
  ++steps_;
  auto hurry = random_.below(32) == 0 && due <= now_ + longest_hurry;
  auto choices = jobs + (due <= now_ || jobs == 0 || hurry ? 1 : 0);
  auto choice = random_.below(choices);
  if (due <= limit && (choice >= jobs || hurry))
    run_next_item();
  else
    run_a_job(std::min(choice, jobs - 1));
  bury();
  return true;
}

bool world::run_until(const std::function<bool()>& done, duration limit) {
  while (!done() && step(limit)) {
  }
  return done();
}

void world::run_until(duration limit) {
  while (step(limit)) {
  }
}

// -- what happened -----------------------------------------------------------

void world::mix(std::uint64_t x) {
  hash_ = std::rotl(hash_ ^ x, 23) * 0x9e3779b97f4a7c15;
}

void world::note(std::string_view line) {
  mix(static_cast<std::uint64_t>(now_.count()));
  std::uint64_t h = 0xcbf29ce484222325;
  for (unsigned char c : line)
    h = (h ^ c) * 0x100000001b3;
  mix(h);
  if (lines_kept_ == 0)
    return;
  lines_.emplace_back(now_, line);
  if (lines_.size() > lines_kept_)
    lines_.pop_front();
}

std::vector<std::string> world::tail() const {
  std::vector<std::string> result;
  for (auto& [when, line] : lines_) {
    char time[32];
    std::snprintf(time, sizeof time, "%12.6f s  ",
                  static_cast<double>(when.count()) * 1e-9);
    result.push_back(time + line);
  }
  return result;
}

}  // namespace larder::test
