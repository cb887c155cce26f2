#include "actors/package_feed.hpp"

#include "actors/package_worker.hpp"
#include "actors/port.hpp"

#include <algorithm>
#include <utility>

namespace larder {

namespace {

constexpr std::chrono::milliseconds first_pause{50};

}  // namespace

package_feed_actor::behavior_type package_feed(package_feed_state::pointer self,
                                               package_feed_context context) {
  auto& state = self->state;
  state.start(std::move(context));
  return {
      [&state](record_atom, std::uint64_t reader, const log_record& record) {
        state.record(reader, record);
      },
      [&state](lost_atom, std::uint64_t reader, const caf::error&) {
        state.lost(reader);
      },
      [&state](flush_atom, const package_key& key) {
        return state.settle_first(key);
      },
      [&state](open_atom) { state.open(); },
      [&state](poll_atom) { state.poll(); },
      [](const continuation& go_on) { go_on(); },
      [&state](stats_atom) { return state.stats(); },
  };
}

void package_feed_state::start(package_feed_context context) {
  context_ = std::move(context);
  self_->send(self_, open_atom::value);
  self_->delayed_send(self_, context_.pause, poll_atom::value);
}

// -- opening the log ---------------------------------------------------------

void package_feed_state::open() {
  open_scheduled_ = false;
  ask<package_log_position>(
      self_,
      in_store<package_log_position>(
          context_.store, time_point::max(),
          [](package_store& store) { return store.position(); }),
      [this](caf::expected<package_log_position> kept) {
        if (!kept)
          return open_again();
        ask<log_info>(
            self_,
            [this](auto answered) {
              context_.log->info(context_.timeout, answered);
            },
            [this, kept = std::move(*kept)](caf::expected<log_info> info) {
              if (!info)
                return open_again();
              opened(kept, *info);
            });
      });
}

void package_feed_state::opened(const package_log_position& kept,
                                const log_info& info) {
  position_ = kept;
  log_created_ = info.created;
  if (kept.sequence == 0 || kept.log_created != info.created)
    return must_reconcile_ = true, read(1);
  // All that was forgotten has been applied.
  if (info.first_sequence == kept.sequence + 1)
    return read(kept.sequence + 1);
  // After a loss the log gives sequences a second time: the record there must
  // be the one that was applied.
  using found_type = std::optional<log_identity>;
  ask<found_type>(
      self_,
      [&](auto answered) {
        context_.log->at(kept.sequence, context_.timeout, answered);
      },
      [this, kept](caf::expected<found_type> found) {
        if (!found)
          return open_again();
        if (*found && (*found)->message_id == kept.message_id)
          return read(kept.sequence + 1);
        must_reconcile_ = true;
        read(1);
      });
}

void package_feed_state::read(std::uint64_t from) {
  // The first time there is nothing that could have a gap.
  if (must_reconcile_ && position_.sequence > 0)
    ++stats_.gaps;
  has_tried_ = true;
  forget_records();
  reading_ = true;
  auto to = package_feed_actor{self_};
  auto reader = ++reader_;
  context_.log->read(
      from, {[to, reader, heard = context_.backlog](log_record record) {
               // Here, not where the record is taken: who
               // looks meanwhile is then behind it.
               if (heard)
                 heard->fetch_add(1);
               caf::anon_send(to, record_atom::value, reader,
                              std::move(record));
             },
             [to, reader](caf::error why) {
               caf::anon_send(to, lost_atom::value, reader, std::move(why));
             }});
  if (!must_reconcile_)
    return;
  // What has been compared already may be from before this gap.
  whole_ = nodes_compared_ = false;
  if (!reconciling_)
    reconcile();
}

void package_feed_state::lost(std::uint64_t reader) {
  if (reader != reader_)
    return;
  reading_ = false;
  open_again();
}

void package_feed_state::open_again() {
  reading_ = false;
  // What is still on its way from the old reader is read again.
  ++reader_;
  has_tried_ = has_tried_ || failures_ >= 3;
  if (has_tried_)
    forget_records();
  if (std::exchange(open_scheduled_, true))
    return;
  // Soon at first: of nodes that start together, one makes the stream.
  auto pause = std::min(context_.pause, first_pause * (1 << failures_));
  failures_ = std::min(failures_ + 1, 6);
  self_->delayed_send(self_, pause, open_atom::value);
}

// -- records -----------------------------------------------------------------

void package_feed_state::record(std::uint64_t reader,
                                const log_record& record) {
  if (reader != reader_)
    return count_off(1);
  auto e = parse_event(context_.subjects, record.subject, record.payload);
  // No package's subject: nobody can mean anything by it.
  if (!e)
    return count_off(1);
  if (is_news(*e))
    news_.push_back(e->change.key);
  else
    count_off(1);
  records_.push_back({record.at.sequence, std::move(*e)});
  take_records();
}

void package_feed_state::count_off(std::size_t records) {
  if (context_.backlog)
    context_.backlog->fetch_sub(records);
}

void package_feed_state::forget_records() {
  records_.clear();
  settle_heard(news_.size());
}

void package_feed_state::take_records() {
  if (busy_ || records_.empty())
    return;
  busy_ = true;
  auto b = std::make_shared<batch>();
  auto position = position_;
  std::size_t news = 0;
  while (!records_.empty() && b->events.size() < context_.batch) {
    auto [sequence, e] = std::move(records_.front());
    records_.pop_front();
    news += is_news(e) ? 1 : 0;
    // The place of a record that some other program wrote has no name to know
    // it by again; the one before it will do.
    if (e.change.revision > 0)
      position = {sequence, message_id(e.change), log_created_};
    b->events.push_back(std::move(e));
  }
  if (missing_.empty() && !must_reconcile_ && position != position_)
    b->position = position;
  b->done = [this, b = b.get(), position, news,
             reader = reader_](bool applied) {
    busy_ = false;
    if (reader != reader_)
      return take_records();
    if (!applied)
      return open_again();
    failures_ = 0;
    position_ = position;
    settle_heard(news);
    take_records();
  };
  settle(std::move(b));
}

// -- readers that wait -------------------------------------------------------

// A writer is answered when the log has its record, so that this node hears of
// it before the writer's next request: what it finds then must not be older.
caf::result<done_atom>
package_feed_state::settle_first(const package_key& key) {
  if (!has_tried_) {
    auto reply = self_->make_response_promise<done_atom>();
    waiters_.push_back({settled_news_, reply});
    return reply;
  }
  if (news_.size() > context_.batch)
    return done_atom::value;
  auto last = key.name.empty() ? news_.rbegin()
                               : std::find(news_.rbegin(), news_.rend(), key);
  if (last == news_.rend())
    return done_atom::value;
  auto reply = self_->make_response_promise<done_atom>();
  auto ahead = static_cast<std::uint64_t>(news_.rend() - last);
  waiters_.push_back({settled_news_ + ahead, reply});
  return reply;
}

void package_feed_state::settle_heard(std::size_t count) {
  news_.erase(news_.begin(),
              news_.begin() + static_cast<std::ptrdiff_t>(count));
  settled_news_ += count;
  count_off(count);
  std::erase_if(waiters_, [this](waiter& w) {
    if (w.until > settled_news_)
      return false;
    w.reply.deliver(done_atom::value);
    return true;
  });
}

// -- what could not be had, and gaps -----------------------------------------

void package_feed_state::poll() {
  self_->delayed_send(self_, context_.pause, poll_atom::value);
  if (must_reconcile_ && reading_ && !reconciling_)
    reconcile();
  if (missing_.empty() || retrying_)
    return;
  retrying_ = true;
  auto b = std::make_shared<batch>();
  // In turn: nobody waits behind what will never be had.
  auto i = missing_.upper_bound(retried_);
  auto most = std::min<std::size_t>(context_.batch, missing_.size());
  while (b->events.size() < most) {
    if (i == missing_.end())
      i = missing_.begin();
    b->events.push_back(i->second);
    retried_ = i++->first;
  }
  b->done = [this, b = b.get()](bool applied) {
    retrying_ = false;
    if (!applied)
      return;
    for (auto& e : b->events)
      missing_.erase(message_id(e.change));
    for (auto& e : b->missing)
      missing_.emplace(message_id(e.change), e);
    keep_place();
  };
  settle(std::move(b));
}

// If that fails, the next start has more to read, no less.
void package_feed_state::keep_place() {
  if (!missing_.empty() || must_reconcile_ || position_.sequence == 0)
    return;
  ask<void>(self_,
            in_store<void>(context_.writes, time_point::max(),
                           [position = position_](package_store& store) {
                             return store.set_position(position);
                           }),
            [](const caf::expected<void>&) {});
}

package_feed_stats package_feed_state::stats() const {
  auto s = stats_;
  s.reading = reading_;
  s.position = position_.sequence;
  s.waiting = missing_.size() + records_.size();
  return s;
}

}  // namespace larder
