// The shard's other half: writes, changes, and upkeep. The miss path is in
// shard.cpp.
#include "actors/shard.hpp"

#include "actors/mutant.hpp"

#include <utility>

namespace larder {

using std::chrono::duration_cast;
using std::chrono::nanoseconds;

namespace {

constexpr std::size_t max_unreported_reads = 4'096;

// Longer values are not sent to nodes that may not have the key.
constexpr std::size_t max_told_bytes = 64 << 10;

}  // namespace

caf::result<version_info> shard_state::write(write_request request) {
  auto reply = self_->make_response_promise<version_info>();
  auto began = now();
  // Before the commit: a gap in the log since then may hide a newer change.
  std::uint32_t generation = context_.freshness->generation;
  if (planted(mutant::acknowledged_before_commit))
    reply.deliver(version_info{next_revision(request.key), 1, current_epoch()});
  self_
      ->request(context_.cold, context_.truth_timeout, write_atom::value,
                request)
      .then(
          [this, reply, request, began,
           generation](version_info& info) mutable {
            if (planted(mutant::revision_from_node))
              info.revision = next_revision(request.key);
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

// What the source of truth would say if nobody else wrote.
std::int64_t shard_state::next_revision(const key& k) const {
  auto held = context_.cache->peek(k);
  return held ? held->revision() + 1 : 1;
}

void shard_state::committed(const write_request& request,
                            const version_info& info, time_point began,
                            std::uint32_t generation) {
  change_notice told{request.key, !request.content, info, false, {}};
  auto& k = request.key;
  auto held = context_.cache->peek(k);
  // Revisions of another epoch say nothing.
  auto outdated =
      held && (held->epoch() != info.epoch || held->revision() < info.revision);
  auto newest = floors_.admits_shared(k, info.revision)
                && info.epoch == current_epoch() && (!held || outdated);
  if (newest && request.content && context_.caching) {
    auto value = artifact::make(k, *request.content, info);
    keep(value, nanoseconds_of(began + context_.fence_max_age), generation);
    if (request.content->size() <= max_told_bytes)
      told.value = std::move(value);
  } else if (outdated) {
    drop(k);
  }
  floors_.raise(k, info.revision, ++tick_);
  floors_.expect_shared(k, info.revision);
  context_.committed(told);
}

void shard_state::apply(const change_notice& change) {
  ++stats_.invalidations;
  hear(change);
}

// What is heard of counts as what is read in the log does: a change that has
// not happened costs a read of the source of truth. That it has happened
// is proved by the log alone.
void shard_state::hear(const change_notice& change) {
  auto& k = change.key;
  if (planted(mutant::no_in_flight_check) && !context_.cache->peek(k))
    return;
  if (change.info.revision <= 0 || change.info.epoch != current_epoch()) {
    floors_.distrust(k, ++tick_);
    drop(k);
    return;
  }
  floors_.raise(k, change.info.revision, ++tick_);
  if (change.published)
    floors_.came_to_shared(k, change.info.revision);
  else
    floors_.expect_shared(k, change.info.revision);
  auto held = context_.cache->peek(k);
  if (planted(mutant::any_word_kept) && change.value && !held)
    return keep(change.value, 0, context_.freshness->generation);
  if (!held
      || (held->revision() >= change.info.revision
          && held->epoch() == change.info.epoch))
    return;
  if (change.value && held->epoch() == change.info.epoch
      && floors_.admits_shared(k, change.info.revision))
    replace(*held, change.value);
  else
    drop(k);
}

// Whatever proves that an older value is new enough proves it of this one. That
// it is late does not matter: had there been word of a newer one, the older one
// would be gone.
void shard_state::replace(const artifact& older, const artifact_ptr& value) {
  auto& proof = older.cached();
  keep(value, proof.verified_until, proof.generation);
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
  return context_.cache->drop_if([&](const artifact& a) {
    return (!type || a.type() == *type) && let_go(a);
  });
}

void shard_state::begin_epoch() {
  floors_.reset(++tick_);
}

// -- upkeep ------------------------------------------------------------------

void shard_state::sweep() {
  auto t = nanoseconds_of(now());
  auto grace = duration_cast<nanoseconds>(context_.grace).count();
  context_.cache->drop_if([&](const artifact& a) {
    return t >= a.cached().expires_at + grace && let_go(a);
  });
  context_.cache->for_each([&](const artifact& a) {
    count_reads(a.name(),
                a.cached().reads.exchange(0, std::memory_order_relaxed));
  });
  hand_in_reads();
  context_.cache->reclaim();
  if (now() - floors_aged_ >= context_.floor_ttl) {
    floors_.age();
    floors_aged_ = now();
  }
  self_->delayed_send(self_, context_.sweep_interval, sweep_atom::value);
}

void shard_state::drop(const key& k) {
  if (auto gone = context_.cache->drop(k))
    let_go(*gone);
}

// An entry that goes takes its reads along, unless they are counted first.
bool shard_state::let_go(const artifact& a) {
  count_reads(a.name(),
              a.cached().reads.exchange(0, std::memory_order_relaxed));
  return true;
}

void shard_state::count_reads(key_view k, std::uint32_t n) {
  if (n == 0)
    return;
  reads_.push_back({{std::string{k.type}, std::string{k.id}}, n});
  if (reads_.size() >= max_unreported_reads)
    hand_in_reads();
}

void shard_state::hand_in_reads() {
  if (!reads_.empty())
    self_->send(context_.cold, usage_atom::value, std::exchange(reads_, {}));
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
