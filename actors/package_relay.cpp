#include "actors/package_relay.hpp"

#include "actors/package_worker.hpp"
#include "actors/packages.hpp"
#include "actors/port.hpp"

#include <algorithm>
#include <utility>

namespace larder {

package_relay_actor::behavior_type
package_relay(package_relay_state::pointer self,
              package_relay_context context) {
  auto& state = self->state;
  state.start(std::move(context));
  return {
      [&state](wake_atom) { state.wake(); },
      [&state](flush_atom) { return state.flush(); },
      [](const continuation& go_on) { go_on(); },
      [&state](stats_atom) { return state.stats(); },
  };
}

void package_relay_state::wake() {
  if (busy_)
    again_ = true;
  else
    start_round();
}

caf::result<done_atom> package_relay_state::flush() {
  auto reply = self_->make_response_promise<done_atom>();
  next_.push_back(reply);
  wake();
  return reply;
}

void package_relay_state::start_round() {
  busy_ = true;
  again_ = false;
  now_ = std::exchange(next_, {});
  ask<round>(
      self_,
      in_store<round>(context_.store, time_point::max(),
                      [published = published_, batch = context_.batch,
                       bytes = context_.batch_bytes](package_store& store) {
                        return gather(store, published, batch, bytes);
                      }),
      [this](caf::expected<round> found) {
        // Without the store there is nothing to tell.
        if (!found || found->items.empty())
          return end_round(false);
        put_in_database(std::make_shared<round>(std::move(*found)));
      });
}

// Runs in the store's thread.
caf::expected<package_relay_state::round>
package_relay_state::gather(package_store& store,
                            const std::set<std::string>& published,
                            std::uint32_t batch, std::uint64_t batch_bytes) {
  auto limit = batch + static_cast<std::uint32_t>(published.size());
  auto pending = store.pending_changes(limit);
  if (!pending)
    return pending.error();
  round result;
  result.more = pending->size() >= limit;
  if (result.more)
    result.published = published;
  std::size_t late = 0;
  std::uint64_t bytes = 0;
  for (auto& change : *pending) {
    auto id = message_id(change);
    auto is_late = published.contains(id);
    if (is_late)
      result.published.insert(std::move(id));
    // Room for new ones, however many wait for the database.
    if ((is_late && ++late > batch) || bytes > batch_bytes) {
      result.more = true;
      continue;
    }
    item next{change, {change, {}}, false, is_late};
    if (!change.removed) {
      // Mostly it is the version that is answered without one: one read.
      auto kept = store.get(change.key.ecosystem, change.key.name);
      next.preferred =
          kept && kept->document && kept->version == change.version;
      if (kept && !next.preferred)
        kept = store.get(change.key.ecosystem, change.key.name, change.version);
      // Damaged: it waits until it is mended, and holds up no other.
      if (!kept && code_of(kept.error()) == ec::internal)
        continue;
      if (!kept)
        return kept.error();
      // Removed since: the removal is pending too, and tells it.
      if (!kept->document) {
        next.update.change.revision = 0;
      } else {
        next.update.change.revision = kept->revision;
        next.update.document = std::move(*kept->document);
        bytes += next.update.document.size();
      }
    }
    result.items.push_back(std::move(next));
  }
  return result;
}

void package_relay_state::put_in_database(const round_ptr& r) {
  if (!context_.database)
    return put_in_bucket(r);
  std::vector<package_update> updates;
  for (auto& i : r->items)
    if (i.update.change.revision > 0)
      updates.push_back(i.update);
  ask<void>(
      self_,
      in_database<void>(context_.database,
                        [updates = std::move(updates)](package_database& d) {
                          return d.put(updates);
                        }),
      [this, r](caf::expected<void> ok) {
        r->in_database = static_cast<bool>(ok);
        stats_.database_reachable = r->in_database;
        if (!ok)
          ++stats_.failures;
        put_in_bucket(r);
      });
}

// What cannot be written here is asked of this node by the others.
void package_relay_state::put_in_bucket(const round_ptr& r) {
  r->outstanding = 1;
  auto done = [this, r] {
    if (--r->outstanding == 0)
      put_in_log(r);
  };
  for (auto& i : r->items) {
    auto& change = i.update.change;
    if (i.published || change.revision == 0
        || (!change.removed && !i.preferred))
      continue;
    shared_fill fill;
    fill.key = {change.key.ecosystem, change.key.name};
    fill.info.revision = change.revision;
    fill.info.epoch = package_epoch();
    if (!change.removed)
      fill.value = artifact::make(fill.key, i.update.document, fill.info);
    ++r->outstanding;
    self_
        ->request(context_.warm, caf::infinite, write_atom::value,
                  std::move(fill))
        .then([done](bool) { done(); }, [done](const caf::error&) { done(); });
  }
  done();
}

void package_relay_state::put_in_log(const round_ptr& r) {
  r->outstanding = 1;
  auto done = [this, r] {
    if (--r->outstanding == 0)
      finish(r);
  };
  for (auto& i : r->items) {
    auto& change = i.update.change;
    // What the database has at last is told again: a node that compared itself
    // with the database before, after a gap in the log, has not heard of it.
    if ((i.published && !r->in_database) || change.revision == 0)
      continue;
    ++r->outstanding;
    ask<std::uint64_t>(
        self_,
        [&](auto answered) {
          context_.log->publish(
              context_.subjects.event(change), message_id(change),
              to_body({change, context_.node}), context_.timeout, answered);
        },
        [this, r, done](caf::expected<std::uint64_t> sequence) {
          if (sequence) {
            ++stats_.published;
          } else {
            ++stats_.failures;
            r->in_log = false;
          }
          done();
        });
  }
  done();
}

void package_relay_state::finish(const round_ptr& r) {
  stats_.log_reachable = r->in_log;
  if (!r->in_log)
    return end_round(false);
  std::vector<package_change> changes;
  published_ = std::move(r->published);
  for (auto& i : r->items) {
    changes.push_back(i.change);
    if (!r->in_database)
      published_.insert(message_id(i.change));
    else
      published_.erase(message_id(i.change));
  }
  stats_.waiting = published_.size();
  // The next wake tries the database again; what is new goes out at once.
  if (!r->in_database)
    return end_round(false);
  ask<void>(
      self_,
      in_store<void>(context_.writes, time_point::max(),
                     [changes = std::move(changes)](package_store& store) {
                       return store.mark_published(changes);
                     }),
      [this, r](caf::expected<void> marked) { end_round(marked && r->more); });
}

void package_relay_state::end_round(bool go_on) {
  for (auto& reply : std::exchange(now_, {}))
    reply.deliver(done_atom::value);
  if (go_on || again_)
    return start_round();
  busy_ = false;
}

}  // namespace larder
