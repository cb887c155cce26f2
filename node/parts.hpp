// What a node consists of. node.cpp puts it together, shutdown.cpp takes it
// apart.
//
// Thread rule: start and stop in one thread; the parts have their own.
#pragma once

#include "actors/cold.hpp"
#include "actors/handles.hpp"
#include "actors/sampler.hpp"
#include "actors/statistics.hpp"
#include "cluster/bucket_contents.hpp"
#include "cluster/jetstream_log.hpp"
#include "cluster/nats_signals.hpp"
#include "cluster/roll_call.hpp"
#include "node/control.hpp"
#include "node/front_door.hpp"
#include "node/gateway.hpp"
#include "node/identity.hpp"
#include "node/local_source.hpp"
#include "node/node.hpp"
#include "node/package_plane.hpp"
#include "storage/jetstream_kv.hpp"
#include "storage/truth_source.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace larder {

// Members are destroyed in reverse: first what asks, last what is asked.
struct node::parts {
  config::settings settings;
  std::string id;
  std::string incarnation;
  std::string started = utc_seconds_now();
  time_point started_at = std::chrono::steady_clock::now();
  std::shared_ptr<larder::traffic> traffic =
      std::make_shared<larder::traffic>();
  std::shared_ptr<hot_tier> memory;
  std::shared_ptr<truth_source> truth;
  /// The log has a connection of its own: a slow reader must not hold up the
  /// rest, and is cut off by the server if it is.
  std::shared_ptr<nats::client> tiers_client;
  std::shared_ptr<nats::client> log_client;
  /// So has the log of packages.
  std::shared_ptr<nats::client> packages_client;
  std::shared_ptr<jetstream_kv> bucket;
  std::shared_ptr<jetstream_kv> leases;
  std::shared_ptr<bucket_contents> contents;
  std::shared_ptr<jetstream_log> log;
  std::shared_ptr<nats_signals> signals;
  std::unique_ptr<roll_call> roll;
  caf::actor_system_config system_config;
  std::unique_ptr<caf::actor_system> system;
  std::vector<cold_worker_actor> workers;
  cold_actor cold;
  warm_actor warm;
  relay_actor relay;
  std::vector<shard_actor> shards;
  invalidation_actor invalidation;
  std::shared_ptr<sampler_board> board = std::make_shared<sampler_board>();
  sampler_actor sampler;
  statistics_actor statistics;
  std::vector<gateway_actor> gateways;
  control_actor control;
  /// Null: this node keeps no packages.
  std::unique_ptr<package_plane> packages;
  std::shared_ptr<local_source> local;
  std::unique_ptr<front_door> door;
  std::unique_ptr<http_plane> http;
  std::uint16_t http_port = 0;
  std::atomic<bool> draining{false};
  bool stopped = false;

  caf::expected<void> connect();
  caf::expected<void> check_cluster();
  void spawn_tiers();
  void spawn_coherence();
  void spawn_sampler();
  caf::expected<void> spawn_packages();
  caf::expected<void> open_doors(node& self);
  node_statistics statistics_now() const;
};

}  // namespace larder
