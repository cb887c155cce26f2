// A client of a simulated cluster: one operation at a time, on any node, with
// some pause in between. Remembers what it wrote and read, and passes it on
// (Larder-Min-Revision), if it is one that does. Gives up after 3 s.
//
// Used by the simulation. Thread rule: one thread.
#pragma once

#include "tests/simulation/history.hpp"
#include "tests/simulation/simulated_node.hpp"

#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace larder::simulation {

using node_list = std::vector<std::shared_ptr<simulated_node>>;

struct client_habits {
  std::uint32_t number = 0;
  /// Passes revisions on.
  bool session = false;
  double writes = 0.15;
  double removals = 0.03;
  double conditional = 0.2;
  double refuses_stale = 0.1;
  test::world::duration shortest_pause = std::chrono::milliseconds{1};
  test::world::duration longest_pause = std::chrono::milliseconds{60};
};

class client {
 public:
  client(cluster& c, const node_list& nodes, history& h, client_habits habits)
      : cluster_(c), nodes_(nodes), history_(h), habits_(habits) {}

  /// Goes on until stop().
  void start();
  void stop() { stopped_ = true; }

 private:
  void next();
  void read(std::size_t op, simulated_node& node);
  void write(std::size_t op, simulated_node& node);
  void send(std::size_t op, std::function<void(simulated_node&)> what);
  void answered(std::size_t op, caf::expected<answer> got);
  void acknowledged(std::size_t op, caf::expected<version_info> got);
  void end(std::size_t op, ec failure);

  cluster& cluster_;
  const node_list& nodes_;
  history& history_;
  client_habits habits_;
  bool stopped_ = false;
  std::uint64_t written_ = 0;
  std::map<key, std::int64_t> seen_;
  /// The operation under way; a late answer to another one is nobody's.
  std::size_t current_ = 0;
};

}  // namespace larder::simulation
