// The shard's part with JetStream: what it takes from there, what it puts
// there, and the lease by which one node of the cluster fills a key. When is
// told in shard.cpp.
#include "actors/shard.hpp"

#include "actors/mutant.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <utility>

namespace larder {

namespace {

using std::chrono::milliseconds;

// How often to look for what another node fills, and how long: a bit longer
// than a lease that nobody releases.
constexpr milliseconds shortest_pause{1};
constexpr milliseconds longest_pause{50};
constexpr milliseconds longest_lease{1'800};

}  // namespace

void shard_state::ask_shared(const key& k) {
  auto& f = fills_.find(k)->second;
  mark_begun(f);
  // Nobody else could have put it there since this node last heard.
  if (alone() && context_.shared_contents
      && context_.shared_contents->lacks(k)) {
    f.shared = kv_entry{};
    return ask_truth(k);
  }
  // The shared tier keeps to a time-out of its own.
  self_->request(context_.warm, caf::infinite, get_atom::value, k)
      .then([this, k](kv_entry& entry) { shared_found(k, std::move(entry)); },
            // A tier that fails is skipped; it is not a miss, so there is no
            // sequence to compare with when the value is shared.
            [this, k](const caf::error&) { ask_truth(k); });
}

void shard_state::shared_found(const key& k, kv_entry entry) {
  auto& f = fills_.find(k)->second;
  f.shared = entry;
  if (!usable_from_shared(entry, f, k)) {
    // A newer one than what is there is on its way to JetStream, and nobody
    // needs to fill it.
    auto outdated = entry.sequence != 0 && entry.generation != 0
                    && entry.generation == f.bucket_generation
                    && entry.info.epoch == current_epoch();
    return outdated ? ask_truth(k) : take_lease(k);
  }
  // For a deletion too: a replica that lags behind may answer the next read.
  floors_.raise(k, entry.info.revision, ++tick_);
  if (entry.value)
    keep(entry.value, f.fence_until, f.generation);
  settle(k, entry.value, tier::jetstream, entry.info);
}

bool shard_state::alone() const {
  return nanoseconds_of(now()) > context_.freshness->others_until;
}

bool shard_state::usable_from_shared(const kv_entry& entry, const fill& f,
                                     const key& k) const {
  auto of_now = entry.info.epoch == current_epoch()
                || planted(mutant::old_epoch_accepted);
  return entry.sequence != 0 && !entry.info.epoch.empty() && of_now
         && entry.generation != 0 && entry.generation == f.bucket_generation
         && entry.info.revision >= f.min_revision()
         && fence_holds_at(f.fence_until, f.began)
         && f.generation == context_.freshness->generation
         && floors_.admits_shared(k, entry.info.revision);
}

void shard_state::take_lease(const key& k) {
  auto& f = fills_.find(k)->second;
  // Without a bucket that counts, nobody would see what another one fills; and
  // nobody waits for one who is alone.
  auto waited = f.refused > 0 && now() >= f.refused_since + longest_lease;
  if (f.bucket_generation == 0 || waited || f.deadline() <= now() || alone())
    return ask_truth(k);
  self_->request(context_.warm, caf::infinite, lease_atom::value, k)
      .then(
          [this, k](bool mine) {
            auto& f = fills_.find(k)->second;
            f.leased = mine;
            if (mine)
              return ask_truth(k);
            if (++f.refused == 1)
              f.refused_since = now();
            auto pause = std::min(
                shortest_pause * (1 << std::min(f.refused, 6)), longest_pause);
            self_->delayed_send(self_, pause,
                                continuation{[this, k] { ask_shared(k); }});
          },
          [this, k](const caf::error&) { ask_truth(k); });
}

void shard_state::release_lease(const key& k, bool leased) {
  if (leased)
    self_->send(context_.warm, release_atom::value, k);
}

void shard_state::share(const key& k, const lookup& found, fill& f) {
  auto again = floors_.distrusts_shared(k);
  // What is on its way there has been committed through a node, and the relay
  // has it.
  if (f.bucket_generation == 0 || floors_.expects_shared(k))
    return;
  if (f.shared && f.shared->sequence != 0 && !again
      && f.shared->info.epoch == found.info.epoch
      && f.shared->generation == f.bucket_generation
      && f.shared->info.revision >= found.info.revision)
    return;
  shared_fill entry{k, found.value, found.info, {}, again, f.bucket_generation};
  if (f.shared)
    entry.seen_sequence = f.shared->sequence;
  auto revision = found.info.revision;
  auto began = f.began_at;
  auto leased = std::exchange(f.leased, false);
  if (context_.shared_contents)
    context_.shared_contents->expect(k);
  // An actor looks through all that it waits for with each answer: nothing is
  // waited for that nobody needs.
  if (!again && !leased)
    return caf::anon_send(context_.warm, write_atom::value, std::move(entry));
  self_
      ->request(context_.warm, caf::infinite, write_atom::value,
                std::move(entry))
      .then(
          [this, k, revision, again, began, leased](bool kept) {
            if (again && kept)
              floors_.trust_shared(k, revision, began);
            // The lease stays until it goes by itself: who looked before the
            // value came is refused, and looks again.
            release_lease(k, leased && !kept);
          },
          [this, k, leased](const caf::error&) {
            // JetStream counts its own failures; the next fill tries again.
            release_lease(k, leased);
          });
}

}  // namespace larder
