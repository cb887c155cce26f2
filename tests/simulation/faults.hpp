// What goes wrong in a simulated cluster, each by its name: one fault begins at
// one moment on a random victim and ends by itself after a random while.
//
// Used by the simulation. Thread rule: one thread.
#pragma once

#include "tests/simulation/client.hpp"
#include "tests/simulation/cluster.hpp"
#include "tests/simulation/simulated_node.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace larder::simulation {

class faults {
 public:
  faults(cluster& c, node_list& nodes) : cluster_(c), nodes_(nodes) {}

  struct kind {
    std::string_view name;
    std::string_view what;
    void (faults::*strike)();
    /// Part of a run that names no faults.
    bool usual = true;
    /// Also with an embedded store: nobody else reaches that one, and it stops
    /// with its node.
    bool with_embedded = true;
  };
  static std::span<const kind> kinds();

  /// Begins one now.
  void strike(const kind& k);

  /// Everything works again, and every node runs.
  void heal();

 private:
  // -- the network -----------------------------------------------------------
  void lossy();
  void slow();
  void disconnect();
  void silence();
  // -- NATS ------------------------------------------------------------------
  void restart_nats();
  void lose_log_tail();
  void wipe_log();
  void truncate_log();
  void lose_kv_tail();
  void wipe_kv();
  void lag_kv();
  void lose_signals();
  // -- nodes -----------------------------------------------------------------
  void freeze();
  void suspend();
  void kill();
  // -- the source of truth ---------------------------------------------------
  void slow_store();
  void hang_store();
  void doubt_store();
  void cut_store();
  void stop_store();
  void restore();
  void truncate();
  void jump_clocks();
  // -- other programs --------------------------------------------------------
  void write_externally();
  void open_transaction();
  void publish_events();
  void put_foreign_entry();

  using duration = test::world::duration;
  duration between(duration low, duration high);
  simulated_node* any_node();
  const key& any_key();
  /// Runs `f` with the node later, if it still runs then.
  void later(duration delay, simulated_node& node,
             std::function<void(simulated_node&)> f);
  void run_database(bool runs);
  void cut_all(const std::function<void()>& meanwhile);

  cluster& cluster_;
  node_list& nodes_;
  std::uint64_t contents_ = 0;
  /// What heal() puts an end to; raised by it.
  std::uint64_t round_ = 0;
  std::vector<std::uint64_t> transactions_;
};

}  // namespace larder::simulation
