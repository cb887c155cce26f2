#include "tests/simulation/faults.hpp"

namespace larder::simulation {

using namespace std::chrono_literals;

void faults::strike(const kind& k) {
  cluster_.world.note("fault: " + std::string{k.name});
  (this->*k.strike)();
}

faults::duration faults::between(duration low, duration high) {
  return cluster_.world.random().between(low, high);
}

simulated_node* faults::any_node() {
  return nodes_[cluster_.world.random().below(nodes_.size())].get();
}

const key& faults::any_key() {
  return cluster_.keys[cluster_.world.random().below(cluster_.keys.size())];
}

void faults::later(duration delay, simulated_node& node,
                   std::function<void(simulated_node&)> f) {
  auto p = node.process();
  cluster_.world.after(delay, [this, p, f = std::move(f)] {
    auto& now = nodes_[p.node];
    if (now && now->process() == p)
      f(*now);
  });
}

void faults::heal() {
  ++round_;
  cluster_.world.note("healed");
  run_database(true);
  for (auto t : std::exchange(transactions_, {}))
    cluster_.database->commit(t);
  cluster_.truth.observe(cluster_.keys);
  cluster_.kv.lag(0, 0ns);
  cluster_.signals.lose = cluster_.signals.repeat = 0;
  for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
    if (!nodes_[i])
      nodes_[i] = std::make_shared<simulated_node>(cluster_, i);
    auto& node = *nodes_[i];
    cluster_.world.thaw(node.process());
    node.store().conditions = {};
    for (auto* wire : node.wires()) {
      wire->conditions() = {};
      wire->silence(false);
      wire->reconnect();
    }
  }
}

// -- the network -------------------------------------------------------------

void faults::lossy() {
  auto* node = any_node();
  if (!node)
    return;
  auto& r = cluster_.world.random();
  auto strength = 0.05 * static_cast<double>(1 + r.below(8));
  for (auto* wire : node->wires()) {
    wire->conditions().lose_request = strength;
    wire->conditions().lose_reply = strength;
    wire->conditions().refuse = strength / 2;
  }
  later(between(100ms, 4s), *node, [](simulated_node& n) {
    for (auto* wire : n.wires())
      wire->conditions() = {};
  });
}

void faults::slow() {
  auto* node = any_node();
  if (!node)
    return;
  for (auto* wire : node->wires())
    wire->conditions().slow = 0.3;
  later(between(100ms, 4s), *node, [](simulated_node& n) {
    for (auto* wire : n.wires())
      wire->conditions() = {};
  });
}

void faults::disconnect() {
  auto* node = any_node();
  if (!node)
    return;
  auto both = cluster_.world.random().chance(0.7);
  node->log().disconnect();
  node->signals().disconnect();
  if (both)
    node->kv().disconnect();
  later(between(50ms, 6s), *node, [](simulated_node& n) {
    for (auto* wire : n.wires())
      wire->reconnect();
  });
}

void faults::silence() {
  auto* node = any_node();
  if (!node)
    return;
  auto wires = node->wires();
  // One of the connections, or all.
  auto which = cluster_.world.random().below(wires.size() + 1);
  for (std::size_t i = 0; i < wires.size(); ++i)
    if (which == wires.size() || which == i)
      wires[i]->silence(true);
  later(between(100ms, 6s), *node, [](simulated_node& n) {
    for (auto* wire : n.wires())
      wire->silence(false);
  });
}

// -- NATS --------------------------------------------------------------------

void faults::cut_all(const std::function<void()>& meanwhile) {
  for (auto& node : nodes_)
    if (node)
      for (auto* wire : node->wires())
        wire->disconnect();
  meanwhile();
  auto back = between(20ms, 2s);
  for (auto& node : nodes_)
    if (node)
      later(back + between(0ms, 500ms), *node, [](simulated_node& n) {
        for (auto* wire : n.wires())
          wire->reconnect();
      });
}

void faults::restart_nats() {
  cut_all([] {});
}

void faults::lose_log_tail() {
  cut_all([this] {
    cluster_.log.lose_tail(1 + cluster_.world.random().below(20));
  });
}

void faults::wipe_log() {
  cut_all([this] { cluster_.log.wipe(); });
}

void faults::truncate_log() {
  auto first = cluster_.log.first_sequence();
  auto n = cluster_.log.last_sequence() + 1 - first;
  if (n > 0)
    cluster_.log.truncate(first + cluster_.world.random().below(n + 1));
}

void faults::lose_kv_tail() {
  // One power cut hits both.
  cut_all([this] {
    auto& r = cluster_.world.random();
    cluster_.kv.lose_tail(1 + r.below(20));
    cluster_.log.lose_tail(1 + r.below(10));
  });
}

void faults::wipe_kv() {
  cut_all([this] { cluster_.kv.wipe(); });
}

void faults::lag_kv() {
  cluster_.kv.lag(0.5, between(1ms, 500ms));
  cluster_.world.after(between(100ms, 3s), [this] { cluster_.kv.lag(0, 0ns); });
}

void faults::lose_signals() {
  cluster_.signals.lose = 0.5;
  cluster_.signals.repeat = 0.2;
  cluster_.world.after(between(100ms, 5s), [this] {
    cluster_.signals.lose = cluster_.signals.repeat = 0;
  });
}

// -- nodes -------------------------------------------------------------------

void faults::freeze() {
  auto* node = any_node();
  if (!node)
    return;
  cluster_.world.freeze(node->process());
  later(between(20ms, 5s), *node,
        [this](simulated_node& n) { cluster_.world.thaw(n.process()); });
}

void faults::suspend() {
  auto* node = any_node();
  if (!node)
    return;
  cluster_.world.freeze(node->process(), true);
  later(between(20ms, 5s), *node,
        [this](simulated_node& n) { cluster_.world.thaw(n.process()); });
}

void faults::kill() {
  auto i =
      static_cast<std::uint32_t>(cluster_.world.random().below(nodes_.size()));
  if (!nodes_[i])
    return;
  simulated_node::kill(std::move(nodes_[i]));
  nodes_[i] = nullptr;
  cluster_.world.after(between(20ms, 4s), [this, i] {
    if (!nodes_[i])
      nodes_[i] = std::make_shared<simulated_node>(cluster_, i);
  });
}

// -- the source of truth -----------------------------------------------------

void faults::slow_store() {
  auto* node = any_node();
  if (!node)
    return;
  node->store().conditions.slow = 0.3;
  node->store().conditions.slowest_of_all = between(10ms, 1500ms);
  later(between(100ms, 4s), *node,
        [](simulated_node& n) { n.store().conditions = {}; });
}

void faults::hang_store() {
  auto* node = any_node();
  if (!node)
    return;
  node->store().conditions.hang = 0.3;
  later(between(100ms, 3s), *node,
        [](simulated_node& n) { n.store().conditions = {}; });
}

void faults::doubt_store() {
  auto* node = any_node();
  if (!node)
    return;
  node->store().conditions.doubt = 0.5;
  later(between(100ms, 4s), *node,
        [](simulated_node& n) { n.store().conditions = {}; });
}

void faults::cut_store() {
  auto* node = any_node();
  if (!node)
    return;
  node->store().conditions.reachable = false;
  later(between(50ms, 5s), *node,
        [](simulated_node& n) { n.store().conditions = {}; });
}

void faults::run_database(bool runs) {
  cluster_.database_runs = runs;
  cluster_.database->set_available(runs);
  if (!runs)
    for (auto t : std::exchange(transactions_, {}))
      cluster_.database->roll_back(t);
}

void faults::stop_store() {
  run_database(false);
  cluster_.world.after(between(50ms, 3s), [this] { run_database(true); });
}

void faults::restore() {
  // A standby that is this far behind takes over.
  auto then = cluster_.database->back_up();
  cluster_.world.after(between(1ms, 2s), [this, then, round = round_] {
    if (round != round_)
      return;
    cluster_.world.note("the source of truth is restored");
    transactions_.clear();
    run_database(true);
    cluster_.database->restore(*then);
    cluster_.truth.restored(cluster_.keys);
  });
}

void faults::truncate() {
  if (!cluster_.database_runs)
    return;
  transactions_.clear();
  cluster_.database->truncate();
  cluster_.truth.observe(cluster_.keys);
}

void faults::jump_clocks() {
  auto& r = cluster_.world.random();
  auto far = between(1ms, 15min);
  auto database = r.chance(0.5);
  auto back = r.chance(0.5);
  if (back)
    far = -far;
  if (database)
    cluster_.database_clock_offset += far;
  else
    cluster_.log.jump_clock(far);
}

// -- other programs ----------------------------------------------------------

void faults::write_externally() {
  auto n = 1 + cluster_.world.random().below(5);
  for (; n > 0; --n)
    cluster_.world.after(between(0ms, 300ms), [this] {
      auto& k = any_key();
      if (!cluster_.database_runs)
        return;
      if (cluster_.world.random().chance(0.2))
        cluster_.database->erase(k);
      else
        cluster_.database->put(k, "psql." + std::to_string(++contents_));
      cluster_.truth.observe({k});
    });
}

void faults::open_transaction() {
  auto& k = any_key();
  // One at a time for a key, as its row lock has it.
  if (!transactions_.empty() || !cluster_.database_runs)
    return;
  auto t =
      cluster_.database->begin_put(k, "open." + std::to_string(++contents_));
  transactions_.push_back(t);
  auto commits = cluster_.world.random().chance(0.8);
  cluster_.world.after(between(1ms, 3s), [this, t, k, commits] {
    if (std::erase(transactions_, t) == 0)
      return;
    if (commits)
      cluster_.database->commit(t);
    else
      cluster_.database->roll_back(t);
    cluster_.truth.observe({k});
  });
}

void faults::publish_events() {
  auto n = 1 + cluster_.world.random().below(5);
  for (; n > 0; --n)
    cluster_.world.after(between(0ms, 300ms), [this] {
      auto& k = any_key();
      auto updated = cluster_.world.random().chance(0.5);
      static_cast<void>(cluster_.log.publish(
          (updated ? "template.updated." : "template.invalidate.")
              + to_tokens(k),
          "", ""));
    });
}

void faults::put_foreign_entry() {
  cluster_.kv.put_foreign(any_key(), "foreign");
}

}  // namespace larder::simulation
