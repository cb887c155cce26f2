#include "tests/simulation/simulated_node.hpp"

#include "actors/cold.hpp"
#include "actors/cold_worker.hpp"
#include "actors/invalidation.hpp"
#include "actors/mutant.hpp"
#include "actors/relay.hpp"
#include "actors/shard.hpp"
#include "actors/warm.hpp"
#include "storage/embedded_outbox.hpp"
#include "storage/embedded_store.hpp"

namespace larder::simulation {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t shards = 2;
constexpr std::size_t workers = 3;
/// Less than there are keys, so that entries are evicted.
constexpr std::uint64_t entries_per_shard = 6;
constexpr auto default_deadline = 2s;

test::process started(test::world& w, std::optional<std::uint32_t> again) {
  return again ? w.start_again(*again) : w.start_node();
}

std::shared_ptr<hot_tier> with_shards(std::shared_ptr<hot_tier> tier) {
  for (std::size_t i = 0; i < shards; ++i)
    tier->shards.push_back(std::make_shared<hot_cache>(
        tier->domain, hot_cache_limits{entries_per_shard, 1 << 20}));
  return tier;
}

}  // namespace

simulated_node::simulated_node(cluster& c, std::optional<std::uint32_t> again)
    : cluster_(c), process_(started(c.world, again)),
      view_(with_shards(memory_)),
      bucket_(std::make_shared<test::simulated_kv>(c.kv, c.world, process_)),
      leases_(std::make_shared<test::simulated_kv>(c.leases, c.world, process_,
                                                   "leases")),
      log_(std::make_shared<test::simulated_log>(c.log, c.world, process_)),
      signals_(std::make_shared<test::simulated_signals>(c.signals, c.world,
                                                         process_)),
      store_(std::make_shared<test::store_link>(c.world, process_)) {
  store_->on_write = [&c](std::span<const write_request> requests,
                          const test::store_link::written& written) {
    for (std::size_t i = 0; i < requests.size(); ++i)
      if (written[i])
        c.truth.committed(requests[i].key, *written[i], requests[i].content);
  };
  open_truth();
  spawn_tiers();
  spawn_coherence();
  c.world.on_end(process_, [this] { let_go(); });
}

void simulated_node::open_truth() {
  if (cluster_.embedded.empty())
    return;
  embedded_options options;
  options.directory = cluster_.embedded;
  options.clock = cluster_.database_clock;
  options.origin = "simulated";
  // What a kill leaves behind is the file system's; a power cut is another
  // test.
  options.sync = false;
  options.least_free_bytes = 0;
  auto database = embedded_database::open(std::move(options));
  if (!database)
    throw std::runtime_error{message_of(database.error())};
  embedded_ = std::move(*database);
}

void simulated_node::spawn_tiers() {
  auto& actors = cluster_.world.actors(process_);
  auto& system = actors.system();
  auto open_store = [this]() -> std::unique_ptr<truth_store> {
    if (embedded_)
      return std::make_unique<embedded_store>(embedded_);
    return std::make_unique<test::memory_store>(cluster_.database);
  };
  auto open_outbox = [this]() -> std::unique_ptr<outbox> {
    if (embedded_)
      return std::make_unique<embedded_outbox>(embedded_);
    return std::make_unique<test::memory_outbox>(cluster_.database);
  };
  cold_context truth;
  for (std::size_t i = 0; i < workers; ++i)
    truth.workers.push_back(actors.own(system.spawn(
        cold_worker,
        std::make_shared<std::unique_ptr<truth_store>>(
            std::make_unique<test::faulty_store>(store_, open_store())))));
  cold_ = actors.own(system.spawn(cold, std::move(truth)));
  warm_ =
      actors.own(system.spawn(warm, warm_context{bucket_, leases_, "", 1s}));
  relay_context publishing;
  std::unique_ptr<outbox> box =
      std::make_unique<test::faulty_outbox>(store_, open_outbox());
  if (planted(mutant::fence_skips_locked_rows))
    box = std::make_unique<locking_outbox>(
        cluster_.locks, process_.run * 100ull + process_.node, std::move(box));
  publishing.outbox = std::make_shared<std::unique_ptr<outbox>>(std::move(box));
  publishing.log = log_;
  publishing.warm = warm_;
  publishing.bucket = bucket_;
  publishing.holder = "node-" + std::to_string(process_.node) + ":"
                      + std::to_string(process_.run);
  relay_ = actors.own(system.spawn(relay, std::move(publishing)));
}

void simulated_node::spawn_coherence() {
  auto& actors = cluster_.world.actors(process_);
  auto& system = actors.system();
  for (auto& cache : memory_->shards) {
    shard_context slice;
    slice.freshness = memory_->freshness;
    slice.cache = cache;
    slice.warm = warm_;
    slice.cold = cold_;
    slice.floor_ttl = cluster_.floor_ttl;
    slice.sweep_interval = std::min(slice.sweep_interval, slice.floor_ttl / 4);
    slice.committed = [to = relay_,
                       over = signals_](const change_notice& change) {
      over->tell(change);
      caf::anon_send(to, wake_atom::value);
      over->wake_relay();
    };
    shards_.push_back(actors.own(system.spawn(shard, std::move(slice))));
  }
  invalidation_context following;
  following.freshness = memory_->freshness;
  following.log = log_;
  following.signals = signals_;
  following.shards = shards_;
  following.relay = relay_;
  following.floor_ttl = cluster_.floor_ttl;
  following.incarnation = "node-" + std::to_string(process_.node) + ":"
                          + std::to_string(process_.run);
  invalidation_ = actors.own(system.spawn(invalidation, std::move(following)));
  signals_->listen(
      [to = relay_](std::string nonce) {
        caf::anon_send(to, fence_atom::value, std::move(nonce));
      },
      [to = relay_] { caf::anon_send(to, wake_atom::value); });
  signals_->listen_to_changes([this](change_notice change) {
    view_.doubt(change.key, change.info.revision);
    view_.quiesce();
    // What a node notes on a value is its own.
    if (auto& v = change.value)
      v = artifact::make(change.key, v->content(), v->info());
    caf::anon_send(shards_[shard_of(change.key, shards_.size())],
                   hear_atom::value, std::move(change));
  });
}

void simulated_node::let_go() {
  store_->let_go();
  embedded_ = nullptr;
  cold_ = nullptr;
  warm_ = nullptr;
  relay_ = nullptr;
  shards_.clear();
  invalidation_ = nullptr;
}

void simulated_node::kill(std::shared_ptr<simulated_node> node) {
  // What the actors refer to is kept until the last of them is gone.
  auto& w = node->cluster_.world;
  auto p = node->process_;
  w.kill(p, [node] {});
}

void simulated_node::get(const key& k, read_options options, on_answer reply) {
  auto& actors = cluster_.world.actors(process_);
  auto now = actors.now();
  if (auto* hit = view_.find(k, nanoseconds_of(now), options.min_revision)) {
    answer a{artifact_ptr{hit}};
    view_.quiesce();
    return reply(std::move(a));
  }
  view_.quiesce();
  options.deadline = now + default_deadline;
  auto to = shards_[shard_of(k, shards_.size())];
  actors.system().spawn([=](caf::event_based_actor* self) {
    self->request(to, default_deadline, get_atom::value, k, options)
        .then([=](answer& a) { reply(std::move(a)); },
              [=](caf::error& why) { reply(std::move(why)); });
  });
}

void simulated_node::write(write_request request, on_version reply) {
  auto to = shards_[shard_of(request.key, shards_.size())];
  auto& system = cluster_.world.actors(process_).system();
  system.spawn([=](caf::event_based_actor* self) {
    self->request(to, default_deadline, write_atom::value, request)
        .then([=](version_info& info) { reply(info); },
              [=](caf::error& why) { reply(std::move(why)); });
  });
}

}  // namespace larder::simulation
