#include "actors/invalidation.hpp"

#include "actors/mutant.hpp"
#include "actors/port.hpp"

#include <algorithm>
#include <utility>

namespace larder {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds shortest_pause{20};
constexpr milliseconds longest_pause{500};

// A node that was heard of is taken to be alive for so long. Each asks for a
// fence twice a second, and all read what is answered.
constexpr std::chrono::seconds alive_for{10};

// A relay that was held up may publish a fence of an epoch that is over. One
// that comes without any of the newer epoch for so long is no latecomer: the
// source of truth has been set back.
constexpr std::chrono::seconds latest_fence{10};

}  // namespace

invalidation_actor::behavior_type invalidation(invalidation_state::pointer self,
                                               invalidation_context context) {
  auto& state = self->state;
  state.start(std::move(context));
  return {
      [&state](record_atom, std::uint64_t reader, const log_record& record) {
        state.record(reader, record);
      },
      [&state](lost_atom, std::uint64_t reader, const caf::error&) {
        state.lost(reader);
      },
      [&state](open_atom) { state.open(); },
      [&state](fence_atom) { state.ask_fence(); },
      [](const continuation& go_on) { go_on(); },
      [&state](stats_atom) { return state.stats(); },
  };
}

void invalidation_state::start(invalidation_context context) {
  context_ = std::move(context);
  context_.freshness->others_until = nanoseconds_of(now() + alive_for);
  self_->send(self_, open_atom::value);
  self_->send(self_, fence_atom::value);
}

// -- opening the log ---------------------------------------------------------

void invalidation_state::open() {
  open_scheduled_ = false;
  auto attempt = ++attempt_;
  ask<log_info>(
      self_,
      [this](auto answered) { context_.log->info(context_.timeout, answered); },
      [this, attempt](caf::expected<log_info> info) {
        if (attempt != attempt_)
          return;
        if (!info)
          return try_again();
        opened(*info);
      });
}

void invalidation_state::opened(const log_info& info) {
  last_known_ = std::max(last_known_, info.last_sequence);
  if (!opened_once_) {
    opened_once_ = true;
    log_created_ = info.created;
    return read(context_.floor_ttl);
  }
  if (info.created != log_created_ || info.last_sequence < received_.sequence)
    return log_damaged(info);
  if (received_.sequence == 0)
    return read(std::uint64_t{1});
  if (info.first_sequence > received_.sequence)
    return missed_some(info);
  resume(info);
}

// The anchor check: the record at the last sequence must be the one that was
// read there, for after a loss the log gives sequences a second time.
void invalidation_state::resume(const log_info& info) {
  using found_type = std::optional<log_identity>;
  auto attempt = attempt_;
  ask<found_type>(
      self_,
      [this](auto answered) {
        context_.log->at(received_.sequence, context_.timeout, answered);
      },
      [this, attempt, info](caf::expected<found_type> found) {
        if (attempt != attempt_)
          return;
        if (!found)
          return try_again();
        if ((*found && (*found)->at == received_)
            || planted(mutant::no_anchor_check))
          return read(received_.sequence + 1);
        log_damaged(info);
      });
}

void invalidation_state::missed_some(const log_info& info) {
  ++gaps_;
  ++context_.freshness->generation;
  read(std::max<std::uint64_t>(info.first_sequence, 1));
}

void invalidation_state::log_damaged(const log_info& info) {
  end_epoch(context_.freshness->current_epoch);
  log_created_ = info.created;
  received_ = {};
  // The backlog is one of this log, whatever sequences the other one had.
  last_known_ = info.last_sequence;
  applied_ = {};
  // What the new epoch has seen already counts for the floors.
  read(context_.floor_ttl);
}

// What was published in this epoch is lost, perhaps to nodes that cannot see
// it: no fence counts before the source of truth has begun another one.
void invalidation_state::end_epoch(const epoch& which) {
  ++gaps_;
  ++context_.freshness->generation;
  context_.freshness->fence_until = 0;
  void_epoch_ = which;
  asked_.clear();
  self_->send(context_.relay, epoch_atom::value, which);
}

void invalidation_state::read(log_start start) {
  auto to = invalidation_actor{self_};
  auto reader = ++reader_;
  reading_ = true;
  context_.log->read(start, {[to, reader](log_record record) {
                               caf::anon_send(to, record_atom::value, reader,
                                              std::move(record));
                             },
                             [to, reader](caf::error why) {
                               caf::anon_send(to, lost_atom::value, reader,
                                              std::move(why));
                             }});
  request_fence();
}

void invalidation_state::lost(std::uint64_t reader) {
  if (reader != reader_)
    return;
  reading_ = false;
  ++attempt_;
  try_again();
}

void invalidation_state::try_again() {
  if (std::exchange(open_scheduled_, true))
    return;
  auto pause =
      std::min(shortest_pause * (1 << std::min(failures_, 5)), longest_pause);
  ++failures_;
  self_->delayed_send(self_, pause, open_atom::value);
}

// -- records -----------------------------------------------------------------

void invalidation_state::record(std::uint64_t reader,
                                const log_record& record) {
  // A reader that was replaced may still have sent some.
  if (reader != reader_)
    return;
  failures_ = 0;
  received_ = record.at;
  last_known_ = std::max(last_known_, record.at.sequence);
  auto& s = steps_.emplace_back();
  s.at = record.at;
  if (is_fence(record.subject, context_.cluster))
    apply_fence(record, s);
  else if (context_.collection.is_event(record.subject))
    apply_change(record, s);
  advance();
}

void invalidation_state::apply_change(const log_record& record, step& s) {
  auto parsed =
      parse_change(context_.collection, record.subject, record.payload);
  // Not a key: nothing can be held under it.
  if (!parsed)
    return;
  auto notice = notice_of(std::move(*parsed));
  auto& shard = context_.shards[shard_of(notice.key, context_.shards.size())];
  auto number = first_step_ + steps_.size() - 1;
  ++s.outstanding;
  self_->request(shard, caf::infinite, apply_atom::value, std::move(notice))
      .then([this, number](done_atom) { done(number); },
            [this, number](const caf::error&) { done(number); });
}

void invalidation_state::apply_fence(const log_record& record, step& s) {
  auto parsed = parse_fence(record.payload);
  if (!parsed)
    return;
  epoch at{parsed->epoch};
  if (is_outdated(at))
    return;
  void_epoch_ = {};
  epoch_seen_ = now();
  if (at != context_.freshness->current_epoch.load())
    adopt_epoch(at, s);
  trust_bucket(parsed->bucket);
  if (parsed->after == 0
      || (parsed->after == sound_ && parsed->after_id == sound_id_)
      || planted(mutant::no_anchor_check))
    s.nonces = std::move(parsed->nonces);
  else if (parsed->after >= record.at.sequence)
    end_epoch(at);
  else
    check_log(*parsed);
}

bool invalidation_state::is_outdated(const epoch& of_fence) const {
  if (!void_epoch_.empty()
      && (of_fence == void_epoch_ || of_fence.precedes(void_epoch_)))
    return true;
  return of_fence.precedes(context_.freshness->current_epoch)
         && now() < epoch_seen_ + latest_fence;
}

// What the fence speaks of must stand in the log before it. Then everything up
// to there does, and was read; otherwise the log has lost records, perhaps some
// that nobody has read.
void invalidation_state::check_log(const fence& f) {
  using found_type = std::optional<log_identity>;
  auto number = first_step_ + steps_.size() - 1;
  ++steps_.back().outstanding;
  ask<found_type>(
      self_,
      [&](auto answered) {
        context_.log->at(f.after, context_.timeout, answered);
      },
      [this, number, f, reader = reader_](caf::expected<found_type> found) {
        // No answer, or one about a log that is read anew: not this fence.
        if (found && reader == reader_) {
          if (*found && (*found)->message_id == f.after_id) {
            sound_ = f.after;
            sound_id_ = f.after_id;
            steps_[number - first_step_].nonces = f.nonces;
          } else if (epoch at{f.epoch}; !is_outdated(at)) {
            end_epoch(at);
          }
        }
        done(number);
      });
}

// A fence of a relay that was held up may name a generation that is over.
void invalidation_state::trust_bucket(std::uint32_t generation) {
  if (generation != 0 && generation < bucket_generation_)
    return;
  bucket_generation_ = std::max(bucket_generation_, generation);
  context_.freshness->bucket_generation = generation;
}

void invalidation_state::adopt_epoch(const epoch& current, step& s) {
  auto first = context_.freshness->current_epoch.load().empty();
  context_.freshness->current_epoch = current;
  sound_ = 0;
  bucket_generation_ = 0;
  if (!first)
    ++context_.freshness->generation;
  auto number = first_step_ + steps_.size() - 1;
  for (auto& shard : context_.shards) {
    ++s.outstanding;
    self_->request(shard, caf::infinite, epoch_atom::value)
        .then([this, number](done_atom) { done(number); },
              [this, number](const caf::error&) { done(number); });
  }
}

void invalidation_state::done(std::uint64_t step_number) {
  --steps_[step_number - first_step_].outstanding;
  advance();
}

// In the log's order: a fence counts only when every change before it has
// reached its shard's readers.
void invalidation_state::advance() {
  while (!steps_.empty() && steps_.front().outstanding == 0) {
    auto s = std::move(steps_.front());
    steps_.pop_front();
    ++first_step_;
    applied_ = s.at;
    for (auto& nonce : s.nonces)
      fenced(nonce);
  }
}

// -- the fence ---------------------------------------------------------------

void invalidation_state::ask_fence() {
  self_->delayed_send(self_, context_.fence_interval, fence_atom::value);
  if (reading_)
    request_fence();
}

void invalidation_state::request_fence() {
  // By age: in the map they are in the order of their text.
  while (asked_.size() > 64)
    asked_.erase(
        std::min_element(asked_.begin(), asked_.end(),
                         [](auto& a, auto& b) { return a.second < b.second; }));
  auto nonce = context_.incarnation + ":" + std::to_string(++nonce_);
  // The time before the question is sent: whatever was acknowledged by now is
  // in the snapshot that the relay takes after it has the question.
  asked_.emplace(nonce, now());
  context_.signals->ask_fence(nonce);
}

void invalidation_state::fenced(const std::string& nonce) {
  auto i = asked_.find(nonce);
  if (i == asked_.end()) {
    if (!nonce.starts_with(context_.incarnation + ':'))
      context_.freshness->others_until = nanoseconds_of(now() + alive_for);
    return;
  }
  if (!fenced_once_ || i->second > fence_asked_) {
    fence_asked_ = i->second;
    fenced_once_ = true;
    context_.freshness->fence_until = nanoseconds_of(
        planted(mutant::no_fence) ? time_point::max()
                                  : fence_asked_ + context_.fence_max_age);
  }
  asked_.erase(i);
}

coherence_stats invalidation_state::stats() const {
  coherence_stats s;
  if (fenced_once_)
    s.fence_age_ms =
        std::chrono::duration_cast<milliseconds>(now() - fence_asked_).count();
  s.log_lag = last_known_ - std::min(last_known_, applied_.sequence);
  s.applied = applied_.sequence;
  s.gaps = gaps_;
  s.generation = context_.freshness->generation;
  s.epoch = std::string{context_.freshness->current_epoch.load().text()};
  s.reading = reading_;
  return s;
}

time_point invalidation_state::now() const {
  return self_->clock().now();
}

}  // namespace larder
