#include "actors/shard.hpp"

#include "actors/mutant.hpp"

#include <algorithm>
#include <utility>

namespace larder {

namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr int max_rereads = 3;

}  // namespace

shard_actor::behavior_type shard(shard_state::pointer self,
                                 shard_context context) {
  auto& state = self->state;
  state.start(std::move(context));
  return {
      [&state](get_atom, key& k, const read_options& options) {
        return state.get(std::move(k), options);
      },
      [&state](write_atom, write_request& request) {
        return state.write(std::move(request));
      },
      [&state](apply_atom, const change_notice& change) {
        state.apply(change);
        return done_atom::value;
      },
      [&state](hear_atom, const change_notice& change) { state.hear(change); },
      [&state](install_atom, const std::vector<artifact_ptr>& values,
               time_point began, std::uint32_t generation) {
        return state.install(values, began, generation);
      },
      [&state](clear_atom, const std::optional<std::string>& type) {
        return state.clear(type);
      },
      [&state](epoch_atom) {
        state.begin_epoch();
        return done_atom::value;
      },
      [&state](sweep_atom) { state.sweep(); },
      [](const continuation& go_on) { go_on(); },
      [&state](stats_atom) { return state.stats(); },
  };
}

void shard_state::start(shard_context context) {
  context_ = std::move(context);
  floors_ = floors{context_.max_floors};
  started_ = floors_aged_ = now();
  context_.cache->on_evict([this](const artifact& a) { let_go(a); });
  self_->delayed_send(self_, context_.sweep_interval, sweep_atom::value);
}

// -- the miss path -----------------------------------------------------------
//
// 1. Somebody already asks the tiers below for this key: wait with them.
// 2. Look again: the entry may have come between the reader's look and now.
// 3. An entry is held but the fence does not vouch for it: ask the source of
//    truth for its revision alone.
// 4. Nothing is held, and the fence vouches for JetStream: ask JetStream,
//    unless something newer is known to be on its way there. What it has was
//    written there before it was published, so it is as new as the fence; what
//    is below the floor is not taken all the same, because floors are also
//    raised by what this node wrote or read before it was published.
// 5. One node of the cluster fills a key: another one that holds the lease will
//    have put the value into JetStream in a moment, so ask again there.
// 6. Ask the source of truth. What comes back below the floor was read before
//    a change that this shard has seen meanwhile: read again.
// 7. The source of truth cannot be asked: answer the newest value at hand,
//    marked, to those who allow it.

caf::result<answer> shard_state::get(key k, read_options options) {
  auto reply = self_->make_response_promise<answer>();
  if (auto held = context_.cache->peek(k);
      held && held->revision() >= options.min_revision
      && provably_fresh(*held, nanoseconds_of(now()), *context_.freshness)) {
    reply.deliver(answer{std::move(held)});
    return reply;
  }
  auto [i, first] = fills_.try_emplace(k);
  i->second.waiters.push_back({options, now(), ++tick_, reply});
  if (first)
    begin(k);
  else
    ++stats_.coalesced;
  return reply;
}

void shard_state::begin(const key& k) {
  ++stats_.fills;
  auto& f = fills_.find(k)->second;
  mark_begun(f);
  auto held = context_.cache->peek(k);
  if (held && held->epoch() == current_epoch()
      && held->revision() >= f.min_revision()
      && nanoseconds_of(f.began) < held->cached().expires_at)
    verify(k);
  else if (context_.caching && fence_holds_at(f.fence_until, f.began)
           && !floors_.distrusts_shared(k) && !floors_.expects_shared(k))
    ask_shared(k);
  else
    ask_truth(k);
}

void shard_state::verify(const key& k) {
  auto& f = fills_.find(k)->second;
  f.asked_until = f.deadline();
  question_truth(verify_atom::value, k, context_.truth_patience,
                 &shard_state::verified);
}

template <class Atom>
void shard_state::question_truth(Atom what, const key& k, milliseconds longest,
                                 void (shard_state::*answered)(const key&,
                                                               const lookup&)) {
  auto& f = fills_.find(k)->second;
  auto until = f.began + longest;
  auto waited = patience_.wait(
      until, [this, k] { fall_back(k, make_error(ec::deadline_exceeded)); });
  self_
      ->request(context_.cold, caf::infinite, what, k,
                std::min(f.deadline(), until))
      .then(
          [this, k, waited, answered](const lookup& found) {
            if (patience_.kept(waited))
              (this->*answered)(k, found);
          },
          [this, k, waited](const caf::error& why) {
            if (patience_.kept(waited))
              fall_back(k, why);
          });
}

void shard_state::verified(const key& k, const lookup& found) {
  auto& f = fills_.find(k)->second;
  auto held = context_.cache->peek(k);
  if (!held || held->info().revision != found.info.revision
      || held->epoch() != found.info.epoch)
    return ask_truth(k);
  auto& notes = held->cached();
  notes.generation = f.generation;
  notes.verified_until = nanoseconds_of(f.began + context_.fence_max_age);
  settle(k, held, tier::memory, held->info());
}

void shard_state::ask_truth(const key& k) {
  auto& f = fills_.find(k)->second;
  mark_begun(f);
  f.asked_until = f.deadline();
  auto held = context_.cache->peek(k);
  auto patience = held || (f.shared && f.shared->value)
                      ? context_.truth_patience
                      : context_.truth_timeout;
  question_truth(get_atom::value, k, patience, &shard_state::truth_found);
}

void shard_state::truth_found(const key& k, const lookup& found) {
  auto& f = fills_.find(k)->second;
  auto& info = found.info;
  if (!floors_.admits_truth(k, info.revision, f.began_at)
      && !planted(mutant::no_floor_on_truth_fill)) {
    ++stats_.rejected_fills;
    if (++f.rereads < max_rereads)
      return ask_truth(k);
    return answer_stale(k, fail(ec::busy, "the key changes faster than it can "
                                          "be read; retry later"));
  }
  if (context_.freshness->current_epoch.load().empty())
    context_.freshness->current_epoch = info.epoch;
  auto distrusted = floors_.distrusts_shared(k);
  if (info.epoch == current_epoch()) {
    floors_.raise(k, info.revision, ++tick_);
    if (found.value && context_.caching)
      keep(found.value, nanoseconds_of(f.began + context_.fence_max_age),
           f.generation);
    else
      drop(k);
    if (context_.caching && (found.value || distrusted))
      share(k, found, f);
  }
  release_lease(k, f.leased);
  settle(k, found.value, context_.truth, info);
}

void shard_state::fall_back(const key& k, const caf::error& why) {
  auto& f = fills_.find(k)->second;
  // The question went with the callers that it was asked for; others have
  // joined since.
  if (code_of(why) == ec::deadline_exceeded && f.asked_until <= now()
      && f.asked_until < f.deadline())
    return ask_truth(k);
  if (f.shared || context_.cache->peek(k) || !context_.caching)
    return answer_stale(k, why);
  self_->request(context_.warm, context_.truth_patience, get_atom::value, k)
      .then(
          [this, k, why](kv_entry& entry) {
            fills_.find(k)->second.shared = std::move(entry);
            answer_stale(k, why);
          },
          [this, k, why](const caf::error&) { answer_stale(k, why); });
}

void shard_state::answer_stale(const key& k, const caf::error& why) {
  auto f = std::move(fills_.find(k)->second);
  fills_.erase(k);
  release_lease(k, f.leased);
  auto shared = f.shared.value_or(kv_entry{});
  answer best;
  if (auto held = context_.cache->peek(k);
      held
      && now() < time_point{nanoseconds{held->cached().expires_at}}
                     + context_.grace)
    best = {held, tier::memory, true, unproved_for(*held)};
  auto newer = [this](const version_info& a, const version_info& b) {
    return a.epoch == b.epoch ? a.revision > b.revision
                              : a.epoch == current_epoch();
  };
  if (shared.value && (!best.value || newer(shared.info, best.value->info())))
    best = {shared.value, tier::jetstream, true, unproved_for(*shared.value)};
  for (auto& w : f.waiters) {
    // The entry may have been proved fresh since this fill began.
    if (best.value && best.value->revision() >= w.options.min_revision
        && w.options.allow_stale)
      w.reply.deliver(best);
    else
      w.reply.deliver(why);
  }
}

void shard_state::settle(const key& k, const artifact_ptr& value, tier from,
                         const version_info& info) {
  auto f = std::move(fills_.find(k)->second);
  fills_.erase(k);
  std::vector<waiter> unserved;
  std::uint32_t served = 0;
  for (auto& w : f.waiters) {
    if (w.joined > f.began + context_.fence_max_age) {
      // It began so late that this read is too old for it.
      unserved.push_back(std::move(w));
    } else if (info.revision < w.options.min_revision) {
      if (from == context_.truth && w.joined_at < f.began_at)
        w.reply.deliver(conflict(info.revision,
                                 "the source of truth has revision "
                                     + std::to_string(info.revision)
                                     + ", older than Larder-Min-Revision "
                                     + std::to_string(w.options.min_revision)));
      else
        unserved.push_back(std::move(w));
    } else if (!value) {
      w.reply.deliver(fail(ec::not_found, "no artifact of type \"" + k.type
                                              + "\" has the id \"" + k.id
                                              + "\""));
    } else {
      w.reply.deliver(answer{value, from});
      ++served;
    }
  }
  // Readers count what they find in memory; this was not found there.
  count_reads(k, served);
  if (unserved.empty())
    return;
  fills_[k].waiters = std::move(unserved);
  ask_truth(k);
}

void shard_state::mark_begun(fill& f) {
  f.began = now();
  f.began_at = ++tick_;
  f.generation = context_.freshness->generation;
  f.fence_until = context_.freshness->fence_until;
  f.bucket_generation = context_.freshness->bucket_generation;
}

void shard_state::keep(const artifact_ptr& value, std::int64_t proved_until,
                       std::uint32_t generation) {
  auto& notes = value->cached();
  notes.expires_at = nanoseconds_of(now() + context_.ttl);
  notes.verified_until = proved_until;
  notes.generation = generation;
  context_.cache->put(value);
}

// -- small questions ---------------------------------------------------------

std::int64_t shard_state::fill::min_revision() const {
  std::int64_t result = 0;
  for (auto& w : waiters)
    result = std::max(result, w.options.min_revision);
  return result;
}

time_point shard_state::fill::deadline() const {
  auto result = time_point::min();
  for (auto& w : waiters)
    result = std::max(result, w.options.deadline);
  return result;
}

bool shard_state::fence_holds_at(std::int64_t fence_until, time_point t) const {
  return nanoseconds_of(t) < fence_until;
}

epoch shard_state::current_epoch() const {
  return context_.freshness->current_epoch;
}

time_point shard_state::now() const {
  return self_->clock().now();
}

milliseconds shard_state::unproved_for(const artifact& a) const {
  auto& notes = a.cached();
  auto proved = notes.verified_until.load();
  if (notes.generation == context_.freshness->generation)
    proved = std::max(proved, context_.freshness->fence_until.load());
  // This node cannot tell how old a value was when it came here unproved.
  auto last = std::max(time_point{nanoseconds{proved}} - context_.fence_max_age,
                       started_);
  return std::max(milliseconds{0}, duration_cast<milliseconds>(now() - last));
}

}  // namespace larder
