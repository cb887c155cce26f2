#include "tests/actors/shard_bench.hpp"

namespace larder::test {

shard_bench::shard_bench() {
  tier->shards.push_back(std::make_shared<hot_cache>(
      tier->domain, hot_cache_limits{100, 1 << 20}));
  tier->freshness->current_epoch = now_epoch;
  tier->freshness->bucket_generation = 1;
  // A clock that stands at zero would make every age look young.
  actors_.set_time(time_point{24h});
}

void shard_bench::start(const std::function<void(shard_context&)>& change) {
  shard_context context;
  context.freshness = tier->freshness;
  context.cache = tier->shards[0];
  context.warm = own(warm.spawn(sys()));
  context.cold = own(cold.spawn(sys()));
  context.committed = [this](auto& change) { told.push_back(change); };
  if (change)
    change(context);
  subject = own(sys().spawn(shard, std::move(context)));
  run();
}

pending<answer> shard_bench::get(read_options options) {
  if (options.deadline == time_point::max())
    options.deadline = now() + 10s;
  auto p = ask(subject, 1h, get_atom::value, k, options);
  run();
  return p;
}

pending<answer> shard_bench::get_at_least(std::int64_t revision) {
  read_options options;
  options.min_revision = revision;
  return get(options);
}

pending<version_info> shard_bench::put(std::string content) {
  write_request request;
  request.key = k;
  request.content = std::move(content);
  auto p = ask(subject, 1h, write_atom::value, std::move(request));
  run();
  return p;
}

pending<version_info> shard_bench::remove() {
  write_request request;
  request.key = k;
  auto p = ask(subject, 1h, write_atom::value, std::move(request));
  run();
  return p;
}

std::string shard_bench::in_view(std::int64_t min_revision) {
  auto* found = view.find(k, nanoseconds_of(now()), min_revision);
  std::string content{found ? found->content() : std::string_view{}};
  view.quiesce();
  return content;
}

void shard_bench::fence(std::chrono::milliseconds for_so_long) {
  tier->freshness->fence_until = nanoseconds_of(now() + for_so_long);
}

void shard_bench::change_to(std::int64_t revision, bool deleted) {
  change_notice change;
  change.key = k;
  change.deleted = deleted;
  if (revision > 0)
    change.info = version(revision);
  auto done = request(subject, 1s, apply_atom::value, std::move(change));
  EXPECT_TRUE(done);
}

void shard_bench::hear_of(std::int64_t revision, artifact_ptr value) {
  caf::anon_send(
      subject, hear_atom::value,
      change_notice{k, false, version(revision), false, std::move(value)});
  run();
}

void shard_bench::begin_epoch(std::string_view name) {
  now_epoch = epoch{name};
  tier->freshness->current_epoch = now_epoch;
  tier->freshness->bucket_generation = 1;
  EXPECT_TRUE(request(subject, 1s, epoch_atom::value));
}

std::uint64_t shard_bench::install(artifact_ptr value, time_point began,
                                   std::uint32_t generation) {
  auto kept =
      request(subject, 1s, install_atom::value,
              std::vector<artifact_ptr>{std::move(value)}, began, generation);
  return kept ? *kept : 0;
}

shard_stats shard_bench::stats() {
  return *request(subject, 1s, stats_atom::value);
}

version_info shard_bench::version(std::int64_t revision) const {
  return {revision, static_cast<std::int32_t>(revision), now_epoch};
}

artifact_ptr shard_bench::value(std::int64_t revision,
                                std::string content) const {
  if (content.empty())
    content = "value " + std::to_string(revision);
  return artifact::make(k, content, version(revision));
}

lookup shard_bench::truth(std::int64_t revision) const {
  return {value(revision), version(revision)};
}

kv_entry shard_bench::shared(std::int64_t revision,
                             std::uint64_t sequence) const {
  return {value(revision), version(revision), 1, sequence};
}

void shard_bench::truth_answers(std::int64_t revision) {
  next(cold.reads).answer(truth(revision));
  run();
}

void shard_bench::hold(std::int64_t revision) {
  // Without a fence JetStream is not asked.
  tier->freshness->fence_until = 0;
  auto p = get();
  truth_answers(revision);
  ASSERT_TRUE(p.ready() && p.get());
  warm.writes.clear();
}

}  // namespace larder::test
