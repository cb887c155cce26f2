#include "tests/simulation/faults.hpp"

#include <array>

namespace larder::simulation {

std::span<const faults::kind> faults::kinds() {
  static constexpr std::array all{
      kind{"lossy", "requests and replies get lost", &faults::lossy},
      kind{"slow", "the network takes up to 800 ms", &faults::slow},
      kind{"disconnect", "a node loses NATS and knows", &faults::disconnect},
      kind{"silence", "a node loses NATS and does not know", &faults::silence},
      kind{"nats", "the NATS server restarts", &faults::restart_nats},
      kind{"log-tail", "and has lost the end of the log",
           &faults::lose_log_tail},
      kind{"log-wipe", "and has lost the log", &faults::wipe_log},
      kind{"log-truncate", "the log's beginning is gone",
           &faults::truncate_log},
      kind{"kv-tail", "NATS restarts without the bucket's last entries",
           &faults::lose_kv_tail},
      kind{"kv-wipe", "NATS restarts without the bucket", &faults::wipe_kv},
      kind{"kv-lag", "gets are answered by replicas behind", &faults::lag_kv},
      kind{"signals", "signals get lost or doubled", &faults::lose_signals},
      kind{"freeze", "a node stops (SIGSTOP) for a while", &faults::freeze},
      kind{"suspend", "a node's machine is suspended, clock and all",
           &faults::suspend, false},
      kind{"kill", "a node dies (kill -9) and is started again", &faults::kill},
      kind{"store-slow", "a node's queries take up to 1.5 s",
           &faults::slow_store},
      kind{"store-hang", "a node's queries time out", &faults::hang_store},
      kind{"store-doubt", "a node's commits end in doubt",
           &faults::doubt_store},
      kind{"store-cut", "a node loses the source of truth", &faults::cut_store,
           true, false},
      kind{"store-stop", "the source of truth stops for all",
           &faults::stop_store, true, false},
      kind{"restore", "the source of truth fails over with a lost tail",
           &faults::restore, true, false},
      kind{"truncate", "somebody truncates the table", &faults::truncate, true,
           false},
      kind{"clocks", "the servers' wall clocks jump by up to 15 min",
           &faults::jump_clocks},
      kind{"external", "another program writes past Larder",
           &faults::write_externally, true, false},
      kind{"transaction", "another program holds a transaction open",
           &faults::open_transaction, true, false},
      kind{"events", "another program publishes invalidations",
           &faults::publish_events},
      kind{"foreign-kv", "another program puts into the bucket",
           &faults::put_foreign_entry, false},
  };
  return all;
}

}  // namespace larder::simulation
