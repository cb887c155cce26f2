// The relay's other half: JetStream's bucket and its mark.
//
// A server that crashes may forget the end of what it has stored. What the
// bucket has lost would bring older values back, so the relay writes a mark
// behind every batch, each on top of the one before (by compare-and-set), and
// keeps its sequence with the rows' marks. As long as the mark that was kept is
// there, or one that was written on top of it, so is everything before it.
// Otherwise a new generation begins: nodes take entries of no other.
#include "actors/port.hpp"
#include "actors/relay.hpp"

#include <spdlog/spdlog.h>

#include <utility>

namespace larder {

namespace {

using std::chrono::milliseconds;

// After so many failures in a row the bucket is left out. Until then nobody is
// told of the changes: a node that asked JetStream would find the old value.
constexpr int most_failures = 3;
constexpr milliseconds bucket_pause{1'000};

// Two relays may be at it for a moment.
constexpr int most_tries = 3;

// So often it is kept that publication has come to here, changes or not: the
// log and the bucket let go of what is old.
constexpr std::chrono::minutes longest_kept{1};

}  // namespace

bool relay_state::skips_bucket() const {
  return bucket_failures_ >= most_failures && now() < bucket_due_;
}

// There is nothing to publish but a fence.
void relay_state::check_bucket() {
  if (without_bucket_)
    return publish_fence();
  if (batch_.upto.bucket_mark == 0 || !kept_at_
      || now() - *kept_at_ >= longest_kept)
    return mark_bucket(&relay_state::check_then_keep);
  find_mark(&relay_state::publish_fence);
}

void relay_state::check_then_keep() {
  check_log(&relay_state::keep_publication);
}

void relay_state::keep_publication() {
  acknowledged(fenced_.log_sequence, fenced_.message_id);
  upto_.bucket_mark = mark_;
  if (auto kept = outbox_->published({}, upto_); !kept)
    return fail_round(kept.error());
  kept_at_ = now();
  publish_fence();
}

void relay_state::mark_bucket(step next) {
  after_mark_ = next;
  auto base = batch_.upto.bucket_mark;
  if (std::exchange(mark_base_, base) != base)
    mark_ = base;
  ask<std::uint64_t>(
      self_,
      [&](auto done) {
        context_.bucket->put(
            {bucket_mark_key,
             nullptr,
             {static_cast<std::int64_t>(base) + 1, 0, batch_.epoch},
             batch_.upto.bucket_generation,
             mark_},
            context_.timeout, done);
      },
      in_this_round([this, next](caf::expected<std::uint64_t> stored) {
        if (!stored && code_of(stored.error()) == ec::revision_conflict)
          return find_mark(&relay_state::mark_again);
        if (!stored)
          return bucket_failed(stored.error());
        bucket_failures_ = 0;
        mark_ = *stored;
        (this->*next)();
      }));
}

// Another relay's, or one that this relay wrote in a round that failed.
void relay_state::find_mark(step next) {
  ask<kv_entry>(
      self_,
      [&](auto done) {
        context_.bucket->get(bucket_mark_key, context_.timeout, done);
      },
      in_this_round([this, next](caf::expected<kv_entry> found) {
        if (!found)
          return bucket_failed(found.error());
        if (!is_successor(*found))
          return bucket_lost();
        bucket_failures_ = 0;
        mark_base_ = batch_.upto.bucket_mark;
        mark_ = found->sequence;
        (this->*next)();
      }));
}

bool relay_state::is_successor(const kv_entry& mark) const {
  auto& kept = batch_.upto;
  return kept.bucket_mark == 0
         || (mark.generation == kept.bucket_generation
             && (mark.sequence == kept.bucket_mark
                 || (mark.sequence > kept.bucket_mark
                     && mark.info.revision
                            == static_cast<std::int64_t>(kept.bucket_mark)
                                   + 1)));
}

void relay_state::mark_again() {
  if (++mark_tries_ > most_tries)
    return fail_round(fail(ec::busy, "another relay marks JetStream's bucket"));
  mark_bucket(after_mark_);
}

void relay_state::bucket_failed(const caf::error& why) {
  if (++bucket_failures_ < most_failures)
    return fail_round(why);
  spdlog::warn("relay: {}; publishing without JetStream's bucket",
               message_of(why));
  bucket_due_ = now() + bucket_pause;
  without_bucket_ = true;
  // Answers of the bucket's that are still to come belong to no round.
  ++round_;
  if (batch_.rows.empty())
    return publish_fence();
  publish_events();
}

void relay_state::bucket_lost() {
  spdlog::warn("relay: JetStream's bucket has lost entries: those of its "
               "generation {} are void",
               batch_.upto.bucket_generation);
  if (auto renewed = outbox_->renew_bucket(batch_.upto.bucket_generation);
      !renewed)
    return fail_round(renewed.error());
  fail_round(fail(ec::busy, "JetStream's bucket has lost entries"));
}

}  // namespace larder
