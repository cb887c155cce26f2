#include "node/package_plane.hpp"

#include "actors/package_relay.hpp"
#include "actors/packages.hpp"
#include "actors/warm.hpp"
#include "cluster/nats_package_peers.hpp"
#include "storage/package_collector.hpp"
#include "storage/postgres_packages.hpp"

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <utility>

namespace larder {

namespace {

constexpr std::chrono::milliseconds statistics_patience{1'000};
// Templates do not wait longer for packages.
constexpr std::chrono::milliseconds opening_patience{2'000};

config::bucket_settings bucket_of(const config::package_settings& p) {
  return {.name = p.bucket,
          .ttl = p.bucket_ttl,
          .storage = p.bucket_storage,
          .replicas = p.bucket_replicas,
          .max_bytes = p.bucket_max_bytes};
}

package_store_options options_of(const config::settings& settings) {
  auto& p = settings.packages;
  package_store_options options;
  options.directory =
      p.path.empty() ? settings.node.data_dir + "/packages" : p.path;
  options.limits.bytes = p.max_document_bytes;
  options.limits.depth = settings.limits.max_json_depth;
  options.cache_bytes = p.block_cache_bytes;
  options.least_free_bytes = p.min_free_bytes;
  options.tombstone_retention = p.tombstone_retention;
  return options;
}

}  // namespace

std::vector<std::string> package_subjects_captured() {
  return {package_subjects{}.captured()};
}

package_plane::package_plane(caf::actor_system& system,
                             package_plane_context context)
    : system_(system), context_(std::move(context)) {
  auto& settings = context_.settings;
  auto limits = options_of(settings).limits;
  bucket_ = std::make_shared<jetstream_kv>(context_.client,
                                           bucket_of(settings.packages));
  log_ = std::make_shared<jetstream_log>(
      context_.log_client, settings.coherence,
      log_scope{
          {}, package_subjects_captured(), package_subjects{}.captured()});
  warm_ = system_.spawn(larder::warm,
                        warm_context{bucket_, nullptr, context_.node_id,
                                     settings.nats.request_timeout});
  spawn_workers();
  spawn_collector();

  package_tiers tiers;
  tiers.store = workers_.gets;
  tiers.writes = workers_.writes;
  tiers.database = database_;
  tiers.warm = warm_;
  tiers.log = log_;
  tiers.node = context_.node_id;
  tiers.timeout = settings.nats.request_timeout;
  relay_ = system_.spawn(package_relay, package_relay_context{tiers});

  packages_context serving;
  serving.workers = workers_;
  serving.warm = warm_;
  serving.database = database_;
  serving.collector = collector_;
  serving.relay = relay_;
  serving.memory_bytes = settings.packages.memory_bytes;
  serving.limits = limits;
  packages_ = system_.spawn(packages, std::move(serving));

  package_feed_context following{tiers};
  following.packages = packages_;
  following.peers = std::make_shared<nats_package_peers>(context_.client);
  following.limits = limits;
  auto backlog = std::make_shared<std::atomic<std::size_t>>(0);
  following.backlog = backlog;
  feed_ = system_.spawn(package_feed, std::move(following));

  package_gateway_context door;
  door.packages = packages_;
  door.workers = workers_;
  door.relay = relay_;
  door.feed = feed_;
  door.collector = collector_;
  door.limits = settings.limits;
  door.settings = settings.packages;
  door.document_limits = limits;
  door.max_reply_bytes = context_.max_reply_bytes;
  door.backlog = backlog;
  gateway_ = system_.spawn(package_gateway, std::move(door));
}

package_plane::~package_plane() = default;

// What blocks has a thread of its own.
void package_plane::spawn_workers() {
  shelf_ = std::make_shared<package_shelf>(
      [options = options_of(context_.settings)] {
        return package_store::open(options);
      });
  auto one = [this] {
    return system_.spawn<caf::detached>(package_worker, shelf_);
  };
  workers_ = {one(), one(), one(), one()};
  auto& postgres = context_.settings.postgres;
  if (postgres.url.empty())
    return;
  database_ = system_.spawn<caf::detached>(
      package_database_worker,
      std::make_shared<std::unique_ptr<package_database>>(
          std::make_unique<postgres_packages>(postgres)),
      context_.settings.packages.tombstone_retention);
}

void package_plane::spawn_collector() {
  auto& registries = context_.settings.registries;
  auto gates = std::make_shared<registry_gates>(
      static_cast<double>(registries.requests_per_second));
  for (std::uint32_t i = 0; i < registries.concurrency; ++i) {
    std::shared_ptr<package_collector> one = make_package_collector(
        registries, context_.settings.packages.max_document_bytes,
        LARDER_VERSION, gates, stopping_);
    collect_workers_.push_back(system_.spawn<caf::detached>(
        collect_worker, [one](const collect_request& request) {
          return one->collect(request);
        }));
  }
  collector_ = system_.spawn(
      larder::collector,
      collector_context{collect_workers_, registries.max_waiting});
}

door_service package_plane::service() const {
  package_subjects subjects;
  return {subjects.served(),
          [subjects](std::string_view subject) {
            return subjects.parse(subject).has_value();
          },
          [to = gateway_](call_ptr c) { caf::anon_send(to, std::move(c)); }};
}

void package_plane::wait_until_open() const {
  shelf_->wait_tried(opening_patience);
  caf::scoped_actor self{system_};
  self->request(feed_, opening_patience, flush_atom::value, package_key{})
      .receive([](done_atom) {}, [](const caf::error&) {});
}

void package_plane::limit(const config::limit_settings& limits) {
  caf::anon_send(gateway_, limits_atom::value, limits);
}

package_statistics package_plane::statistics_now() const {
  package_statistics result;
  caf::scoped_actor self{system_};
  self->request(gateway_, statistics_patience, stats_atom::value)
      .receive([&](const package_statistics& s) { result = s; },
               [](const caf::error&) {});
  return result;
}

void package_plane::stop(std::vector<caf::actor_addr>& detached) {
  *stopping_ = true;
  log_->stop();
  auto end = [](auto& actor) {
    if (actor)
      caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    actor = nullptr;
  };
  auto end_detached = [&](auto& actor) {
    if (actor)
      detached.push_back(actor.address());
    end(actor);
  };
  end(gateway_);
  end(feed_);
  end(packages_);
  end(relay_);
  end(collector_);
  for (auto& worker : collect_workers_)
    end_detached(worker);
  end(warm_);
  end_detached(database_);
  for (auto* worker :
       {&workers_.gets, &workers_.searches, &workers_.writes, &workers_.care})
    end_detached(*worker);
}

}  // namespace larder
