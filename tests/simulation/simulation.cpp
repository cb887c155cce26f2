#include "tests/simulation/simulation.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <stdexcept>

namespace larder::simulation {

namespace {

using namespace std::chrono_literals;

std::vector<key> make_keys(std::uint32_t n) {
  std::vector<key> keys;
  for (std::uint32_t i = 0; i < n; ++i)
    keys.push_back({i % 2 ? "prompt" : "framework", "k" + std::to_string(i)});
  return keys;
}

std::string words_of(const operation& o) {
  auto text = "client " + std::to_string(o.client) + " node "
              + std::to_string(o.node) + " " + o.key.id + " at "
              + std::to_string(static_cast<double>(o.began.count()) * 1e-9)
              + " s";
  if (!o.tier.empty())
    text += " from " + o.tier;
  return text;
}

/// Of this run, in memory where the system has such a file system: what is
/// simulated is the process, not the disk.
class memory_directory {
 public:
  memory_directory() {
    for (std::string root : {"/dev/shm", "/tmp"}) {
      path_ = root + "/larder-simulation-XXXXXX";
      if (::mkdtemp(path_.data()) != nullptr)
        return;
    }
    throw std::runtime_error{"cannot make a directory in /tmp"};
  }
  ~memory_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  memory_directory(const memory_directory&) = delete;
  memory_directory& operator=(const memory_directory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class run_of_one_seed {
 public:
  run_of_one_seed(std::uint64_t seed, const options& o)
      : options_(o), world_(seed),
        cluster_(world_, make_keys(o.keys),
                 o.embedded ? directory_.emplace().path() : ""),
        faults_(cluster_, nodes_) {
    world_.keep_lines(o.lines);
    cluster_.floor_ttl = o.floor_ttl;
    for (auto& k : faults::kinds())
      if (o.fault_names.empty()
              ? k.usual && (!o.embedded || k.with_embedded)
              : std::find(o.fault_names.begin(), o.fault_names.end(), k.name)
                    != o.fault_names.end())
        kinds_.push_back(&k);
    result_.seed = seed;
  }

  ~run_of_one_seed() {
    world_.end();
    nodes_.clear();
  }

  outcome run() {
    for (std::uint32_t i = 0; i < (options_.embedded ? 1 : options_.nodes); ++i)
      nodes_.push_back(std::make_shared<simulated_node>(cluster_));
    for (std::uint32_t i = 0; i < options_.clients; ++i) {
      client_habits habits;
      habits.number = i;
      habits.session = i % 2 == 0;
      clients_.push_back(
          std::make_unique<client>(cluster_, nodes_, history_, habits));
      clients_.back()->start();
    }
    world_.after(next_fault(), [this] { fault(); });
    world_.run_until(options_.faulty);
    faults_.heal();
    healed_ = true;
    // What is written from here on may be missing for a while in what nodes
    // answer; what is asked after that may not.
    world_.run_for(options_.recovery);
    for (auto& c : clients_)
      c->stop();
    world_.run_for(rules{}.freshness + 500ms);
    inspect(world_.now() + 1s);
    judge();
    return std::move(result_);
  }

 private:
  test::world::duration next_fault() {
    return world_.random().between(options_.shortest_peace,
                                   options_.longest_peace);
  }

  void fault() {
    if (healed_ || kinds_.empty())
      return;
    ++result_.counts.faults;
    faults_.strike(*kinds_[world_.random().below(kinds_.size())]);
    world_.after(next_fault(), [this] { fault(); });
  }

  /// Every node, asked for every key, must answer the newest state as fresh
  /// before the time for its recovery is over; a refusal is asked again.
  void inspect(test::world::duration until) {
    auto all = nodes_.size() * cluster_.keys.size();
    for (std::uint32_t i = 0; i < nodes_.size(); ++i)
      for (auto& k : cluster_.keys)
        ask(i, k, until);
    if (!world_.run_until([&] { return inspected_ == all; }, until + 4s))
      result_.violations.push_back(
          std::to_string(all - inspected_)
          + " reads are not answered after everything was repaired");
  }

  void ask(std::uint32_t node, const key& k, test::world::duration until) {
    read_options strict;
    strict.allow_stale = false;
    auto asked = world_.now();
    nodes_[node]->get(k, strict,
                      [this, node, k, asked, until](caf::expected<answer> got) {
                        if (!got && code_of(got.error()) != ec::not_found
                            && world_.now() + 200ms < until)
                          return world_.after(200ms, [this, node, k, until] {
                            ask(node, k, until);
                          });
                        ++inspected_;
                        compare(node, k, asked, got);
                      });
  }

  void compare(std::uint32_t node, const key& k, test::world::duration when,
               const caf::expected<answer>& got) {
    auto& truth = cluster_.truth.of(k).back();
    auto about = "node " + std::to_string(node) + " " + k.id + " at "
                 + std::to_string(static_cast<double>(when.count()) * 1e-9)
                 + " s, after everything was repaired: ";
    if (got) {
      if (!truth.content || *truth.content != got->value->content())
        result_.violations.push_back(
            about + "answers revision " + std::to_string(got->value->revision())
            + " " + std::string{got->value->content()} + ", committed is "
            + std::to_string(truth.revision) + " "
            + truth.content.value_or("(absent)"));
    } else if (code_of(got.error()) != ec::not_found) {
      result_.violations.push_back(about + message_of(got.error()));
    } else if (truth.content) {
      result_.violations.push_back(about + "not found, committed is "
                                   + std::to_string(truth.revision));
    }
  }

  void judge() {
    for (auto& v : check(history_, cluster_.truth))
      result_.violations.push_back(words_of(history_[v.operation]) + ": "
                                   + v.what);
    auto& c = result_.counts;
    for (auto& o : history_) {
      ++c.operations;
      c.stale += o.stale;
      c.unanswered += !o.answered;
      if (o.answered && o.failure == ec::not_found)
        ++c.absent;
      else if (o.answered && o.failure != ec::none)
        ++c.failed;
      else if (o.answered && o.action != action::read)
        ++c.acknowledged;
      c.hits += o.tier == "memory";
      c.jetstream += o.tier == "jetstream";
      c.truth += o.tier == "postgres";
    }
    c.steps = world_.steps();
    result_.hash = world_.hash();
    result_.tail = world_.tail();
  }

  const options& options_;
  std::optional<memory_directory> directory_;
  test::world world_;
  cluster cluster_;
  node_list nodes_;
  faults faults_;
  history history_;
  std::vector<const faults::kind*> kinds_;
  std::vector<std::unique_ptr<client>> clients_;
  bool healed_ = false;
  std::size_t inspected_ = 0;
  outcome result_;
};

}  // namespace

counts& counts::operator+=(const counts& other) {
  operations += other.operations;
  hits += other.hits;
  jetstream += other.jetstream;
  truth += other.truth;
  absent += other.absent;
  stale += other.stale;
  acknowledged += other.acknowledged;
  failed += other.failed;
  unanswered += other.unanswered;
  faults += other.faults;
  steps += other.steps;
  return *this;
}

outcome run(std::uint64_t seed, const options& o) {
  return run_of_one_seed{seed, o}.run();
}

}  // namespace larder::simulation
