#include "actors/warm.hpp"

#include "actors/mutant.hpp"
#include "actors/port.hpp"

#include <utility>

namespace larder {

namespace {

// A fill that is beaten this often has been replaced by newer ones.
constexpr int max_tries = 4;

constexpr std::chrono::milliseconds probe_interval{300};

// Keys of which it is remembered what was put.
constexpr std::size_t most_remembered = 4'096;

/// Whether `entry` must not be replaced by `fill`.
bool keeps_its_place(const kv_entry& entry, const shared_fill& fill) {
  if (planted(mutant::blind_shared_put))
    return false;
  if (entry.sequence == 0 || entry.info.epoch != fill.info.epoch)
    return false;
  if (entry.info.revision != fill.info.revision)
    return entry.info.revision > fill.info.revision;
  // The same value; but nobody reads it from a generation that is over.
  return entry.generation >= fill.generation && !fill.same_revision_too;
}

}  // namespace

warm_actor::behavior_type warm(warm_state::pointer self, warm_context context) {
  auto& state = self->state;
  state.start(std::move(context));
  return {
      [&state](get_atom, const key& k) { return state.get(k); },
      [&state](write_atom, shared_fill& entry) {
        return state.write(std::move(entry));
      },
      [&state](lease_atom, const key& k) { return state.lease(k); },
      [&state](release_atom, const key& k) { state.release(k); },
      [&state](clear_atom, std::optional<std::string>& type) {
        return state.clear(std::move(type));
      },
      [](const continuation& go_on) { go_on(); },
      [&state](stats_atom) { return state.stats(); },
  };
}

caf::result<kv_entry> warm_state::get(const key& k) {
  if (!may_ask())
    return skipped();
  ++stats_.gets;
  auto reply = self_->make_response_promise<kv_entry>();
  ask<kv_entry>(
      self_,
      [this, &k](auto done) {
        context_.bucket->get(k, context_.timeout, done);
      },
      [this, reply](caf::expected<kv_entry> entry) mutable {
        if (!entry)
          return void(reply.deliver(note(entry.error())));
        breaker_.succeeded();
        reply.deliver(std::move(*entry));
      });
  return reply;
}

caf::result<bool> warm_state::write(shared_fill entry) {
  if (!may_ask())
    return skipped();
  if (entry.seen_sequence && (entry.can_wait || alone()))
    return fill_later(std::move(entry));
  if (!entry.seen_sequence)
    return replace(std::move(entry));
  auto kept = self_->make_response_promise<bool>();
  auto sequence = *entry.seen_sequence;
  put(std::move(entry), sequence, kept, 1);
  return kept;
}

caf::result<bool> warm_state::replace(shared_fill entry) {
  auto kept = self_->make_response_promise<bool>();
  // A bucket that has lost entries gives their sequences to others; then it is
  // of another generation, or will be.
  if (auto last = put_last_.find(entry.key);
      last != put_last_.end() && last->second.generation == entry.generation) {
    if (keeps_its_place(last->second, entry))
      look_then_put(std::move(entry), kept, 1);
    else
      put(std::move(entry), last->second.sequence, kept, 1);
  } else if (entry.value && entry.info.version == 1) {
    // A first version seldom has a predecessor here: look only if it has.
    put(std::move(entry), 0, kept, 1);
  } else {
    look_then_put(std::move(entry), kept, 1);
  }
  return kept;
}

// -- fills that nobody waits for ---------------------------------------------

bool warm_state::alone() const {
  return context_.freshness
         && nanoseconds_of(self_->clock().now())
                > context_.freshness->others_until;
}

caf::result<bool> warm_state::fill_later(shared_fill entry) {
  auto bytes = entry.value ? entry.value->content().size() : 0;
  if (fill_bytes_ + bytes > context_.most_fill_bytes)
    return false;
  auto kept = self_->make_response_promise<bool>();
  fill_bytes_ += bytes;
  fills_.push_back({std::move(entry), kept});
  pace_fills();
  return kept;
}

void warm_state::pace_fills() {
  if (!std::exchange(pacing_, true))
    self_->delayed_send(self_, context_.fill_interval,
                        continuation{[this] { put_fills(); }});
}

// All at once, so that only few readers meet them.
void warm_state::put_fills() {
  pacing_ = false;
  for (auto left = context_.fills_at_once; left > 0 && !fills_.empty();
       --left) {
    auto next = std::move(fills_.front());
    fills_.pop_front();
    auto& entry = next.entry;
    fill_bytes_ -= entry.value ? entry.value->content().size() : 0;
    auto sequence = *entry.seen_sequence;
    put(std::move(entry), sequence, next.kept, 1);
  }
  if (!fills_.empty())
    pace_fills();
}

// -- writing -----------------------------------------------------------------

void warm_state::look_then_put(shared_fill entry, kept_promise kept,
                               int tries) {
  auto k = entry.key;
  ask<kv_entry>(
      self_,
      [this, &k](auto done) {
        context_.bucket->get(k, context_.timeout, done);
      },
      [this, entry = std::move(entry), kept,
       tries](caf::expected<kv_entry> found) mutable {
        if (!found)
          return void(kept.deliver(note(found.error())));
        breaker_.succeeded();
        if (keeps_its_place(*found, entry))
          return void(kept.deliver(found->info == entry.info));
        put(std::move(entry), found->sequence, kept, tries);
      });
}

void warm_state::put(shared_fill entry, std::uint64_t sequence,
                     kept_promise kept, int tries) {
  ++stats_.puts;
  kv_put request{entry.key, entry.value, entry.info, entry.generation,
                 sequence};
  ask<std::uint64_t>(
      self_,
      [this, &request](auto done) {
        context_.bucket->put(std::move(request), context_.timeout, done);
      },
      [this, entry = std::move(entry), kept,
       tries](caf::expected<std::uint64_t> stored) mutable {
        if (stored) {
          breaker_.succeeded();
          if (!entry.seen_sequence) {
            if (put_last_.size() >= most_remembered)
              put_last_.clear();
            put_last_[entry.key] = {nullptr, entry.info, entry.generation,
                                    *stored};
          }
          return void(kept.deliver(true));
        }
        put_last_.erase(entry.key);
        if (code_of(stored.error()) != ec::revision_conflict)
          return void(kept.deliver(note(stored.error())));
        // Somebody was faster. A reader's fill leaves it at that; the relay,
        // who knows the newest version, looks at what is there now.
        ++stats_.conflicts;
        if (entry.seen_sequence && !planted(mutant::blind_shared_put))
          return void(kept.deliver(false));
        if (tries >= max_tries)
          return void(kept.deliver(
              fail(ec::busy, "the key \"" + to_tokens(entry.key)
                                 + "\" is written too often in JetStream")));
        look_then_put(std::move(entry), kept, tries + 1);
      });
}

// A lease only saves a query: whatever goes wrong with it, the asker may fill.
caf::result<bool> warm_state::lease(const key& k) {
  if (!context_.leases || !leases_.allows(self_->clock().now()))
    return true;
  auto reply = self_->make_response_promise<bool>();
  kv_put entry{k, artifact::make(k, context_.holder, {}), {}, 0, 0};
  ask<std::uint64_t>(
      self_,
      [&](auto done) {
        context_.leases->put(std::move(entry), context_.timeout, done);
      },
      [this, reply](caf::expected<std::uint64_t> stored) mutable {
        auto taken =
            !stored && code_of(stored.error()) == ec::revision_conflict;
        if (stored || taken)
          leases_.succeeded();
        else
          leases_.failed(self_->clock().now());
        reply.deliver(!taken);
      });
  return reply;
}

void warm_state::release(const key& k) {
  if (!context_.leases)
    return;
  // One that stays goes by itself.
  context_.leases->purge(k, context_.timeout, [](caf::expected<void>) {});
}

caf::result<done_atom> warm_state::clear(std::optional<std::string> type) {
  // What still waits was read before.
  for (auto& fill : std::exchange(fills_, {}))
    fill.kept.deliver(false);
  fill_bytes_ = 0;
  auto reply = self_->make_response_promise<done_atom>();
  ask<void>(
      self_,
      [this, &type](auto done) {
        context_.bucket->clear(std::move(type), context_.timeout, done);
      },
      [this, reply](caf::expected<void> done) mutable {
        if (!done)
          return void(reply.deliver(note(done.error())));
        if (context_.cleared)
          context_.cleared();
        reply.deliver(done_atom::value);
      });
  return reply;
}

warm_stats warm_state::stats() const {
  auto s = stats_;
  s.reachable = breaker_.closed();
  return s;
}

caf::error warm_state::note(const caf::error& why) {
  ++stats_.failures;
  breaker_.failed(self_->clock().now());
  if (!breaker_.closed() && !std::exchange(probing_, true))
    probe_later();
  return why;
}

// So that a node that nobody asks anything knows when JetStream is back.
void warm_state::probe_later() {
  self_->delayed_send(self_, probe_interval, continuation{[this] { probe(); }});
}

void warm_state::probe() {
  ask<kv_entry>(
      self_,
      [this](auto done) {
        context_.bucket->get(bucket_mark_key, context_.timeout, done);
      },
      [this](caf::expected<kv_entry> found) {
        if (found)
          breaker_.succeeded();
        else
          breaker_.failed(self_->clock().now());
        probing_ = !breaker_.closed();
        if (probing_)
          probe_later();
      });
}

bool warm_state::may_ask() {
  return breaker_.allows(self_->clock().now());
}

caf::error warm_state::skipped() const {
  return fail(ec::unavailable,
              "JetStream did not answer lately and is skipped for a moment");
}

}  // namespace larder
