// The packages plane of a node: its actors, put together and taken apart.
//
// Made by node.cpp, which hands its service to the front door. Thread rule:
// make and stop from one thread; the rest from any.
#pragma once

#include "actors/package_feed.hpp"
#include "actors/package_worker.hpp"
#include "cluster/jetstream_log.hpp"
#include "node/front_door.hpp"
#include "node/package_gateway.hpp"
#include "storage/jetstream_kv.hpp"

#include <caf/actor_addr.hpp>
#include <caf/actor_system.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace larder {

struct package_plane_context {
  config::settings settings;
  std::string node_id;
  /// Requests to JetStream and to other nodes.
  std::shared_ptr<nats::client> client;
  /// The log's reader has one of its own.
  std::shared_ptr<nats::client> log_client;
  std::function<std::uint64_t()> max_reply_bytes;
};

/// What the stream of changes captures for packages.
std::vector<std::string> package_subjects_captured();

class package_plane {
 public:
  package_plane(caf::actor_system& system, package_plane_context context);
  ~package_plane();
  package_plane(const package_plane&) = delete;
  package_plane& operator=(const package_plane&) = delete;

  /// For the front door.
  door_service service() const;
  /// For operators: what takes long.
  package_worker_actor care() const { return workers_.care; }

  /// Returns when the store is open and the log is read, or it has been tried,
  /// or takes long: so that the first who ask find what there is.
  void wait_until_open() const;
  void limit(const config::limit_settings& limits);
  package_statistics statistics_now() const;

  /// Ends all actors. Those that have threads of their own are waited for by
  /// the caller: `detached`.
  void stop(std::vector<caf::actor_addr>& detached);

 private:
  void spawn_workers();
  void spawn_collector();

  caf::actor_system& system_;
  package_plane_context context_;
  std::shared_ptr<package_shelf> shelf_;
  std::shared_ptr<std::atomic<bool>> stopping_ =
      std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<jetstream_kv> bucket_;
  std::shared_ptr<jetstream_log> log_;
  package_workers workers_;
  package_database_actor database_;
  warm_actor warm_;
  std::vector<collect_worker_actor> collect_workers_;
  collector_actor collector_;
  packages_actor packages_;
  package_relay_actor relay_;
  package_feed_actor feed_;
  package_gateway_actor gateway_;
};

}  // namespace larder
