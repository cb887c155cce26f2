// One node of a simulated cluster: the real actors, put together as node.cpp
// does it, on a process of the world and on simulated ports. In place of the
// front door a call: look in the read view, else ask the shard.
//
// Used by the simulation. Thread rule: one thread.
#pragma once

#include "actors/handles.hpp"
#include "storage/embedded_database.hpp"
#include "storage/read_view.hpp"
#include "tests/simulation/cluster.hpp"
#include "tests/support/faulty_store.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace larder::simulation {

class simulated_node {
 public:
  using on_answer = std::function<void(caf::expected<answer>)>;
  using on_version = std::function<void(caf::expected<version_info>)>;

  /// Starts node number `node` of the world, for the first time or again.
  simulated_node(cluster& c, std::optional<std::uint32_t> again = {});

  test::process process() const { return process_; }

  /// The process ends as by kill -9.
  static void kill(std::shared_ptr<simulated_node> node);

  // -- in the process, as the front door -------------------------------------

  void get(const key& k, read_options options, on_answer reply);
  void write(write_request request, on_version reply);
  bool ready() const { return memory_->freshness->fence_until > 0; }

  // -- for faults ------------------------------------------------------------

  test::wire& kv() { return bucket_->wire(); }
  test::wire& log() { return log_->wire(); }
  test::wire& signals() { return signals_->wire(); }
  std::vector<test::wire*> wires() {
    return {&kv(), &leases_->wire(), &log(), &signals()};
  }
  test::store_link& store() { return *store_; }

 private:
  void open_truth();
  void spawn_tiers();
  void spawn_coherence();
  void let_go();

  cluster& cluster_;
  test::process process_;
  std::shared_ptr<hot_tier> memory_ = std::make_shared<hot_tier>();
  read_view view_;
  std::shared_ptr<test::simulated_kv> bucket_;
  std::shared_ptr<test::simulated_kv> leases_;
  std::shared_ptr<test::simulated_log> log_;
  std::shared_ptr<test::simulated_signals> signals_;
  std::shared_ptr<test::store_link> store_;
  /// Or null, where the truth is the cluster's database.
  std::shared_ptr<embedded_database> embedded_;
  cold_actor cold_;
  warm_actor warm_;
  relay_actor relay_;
  std::vector<shard_actor> shards_;
  invalidation_actor invalidation_;
};

}  // namespace larder::simulation
