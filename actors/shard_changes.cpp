// The shard's other half: writes, changes, and upkeep. The miss path is in
// shard.cpp.
#include "actors/shard.hpp"

#include <utility>

namespace larder {

using std::chrono::duration_cast;
using std::chrono::nanoseconds;

caf::result<version_info> shard_state::write(write_request request) {
  auto reply = self_->make_response_promise<version_info>();
  auto began = now();
  // Before the commit: a gap in the log since then may hide a newer change.
  std::uint32_t generation = context_.freshness->generation;
  self_
      ->request(context_.cold, context_.truth_timeout, write_atom::value,
                request)
      .then(
          [this, reply, request, began,
           generation](const version_info& info) mutable {
            committed(request, info, began, generation);
            reply.deliver(info);
          },
          [reply](const caf::error& why) mutable {
            if (why == caf::sec::request_timeout)
              reply.deliver(
                  fail(ec::unavailable,
                       "the source of truth did not answer in time; "
                       "whether the write was committed is not known: "
                       "read the key before trying again"));
            else
              reply.deliver(why);
          });
  return reply;
}

void shard_state::committed(const write_request& request,
                            const version_info& info, time_point began,
                            std::uint32_t generation) {
  auto& k = request.key;
  auto held = context_.cache->peek(k);
  // Revisions of another epoch say nothing.
  auto outdated =
      held && (held->epoch() != info.epoch || held->revision() < info.revision);
  auto newest = floors_.admits_shared(k, info.revision)
                && info.epoch == current_epoch() && (!held || outdated);
  if (newest && request.content && context_.caching)
    keep(artifact::make(k, *request.content, info),
         nanoseconds_of(began + context_.fence_max_age), generation);
  else if (outdated)
    context_.cache->drop(k);
  floors_.raise(k, info.revision, ++tick_);
  context_.committed();
}

void shard_state::apply(const change_notice& change) {
  ++stats_.invalidations;
  auto& k = change.key;
  if (change.info.revision <= 0 || change.info.epoch != current_epoch()) {
    floors_.distrust(k, ++tick_);
    context_.cache->drop(k);
    return;
  }
  floors_.raise(k, change.info.revision, ++tick_);
  if (auto held = context_.cache->peek(k);
      held
      && (held->revision() < change.info.revision
          || held->epoch() != change.info.epoch))
    context_.cache->drop(k);
}

std::uint64_t shard_state::install(const std::vector<artifact_ptr>& values,
                                   time_point began, std::uint32_t generation) {
  std::uint64_t kept = 0;
  for (auto& value : values) {
    auto k = value->name();
    auto held = context_.cache->peek(k);
    if (value->epoch() != current_epoch() || !context_.caching
        || (held && held->revision() >= value->revision())
        || !floors_.admits_shared(k, value->revision())) {
      ++stats_.rejected_fills;
      continue;
    }
    floors_.raise(k, value->revision(), ++tick_);
    keep(value, nanoseconds_of(began + context_.fence_max_age), generation);
    ++kept;
  }
  return kept;
}

std::uint64_t shard_state::clear(const std::optional<std::string>& type) {
  return context_.cache->drop_if(
      [&](const artifact& a) { return !type || a.type() == *type; });
}

void shard_state::begin_epoch() {
  floors_.reset(++tick_);
}

// -- upkeep ------------------------------------------------------------------

void shard_state::sweep() {
  auto t = nanoseconds_of(now());
  auto grace = duration_cast<nanoseconds>(context_.grace).count();
  context_.cache->drop_if(
      [&](const artifact& a) { return t >= a.cached().expires_at + grace; });
  std::vector<usage> reads;
  context_.cache->for_each([&](const artifact& a) {
    if (auto n = a.cached().reads.exchange(0, std::memory_order_relaxed))
      reads.push_back({{std::string{a.type()}, std::string{a.id()}}, n});
  });
  if (!reads.empty())
    self_->send(context_.cold, usage_atom::value, std::move(reads));
  context_.cache->reclaim();
  if (now() - floors_aged_ >= context_.floor_ttl) {
    floors_.age();
    floors_aged_ = now();
  }
  self_->delayed_send(self_, context_.sweep_interval, sweep_atom::value);
}

shard_stats shard_state::stats() const {
  auto s = stats_;
  s.entries = context_.cache->size();
  s.bytes = context_.cache->bytes();
  s.evictions = context_.cache->evictions();
  s.floors = floors_.size();
  return s;
}

}  // namespace larder
