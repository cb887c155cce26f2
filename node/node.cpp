#include "node/node.hpp"

#include "actors/cold_worker.hpp"
#include "actors/invalidation.hpp"
#include "actors/relay.hpp"
#include "actors/shard.hpp"
#include "actors/warm.hpp"
#include "cluster/nats_peers.hpp"
#include "config/redact.hpp"
#include "node/local_reader.hpp"
#include "node/metrics.hpp"
#include "node/package_metrics.hpp"
#include "node/parts.hpp"
#include "node/readiness.hpp"

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <thread>
#include <utility>

namespace larder {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t gateways = 2;
constexpr milliseconds statistics_patience{1'000};
constexpr milliseconds embedded_patience{2'000};

caf::actor_system_config& configured(caf::actor_system_config& config,
                                     const config::node_settings& node) {
  // Workers of the default policy poll; these wait.
  config.set("scheduler.policy", caf::atom("sharing"));
  auto threads = node.threads != 0
                     ? node.threads
                     : std::clamp(std::thread::hardware_concurrency(), 1u, 4u);
  config.set("scheduler.max-threads", threads);
  return config;
}

tier tier_of(const truth_source& truth) {
  return truth.name() == name_of(tier::embedded) ? tier::embedded
                                                 : tier::postgres;
}

std::shared_ptr<hot_tier> make_memory(const config::memory_settings& memory) {
  auto tier = std::make_shared<hot_tier>();
  auto share = [&](std::uint64_t whole) {
    return std::max<std::uint64_t>(1, whole / memory.shards);
  };
  hot_cache_limits limits{share(memory.max_entries), share(memory.max_bytes),
                          memory.eviction == "lru" ? eviction::lru
                                                   : eviction::s3fifo};
  for (std::uint32_t i = 0; i < memory.shards; ++i)
    tier->shards.push_back(std::make_shared<hot_cache>(tier->domain, limits));
  return tier;
}

}  // namespace

node::node() : parts_(std::make_unique<parts>()) {}

node::~node() {
  stop();
}

// -- assembly ----------------------------------------------------------------

caf::expected<std::unique_ptr<node>> node::start(config::settings settings) {
  std::unique_ptr<node> result{new node};
  auto& p = *result->parts_;
  p.settings = std::move(settings);
  p.id = p.settings.node.id.empty() ? new_node_id() : p.settings.node.id;
  p.incarnation = p.id + ":" + random_token();
  p.memory = make_memory(p.settings.memory);
  auto truth = truth_source::open(p.settings);
  if (!truth)
    return truth.error();
  p.truth = std::move(*truth);
  if (!p.truth->is_shared())
    spdlog::info("without DATABASE_URL the source of truth is the embedded "
                 "store in {}, which serves this node alone",
                 p.settings.node.data_dir);
  if (auto ok = p.connect(); !ok)
    return ok.error();
  if (auto ok = p.check_cluster(); !ok)
    return ok.error();
  p.system = std::make_unique<caf::actor_system>(
      configured(p.system_config, p.settings.node));
  p.spawn_tiers();
  p.spawn_coherence();
  p.spawn_sampler();
  if (auto ok = p.spawn_packages(); !ok)
    return ok.error();
  if (auto ok = p.open_doors(*result); !ok)
    return ok.error();
  spdlog::info("node {} started; cluster {}, NATS {}, HTTP port {}", p.id,
               p.settings.node.cluster, config::redact_url(p.settings.nats.url),
               p.http_port);
  return result;
}

caf::expected<void> node::parts::connect() {
  auto tiers = nats::client::connect(settings.nats, "larder/" + id + "/tiers");
  if (!tiers)
    return tiers.error();
  tiers_client = std::move(*tiers);
  auto changes = nats::client::connect(settings.nats, "larder/" + id + "/log");
  if (!changes)
    return changes.error();
  log_client = std::move(*changes);
  bucket = std::make_shared<jetstream_kv>(tiers_client, settings.bucket);
  leases =
      std::make_shared<jetstream_kv>(tiers_client, fills_of(settings.bucket));
  contents =
      std::make_shared<bucket_contents>(tiers_client, settings.bucket.name);
  contents->read();
  log = std::make_shared<jetstream_log>(
      log_client, settings.coherence,
      log_scope{{}, package_subjects_captured(), {}});
  signals = std::make_shared<nats_signals>(tiers_client, settings.node.cluster);
  roll = std::make_unique<roll_call>(
      tiers_client, settings.node.cluster,
      roll_member{id, incarnation, std::string{truth->name()},
                  truth->is_shared(), false,
                  std::chrono::system_clock::now().time_since_epoch().count()});
  return caf::unit;
}

// Before the doors open, so that no client is answered from the wrong truth;
// where NATS is away, settle() comes later. Nodes that share their truth need
// not wait for that: only one with an embedded store is in their way, and it
// would not have started.
caf::expected<void> node::parts::check_cluster() {
  if (truth->is_shared())
    return caf::unit;
  auto called = roll->call(embedded_patience);
  if (called || code_of(called.error()) == ec::configuration)
    return called;
  return caf::unit;
}

// Whatever blocks has a thread of its own: the workers, the relay, the sampler.
void node::parts::spawn_tiers() {
  for (std::uint32_t i = 0; i < truth->sessions(); ++i)
    workers.push_back(system->spawn<caf::detached>(
        cold_worker,
        std::make_shared<std::unique_ptr<truth_store>>(truth->open_store())));
  cold = system->spawn(larder::cold,
                       cold_context{.workers = workers,
                                    .tier_name = std::string{truth->name()}});
  warm_context sharing;
  sharing.bucket = bucket;
  sharing.leases = leases;
  sharing.holder = id;
  sharing.timeout = settings.nats.request_timeout;
  sharing.freshness = memory->freshness;
  sharing.cleared = [of = contents] { of->read(); };
  warm = system->spawn(larder::warm, std::move(sharing));
  relay_context publishing;
  publishing.outbox =
      std::make_shared<std::unique_ptr<outbox>>(truth->open_outbox());
  publishing.log = log;
  publishing.warm = warm;
  publishing.bucket = bucket;
  publishing.cluster = settings.node.cluster;
  publishing.holder = incarnation;
  publishing.interval = settings.coherence.relay_interval;
  publishing.lease_ttl = settings.coherence.lease_ttl;
  publishing.timeout = settings.nats.request_timeout;
  relay = system->spawn<caf::detached>(larder::relay, std::move(publishing));
}

void node::parts::spawn_coherence() {
  auto committed = [this, to = relay, over = signals](auto& change) {
    if (door)
      door->tell(change);
    caf::anon_send(to, wake_atom::value);
    over->wake_relay();
  };
  for (auto& cache : memory->shards) {
    shard_context slice;
    slice.freshness = memory->freshness;
    slice.cache = cache;
    slice.warm = warm;
    slice.shared_contents = contents;
    slice.cold = cold;
    slice.committed = committed;
    slice.truth = tier_of(*truth);
    slice.caching = settings.caching;
    slice.ttl = settings.memory.ttl;
    slice.grace = settings.memory.grace;
    slice.fence_max_age = settings.coherence.fence_max_age;
    slice.floor_ttl = settings.coherence.floor_ttl;
    shards.push_back(system->spawn(shard, std::move(slice)));
  }
  invalidation_context following;
  following.freshness = memory->freshness;
  following.log = log;
  following.signals = signals;
  following.shards = shards;
  following.relay = relay;
  following.cluster = settings.node.cluster;
  following.incarnation = incarnation;
  following.fence_interval = settings.coherence.fence_interval;
  following.fence_max_age = settings.coherence.fence_max_age;
  following.floor_ttl = settings.coherence.floor_ttl;
  following.timeout = settings.nats.request_timeout;
  invalidation = system->spawn(larder::invalidation, std::move(following));
  signals->listen(
      [to = relay](std::string nonce) {
        caf::anon_send(to, fence_atom::value, std::move(nonce));
      },
      [to = relay] { caf::anon_send(to, wake_atom::value); });
}

void node::parts::spawn_sampler() {
  sampler_context checking;
  checking.truth =
      std::make_shared<std::unique_ptr<truth_store>>(truth->open_store());
  checking.freshness = memory->freshness;
  checking.peers = std::make_shared<nats_peers>(tiers_client);
  checking.log = log;
  checking.board = board;
  checking.warm = warm;
  checking.relay = relay;
  checking.node = id;
  checking.interval = settings.sampler.interval;
  checking.keys = settings.sampler.keys;
  checking.timeout = settings.nats.request_timeout;
  sampler = system->spawn<caf::detached>(larder::sampler, std::move(checking));
}

caf::expected<void> node::parts::spawn_packages() {
  if (!settings.packages.enabled)
    return caf::unit;
  auto changes =
      nats::client::connect(settings.nats, "larder/" + id + "/packages");
  if (!changes)
    return changes.error();
  packages_client = std::move(*changes);
  packages = std::make_unique<package_plane>(
      *system,
      package_plane_context{settings, id, tiers_client, packages_client,
                            [this] { return door->max_reply_bytes(); }});
  return caf::unit;
}

caf::expected<void> node::parts::open_doors(node& self) {
  statistics = system->spawn(
      larder::statistics, statistics_context{shards, warm, cold, invalidation,
                                             relay, traffic, board});
  gateway_context serving{
      memory, shards, cold, statistics, settings.limits, id, [this] {
        return door->max_reply_bytes();
      }};
  for (std::size_t i = 0; i < larder::gateways; ++i)
    gateways.push_back(system->spawn(gateway, serving));
  local = std::make_shared<local_source>(memory, gateways,
                                         settings.limits.default_deadline);
  control = system->spawn(
      larder::control,
      control_context{memory, shards, warm, contents, cold, statistics, sampler,
                      settings,
                      packages ? packages->care() : package_worker_actor{},
                      std::string{truth->name()}, id, started, started_at,
                      [&self] { return self.ready(); }});
  http = std::make_unique<http_plane>(http_plane::sources{
      [] { return true; }, [&self] { return self.readiness(); },
      [&self] { return self.metrics(); }});
  if (settings.http.enabled) {
    auto port = http->start(settings.http);
    if (!port)
      return port.error();
    http_port = *port;
  }
  if (packages)
    packages->wait_until_open();
  door = std::make_unique<front_door>(front_door_context{
      settings,
      id,
      {},
      memory,
      traffic,
      gateways,
      shards,
      [to = control](call_ptr c) { caf::anon_send(to, std::move(c)); },
      packages ? std::vector{packages->service()}
               : std::vector<door_service>{}});
  return door->start();
}

// -- what it says of itself --------------------------------------------------

bool node::ready() const {
  auto& p = *parts_;
  return !p.draining && p.door && p.door->connected()
         && p.memory->freshness->fence_until > 0;
}

node_statistics node::parts::statistics_now() const {
  node_statistics result;
  caf::scoped_actor self{*system};
  self->request(statistics, statistics_patience, stats_atom::value)
      .receive([&](const node_statistics& s) { result = s; },
               [](const caf::error&) {});
  return result;
}

http_plane::readiness node::readiness() const {
  auto& p = *parts_;
  return {ready(), readiness_body(p.statistics_now(),
                                  {p.id, p.truth->name(), ready(), p.draining,
                                   p.door && p.door->connected(),
                                   p.tiers_client->connected(),
                                   p.settings.coherence.fence_max_age})};
}

caf::expected<void> node::settle() {
  return parts_->roll->call(milliseconds{0});
}

std::string node::metrics() const {
  auto& p = *parts_;
  std::chrono::duration<double> up = steady_clock::now() - p.started_at;
  auto families = metric_families(
      p.statistics_now(), {ready(), p.door && p.door->connected(), up.count()});
  if (p.packages)
    for (auto& family : package_families(p.packages->statistics_now()))
      families.push_back(std::move(family));
  return exposition(families);
}

void node::reload(const config::settings& settings) {
  parts_->settings.node.shutdown_timeout = settings.node.shutdown_timeout;
  parts_->door->limit(settings.limits);
  if (parts_->packages)
    parts_->packages->limit(settings.limits);
}

local_value node::get(std::string_view type, std::string_view id) {
  return local_reader::of_this_thread(parts_->local).get(type, id);
}

std::shared_ptr<local_source> node::local() const {
  return parts_->local;
}

const std::string& node::id() const {
  return parts_->id;
}

std::uint16_t node::http_port() const {
  return parts_->http_port;
}

}  // namespace larder
