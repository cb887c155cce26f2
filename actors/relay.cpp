#include "actors/relay.hpp"

#include "actors/mutant.hpp"
#include "actors/port.hpp"
#include "cluster/fence.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace larder {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t max_nonces = 4'096;
constexpr std::size_t max_nonces_without_lease = 512;
constexpr milliseconds longest_pause{500};

std::string message_id(const outbox_row& row) {
  return std::string{row.info.epoch.text()} + ":" + to_tokens(row.key) + ":"
         + std::to_string(row.info.revision);
}

std::vector<std::int64_t> ids_of(const std::vector<outbox_row>& rows) {
  std::vector<std::int64_t> ids;
  ids.reserve(rows.size());
  for (auto& row : rows)
    ids.push_back(row.id);
  return ids;
}

}  // namespace

relay_actor::behavior_type relay(relay_state::pointer self,
                                 relay_context context) {
  auto& state = self->state;
  state.start(std::move(context));
  return {
      [&state](wake_atom) { state.wake(); },
      [&state](fence_atom, const std::string& nonce) {
        state.fence_asked(nonce);
      },
      [&state](poll_atom, std::uint64_t number) { state.poll(number); },
      [](const continuation& go_on) { go_on(); },
      [&state](epoch_atom, const epoch& from) { state.raise_epoch(from); },
      [&state](stop_atom) {
        state.stop();
        return done_atom::value;
      },
      [&state](stats_atom) { return state.stats(); },
  };
}

void relay_state::start(relay_context context) {
  context_ = std::move(context);
  outbox_ = std::move(*context_.outbox);
  schedule(milliseconds{0});
}

// -- when a round begins -----------------------------------------------------

void relay_state::wake() {
  woken_ = true;
  if (!in_round_)
    schedule(context_.gathering);
}

void relay_state::fence_asked(const std::string& nonce) {
  if (stats_.active) {
    if (asked_.size() >= max_nonces)
      return;
  } else if (asked_.size() >= max_nonces_without_lease) {
    asked_.erase(asked_.begin(), asked_.begin() + max_nonces_without_lease / 2);
  }
  // Without the lease too, the latest ones: if the holder has died, whoever
  // takes over answers those who are waiting, and not only when they ask again.
  asked_.push_back(nonce);
  if (stats_.active && !in_round_)
    schedule(milliseconds{0});
}

void relay_state::poll(std::uint64_t number) {
  if (number != poll_number_ || in_round_ || stopped_)
    return;
  poll_due_ = {};
  if (!holds_lease())
    return schedule(context_.lease_ttl / 4);
  begin_round();
}

bool relay_state::holds_lease() {
  if (stats_.active && now() < lease_due_)
    return true;
  auto held = outbox_->hold_lease(context_.cluster, context_.holder,
                                  context_.lease_ttl);
  stats_.truth_reachable = held.engaged();
  auto active = held && *held;
  if (active != stats_.active)
    spdlog::info("relay: {} the lease", active ? "took" : "lost");
  stats_.active = active;
  // Renewed in time to survive one renewal that fails.
  lease_due_ = now() + context_.lease_ttl / 3;
  return active;
}

// -- a round -----------------------------------------------------------------
//
// 1. Take the nonces that were asked for until now, then a snapshot of the
//    outbox: in this order, since a fence speaks of what was committed before
//    it was asked for.
// 2. Write the newest value of each key to JetStream, newer only; then the
//    bucket's mark, which stands behind them.
// 3. Publish each change to the log and wait for every acknowledgement.
// 4. Mark the rows, and keep how far publication has come, once it is certain
//    that the log has still what was kept before. If the snapshot held more, go
//    on with 1 and the same nonces.
// 5. Publish the nonces: everything visible in the first snapshot is published,
//    and stands in the bucket and in the log as far as the fence says.
//
// A step that fails ends the round; the rows stay, the nodes ask again. All of
// a batch is sent before any answer is waited for: a server that loses records
// in between answers not all of it.

void relay_state::begin_round() {
  in_round_ = true;
  woken_ = false;
  ++round_;
  nonces_.insert(nonces_.end(), std::make_move_iterator(asked_.begin()),
                 std::make_move_iterator(asked_.end()));
  asked_.clear();
  auto batch = outbox_->unpublished(context_.batch);
  stats_.truth_reachable = batch.engaged();
  if (!batch)
    return fail_round(batch.error());
  batch_ = std::move(*batch);
  if (planted(mutant::outbox_by_cursor))
    std::erase_if(batch_.rows, [this](const outbox_row& row) {
      return row.id <= std::exchange(cursor_, std::max(cursor_, row.id));
    });
  upto_ = batch_.upto;
  without_bucket_ = skips_bucket();
  mark_tries_ = 0;
  if (!batch_.rows.empty() && planted(mutant::log_before_shared))
    return publish_events();
  if (!batch_.rows.empty())
    return write_shared();
  if (nonces_.empty())
    return end_round();
  check_bucket();
}

void relay_state::write_shared() {
  if (without_bucket_)
    return publish_events();
  std::unordered_map<key, const outbox_row*, key_hash, key_equal> newest;
  for (auto& row : batch_.rows)
    newest[row.key] = &row;
  outstanding_ = newest.size();
  auto written = in_this_round(
      [this](bool) { part_done(&relay_state::mark_then_publish); });
  auto failed =
      in_this_round([this](const caf::error& why) { bucket_failed(why); });
  for (auto& [k, row] : newest)
    self_
        ->request(context_.warm, context_.timeout * 2, write_atom::value,
                  shared_fill{k,
                              row->current,
                              row->current_info,
                              {},
                              false,
                              batch_.upto.bucket_generation})
        .then([written](bool kept) { written(kept); },
              [failed](const caf::error& why) { failed(why); });
}

void relay_state::mark_then_publish() {
  mark_bucket(&relay_state::publish_events);
}

void relay_state::publish_events() {
  if (planted(mutant::marked_before_acknowledged))
    static_cast<void>(outbox_->published(ids_of(batch_.rows), upto_));
  outstanding_ = batch_.rows.size();
  for (auto& row : batch_.rows) {
    auto event = event_of(row.key, row.deleted, row.info);
    auto id = message_id(row);
    ask<std::uint64_t>(
        self_,
        [&](auto done) {
          context_.log->publish(context_.collection.event(event), id,
                                to_body(event), context_.timeout, done);
        },
        in_this_round([this, id](caf::expected<std::uint64_t> stored) {
          if (!stored)
            return log_failed(stored.error());
          acknowledged(*stored, id);
          part_done(&relay_state::check_then_mark);
        }));
  }
}

void relay_state::check_then_mark() {
  check_log(&relay_state::mark_published);
}

// Before it is replaced by a later one, the place that was kept must still be
// what it was; and only now, when the later one is acknowledged: a loss in
// between would go unseen.
void relay_state::check_log(step next) {
  using found_type = std::optional<log_identity>;
  auto& kept = batch_.upto;
  if (kept.log_sequence == 0 || planted(mutant::no_anchor_check))
    return (this->*next)();
  ask<found_type>(
      self_,
      [&](auto done) {
        context_.log->at(kept.log_sequence, context_.timeout, done);
      },
      in_this_round([this, next](caf::expected<found_type> found) {
        if (!found)
          return log_failed(found.error());
        if (*found && (*found)->message_id == batch_.upto.message_id)
          return (this->*next)();
        raise_epoch(batch_.epoch);
        fail_round(fail(ec::busy, "the log has lost records"));
      }));
}

void relay_state::acknowledged(std::uint64_t sequence,
                               const std::string& message_id) {
  if (sequence <= upto_.log_sequence)
    return;
  upto_.log_sequence = sequence;
  upto_.message_id = message_id;
}

void relay_state::mark_published() {
  auto ids = ids_of(batch_.rows);
  upto_.bucket_mark = mark_;
  if (without_bucket_)
    upto_.bucket_generation = 0;
  if (auto marked = outbox_->published(ids, upto_); !marked)
    return fail_round(marked.error());
  kept_at_ = now();
  stats_.published += ids.size();
  if (batch_.more)
    return holds_lease() ? begin_round() : end_round();
  publish_fence();
}

void relay_state::publish_fence() {
  if (nonces_.empty())
    return end_round();
  if (planted(mutant::snapshot_before_receipt))
    nonces_.insert(nonces_.end(), asked_.begin(), asked_.end());
  auto body = to_body(fence{std::string{batch_.epoch.text()},
                            std::exchange(nonces_, {}), upto_.log_sequence,
                            upto_.message_id,
                            without_bucket_ ? 0 : upto_.bucket_generation});
  auto id = context_.holder + ':' + std::to_string(++fences_);
  ask<std::uint64_t>(
      self_,
      [&](auto done) {
        context_.log->publish(fence_subject(context_.cluster), id, body,
                              context_.timeout, done);
      },
      in_this_round([this, id](caf::expected<std::uint64_t> stored) {
        if (!stored)
          return log_failed(stored.error());
        fence_stored(*stored, id);
        end_round();
      }));
}

void relay_state::fence_stored(std::uint64_t sequence, const std::string& id) {
  // The log has lost what was marked. The nodes see it too.
  if (sequence <= upto_.log_sequence)
    return raise_epoch(batch_.epoch);
  fenced_ = {sequence, id, 0, 0};
}

// Where the log fails too, it is not the bucket's fault.
void relay_state::log_failed(const caf::error& why) {
  bucket_failures_ = 0;
  fail_round(why);
}

void relay_state::part_done(step next) {
  if (--outstanding_ == 0)
    (this->*next)();
}

void relay_state::end_round() {
  in_round_ = false;
  failures_ = 0;
  batch_ = {};
  schedule(!asked_.empty() ? milliseconds{0}
           : woken_        ? context_.gathering
                           : context_.interval);
}

void relay_state::fail_round(const caf::error& why) {
  in_round_ = false;
  nonces_.clear();
  batch_ = {};
  ++stats_.failures;
  if (failures_ == 0)
    spdlog::warn("relay: {}; trying again", message_of(why));
  failures_ = std::min(failures_ + 1, 5);
  // Whoever has a source of truth that it can reach shall have the lease.
  if (code_of(why) == ec::unavailable)
    lease_due_ = now();
  schedule(std::min(context_.interval * (1 << failures_), longest_pause));
}

// -- the rest ----------------------------------------------------------------

void relay_state::raise_epoch(const epoch& from) {
  auto raised = outbox_->raise_epoch(from);
  if (raised)
    spdlog::warn("relay: the log has lost records; the epoch is now {}",
                 raised->text());
  else
    self_->delayed_send(self_, longest_pause, epoch_atom::value, from);
}

void relay_state::stop() {
  stopped_ = true;
  // What is left of a round is the next holder's: the rows are not marked.
  in_round_ = false;
  if (stats_.active)
    static_cast<void>(
        outbox_->release_lease(context_.cluster, context_.holder));
  stats_.active = false;
}

void relay_state::schedule(milliseconds pause) {
  // One poll is on its way at any time: a sooner one replaces a later one.
  auto due = now() + pause;
  if (stopped_ || (poll_due_ && *poll_due_ <= due))
    return;
  ++poll_number_;
  poll_due_ = due;
  if (pause == milliseconds{0})
    self_->send(self_, poll_atom::value, poll_number_);
  else
    self_->delayed_send(self_, pause, poll_atom::value, poll_number_);
}

time_point relay_state::now() const {
  return self_->clock().now();
}

}  // namespace larder
