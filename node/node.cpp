#include "node/node.hpp"

#include "actors/cold.hpp"
#include "actors/cold_worker.hpp"
#include "actors/invalidation.hpp"
#include "actors/relay.hpp"
#include "actors/sampler.hpp"
#include "actors/shard.hpp"
#include "actors/warm.hpp"
#include "cluster/jetstream_log.hpp"
#include "cluster/nats_peers.hpp"
#include "cluster/nats_signals.hpp"
#include "config/redact.hpp"
#include "node/control.hpp"
#include "node/front_door.hpp"
#include "node/gateway.hpp"
#include "node/identity.hpp"
#include "node/local_reader.hpp"
#include "node/local_source.hpp"
#include "node/metrics.hpp"
#include "node/readiness.hpp"
#include "storage/jetstream_kv.hpp"
#include "storage/postgres_outbox.hpp"
#include "storage/postgres_store.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
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

// Members are destroyed in reverse: first what asks, last what is asked.
struct node::parts {
  config::settings settings;
  std::string id;
  std::string incarnation;
  std::string started = utc_seconds_now();
  time_point started_at = steady_clock::now();
  std::shared_ptr<larder::traffic> traffic =
      std::make_shared<larder::traffic>();
  std::shared_ptr<hot_tier> memory;
  /// The log has a connection of its own: a slow reader must not hold up the
  /// rest, and is cut off by the server if it is.
  std::shared_ptr<nats::client> tiers_client;
  std::shared_ptr<nats::client> log_client;
  std::shared_ptr<jetstream_kv> bucket;
  std::shared_ptr<jetstream_kv> leases;
  std::shared_ptr<jetstream_log> log;
  std::shared_ptr<nats_signals> signals;
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
  std::shared_ptr<local_source> local;
  std::unique_ptr<front_door> door;
  std::unique_ptr<http_plane> http;
  std::uint16_t http_port = 0;
  std::atomic<bool> draining{false};
  bool stopped = false;

  caf::expected<void> connect();
  void spawn_tiers();
  void spawn_coherence();
  void spawn_sampler();
  caf::expected<void> open_doors(node& self);
  node_statistics statistics_now() const;
};

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
  if (auto ok = p.connect(); !ok)
    return ok.error();
  p.system = std::make_unique<caf::actor_system>(
      configured(p.system_config, p.settings.node));
  p.spawn_tiers();
  p.spawn_coherence();
  p.spawn_sampler();
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
  log = std::make_shared<jetstream_log>(log_client, settings.coherence);
  signals = std::make_shared<nats_signals>(tiers_client, settings.node.cluster);
  return caf::unit;
}

// Whatever blocks has a thread of its own: the workers, the relay, the sampler.
void node::parts::spawn_tiers() {
  for (std::uint32_t i = 0; i < settings.postgres.connections; ++i)
    workers.push_back(system->spawn<caf::detached>(
        cold_worker, std::make_shared<std::unique_ptr<truth_store>>(
                         std::make_unique<postgres_store>(settings.postgres))));
  cold = system->spawn(larder::cold, cold_context{.workers = workers});
  warm =
      system->spawn(larder::warm, warm_context{bucket, leases, id,
                                               settings.nats.request_timeout});
  relay_context publishing;
  publishing.outbox = std::make_shared<std::unique_ptr<outbox>>(
      std::make_unique<postgres_outbox>(settings.postgres));
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
  auto wake = [to = relay, over = signals] {
    caf::anon_send(to, wake_atom::value);
    over->wake_relay();
  };
  for (auto& cache : memory->shards) {
    shard_context slice;
    slice.freshness = memory->freshness;
    slice.cache = cache;
    slice.warm = warm;
    slice.cold = cold;
    slice.committed = wake;
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
  checking.truth = std::make_shared<std::unique_ptr<truth_store>>(
      std::make_unique<postgres_store>(settings.postgres));
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
  control =
      system->spawn(larder::control,
                    control_context{memory, shards, warm, cold, statistics,
                                    sampler, settings, id, started, started_at,
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
  door = std::make_unique<front_door>(front_door_context{
      settings, id, {}, memory, traffic, gateways, [to = control](call_ptr c) {
        caf::anon_send(to, std::move(c));
      }});
  return door->start();
}

// -- the way out -------------------------------------------------------------

bool node::stop() {
  auto& p = *parts_;
  if (std::exchange(p.stopped, true))
    return true;
  auto until = steady_clock::now() + p.settings.node.shutdown_timeout;
  auto left = [until] {
    return std::max(milliseconds{1}, std::chrono::duration_cast<milliseconds>(
                                         until - steady_clock::now()));
  };
  p.draining = true;
  if (p.local)
    p.local->close();
  if (p.door)
    p.door->stop(left() / 2);
  if (p.http)
    p.http->stop();
  if (p.system == nullptr)
    return true;
  {
    caf::scoped_actor self{*p.system};
    self->request(p.relay, left() / 2, stop_atom::value)
        .receive([](done_atom) {}, [](const caf::error&) {});
  }
  p.signals->listen([](const std::string&) {}, [] {});
  p.log->stop();
  std::vector<caf::actor_addr> detached{p.relay.address(), p.sampler.address()};
  for (auto& worker : p.workers)
    detached.push_back(worker.address());
  auto end = [](auto& actor) {
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    actor = nullptr;
  };
  end(p.control);
  std::for_each(p.gateways.begin(), p.gateways.end(), end);
  end(p.statistics);
  end(p.sampler);
  end(p.invalidation);
  end(p.relay);
  std::for_each(p.shards.begin(), p.shards.end(), end);
  end(p.warm);
  end(p.cold);
  std::for_each(p.workers.begin(), p.workers.end(), end);
  // The system waits for the threads of detached actors, and these for the last
  // reference, which the clock may hold in a delayed message; but it stops the
  // clock first. So the references go before the system does.
  auto lives = [](const caf::actor_addr& a) {
    return caf::actor_cast<caf::strong_actor_ptr>(a) != nullptr;
  };
  auto hung = [&] {
    return std::any_of(detached.begin(), detached.end(), lives);
  };
  while (hung() && steady_clock::now() < until)
    std::this_thread::sleep_for(milliseconds{5});
  if (hung()) {
    // A worker that waits for a hung server cannot be ended, only left.
    static_cast<void>(p.system.release());
    return false;
  }
  // In the thread that made it: CAF waits for every other one that used it.
  p.system.reset();
  return true;
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
                                  {p.id, ready(), p.draining,
                                   p.door && p.door->connected(),
                                   p.tiers_client->connected(),
                                   p.settings.coherence.fence_max_age})};
}

std::string node::metrics() const {
  auto& p = *parts_;
  std::chrono::duration<double> up = steady_clock::now() - p.started_at;
  return exposition(
      metric_families(p.statistics_now(),
                      {ready(), p.door && p.door->connected(), up.count()}));
}

void node::reload(const config::settings& settings) {
  parts_->settings.node.shutdown_timeout = settings.node.shutdown_timeout;
  parts_->door->limit(settings.limits);
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
