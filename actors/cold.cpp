#include "actors/cold.hpp"

#include <algorithm>
#include <utility>

namespace larder {

namespace {

constexpr std::chrono::milliseconds hung_after{1'000};

constexpr std::chrono::nanoseconds shortest_index_pause =
    std::chrono::milliseconds{50};

}  // namespace

cold_actor::behavior_type cold(cold_state::pointer self, cold_context context) {
  auto& state = self->state;
  state.start(std::move(context));
  return {
      [&state](get_atom, key& k, time_point deadline) {
        return state.read(true, std::move(k), deadline);
      },
      [&state](verify_atom, key& k, time_point deadline) {
        return state.read(false, std::move(k), deadline);
      },
      [&state](write_atom, write_request& request) {
        return state.write(std::move(request));
      },
      [&state](list_atom, const std::string& type, std::uint32_t limit,
               const std::string& after) {
        return state.list(type, limit, after);
      },
      [&state](scan_atom, const std::optional<std::string>& type,
               std::uint32_t limit, const std::optional<key>& after) {
        return state.scan(type, limit, after);
      },
      [&state](search_atom, const artifact_query& query) {
        return state.search(query);
      },
      [&state](usage_atom, const std::vector<usage>& reads) {
        state.count(reads);
      },
      [&state](flush_atom) { state.flush(); },
      [&state](sweep_atom) { state.flush_usage(); },
      [&state](index_atom) { state.index(); },
      [&state](stats_atom) { return state.stats(); },
  };
}

void cold_state::start(cold_context context) {
  context_ = std::move(context);
  idle_ = context_.workers;
  last_progress_ = now();
  self_->delayed_send(self_, context_.usage_interval, sweep_atom::value);
  self_->delayed_send(self_, context_.index_interval, index_atom::value);
}

// -- what is asked -----------------------------------------------------------

caf::result<lookup> cold_state::read(bool whole, key k, time_point deadline) {
  auto& waiting = whole ? gets_ : verifications_;
  if (auto why = refusal(waiting.size()))
    return why;
  auto reply = self_->make_response_promise<lookup>();
  auto& q = waiting[std::move(k)];
  q.deadline = std::max(q.deadline, deadline);
  q.askers.push_back(reply);
  schedule_flush();
  return reply;
}

caf::result<std::vector<list_item>> cold_state::list(const std::string& type,
                                                     std::uint32_t limit,
                                                     const std::string& after) {
  return pass_on<std::vector<list_item>>(list_atom::value, type, limit, after);
}

caf::result<std::vector<artifact_ptr>>
cold_state::scan(const std::optional<std::string>& type, std::uint32_t limit,
                 const std::optional<key>& after) {
  return pass_on<std::vector<artifact_ptr>>(scan_atom::value, type, limit,
                                            after);
}

caf::result<artifact_matches> cold_state::search(const artifact_query& query) {
  return pass_on<artifact_matches>(search_atom::value, query);
}

template <class T, class... Ts>
caf::result<T> cold_state::pass_on(Ts... request) {
  if (auto why = refusal(others_.size()))
    return why;
  auto reply = self_->make_response_promise<T>();
  others_.push_back([this, reply, request...](cold_worker_actor worker) {
    self_->request(worker, caf::infinite, request...)
        .then(
            [this, worker, reply](T& found) mutable {
              give_back(worker, {});
              reply.deliver(std::move(found));
            },
            [this, worker, reply](const caf::error& why) mutable {
              give_back(worker, why);
              reply.deliver(why);
            });
  });
  schedule_flush();
  return reply;
}

// One session, and not all of its time: nobody waits for this, and searches
// index what little has changed since.
void cold_state::index() {
  if (!may_write_unasked())
    return self_->delayed_send(self_, context_.index_interval,
                               index_atom::value);
  others_.push_back([this](cold_worker_actor worker) {
    auto asked = now();
    auto again = [this](std::chrono::nanoseconds pause) {
      self_->delayed_send(self_, pause, index_atom::value);
    };
    self_
        ->request(worker, caf::infinite, index_atom::value,
                  context_.index_batch)
        .then(
            [this, worker, asked, again](bool more) {
              give_back(worker, {});
              again(more ? std::max(shortest_index_pause,
                                    (now() - asked) * context_.index_pause)
                         : std::chrono::nanoseconds{context_.index_interval});
            },
            [this, worker, again](const caf::error& why) {
              wrote(worker, why);
              again(context_.index_interval);
            });
  });
  schedule_flush();
}

// -- what is sent ------------------------------------------------------------

// The flush waits in the mailbox behind whatever has already arrived, so that
// all of it goes into one query.
void cold_state::schedule_flush() {
  if (std::exchange(flush_scheduled_, true))
    return;
  self_->send(self_, flush_atom::value);
}

void cold_state::flush() {
  flush_scheduled_ = false;
  send_reads(gets_, true);
  send_reads(verifications_, false);
  send_writes();
  while (!others_.empty() && !idle_.empty()) {
    auto send = std::move(others_.front());
    others_.erase(others_.begin());
    send(take_worker());
  }
}

bool cold_state::verifications_gather() {
  if (verifications_.size() >= context_.max_batch)
    return false;
  auto left =
      verified_last_ - now()
      + (verifying_ > 0 ? context_.verify_gathering : context_.verify_interval);
  if (left <= left.zero())
    return false;
  auto due = now() + left;
  if (gathered_at_ <= now() || due < gathered_at_) {
    gathered_at_ = due;
    self_->delayed_send(self_, left, flush_atom::value);
  }
  return true;
}

void cold_state::send_reads(questions& waiting, bool whole) {
  while (!waiting.empty() && !idle_.empty()) {
    if (!whole && verifications_gather())
      return;
    std::vector<key> keys;
    questions asked;
    while (!waiting.empty() && keys.size() < context_.max_batch) {
      auto node = waiting.extract(waiting.begin());
      // Whoever asked has gone; the shard may have others that wait.
      if (node.mapped().deadline < now()) {
        for (auto& asker : node.mapped().askers)
          asker.deliver(fail(ec::deadline_exceeded,
                             "the deadline passed before " + context_.tier_name
                                 + " could be asked"));
        continue;
      }
      keys.push_back(node.key());
      asked.insert(std::move(node));
    }
    if (keys.empty())
      return;
    ++stats_.queries;
    stats_.keys += keys.size();
    ask_worker(take_worker(), std::move(keys), std::move(asked), whole);
  }
}

void cold_state::ask_worker(cold_worker_actor worker, std::vector<key> keys,
                            questions asked, bool whole) {
  auto kept = std::make_shared<questions>(std::move(asked));
  if (!whole) {
    ++verifying_;
    verified_last_ = now();
  }
  auto answered = [this, worker, kept, keys,
                   whole](std::vector<lookup>& found) {
    verifying_ -= whole ? 0 : 1;
    give_back(worker, {});
    for (std::size_t i = 0; i < keys.size(); ++i)
      for (auto& asker : kept->at(keys[i]).askers)
        asker.deliver(found[i]);
  };
  auto failed = [this, worker, kept, whole](const caf::error& why) {
    verifying_ -= whole ? 0 : 1;
    give_back(worker, why);
    auto& waiting = whole ? gets_ : verifications_;
    for (auto& [k, q] : *kept) {
      // A session that died while it was idle says so at its next use: the
      // question goes to another one, once.
      if (code_of(why) == ec::unavailable && !q.retried) {
        auto& again = waiting[k];
        again.retried = true;
        again.deadline = std::max(again.deadline, q.deadline);
        std::move(q.askers.begin(), q.askers.end(),
                  std::back_inserter(again.askers));
      } else {
        for (auto& asker : q.askers)
          asker.deliver(why);
      }
    }
    if (!waiting.empty())
      schedule_flush();
  };
  if (whole)
    self_->request(worker, caf::infinite, get_atom::value, std::move(keys))
        .then(answered, failed);
  else
    self_->request(worker, caf::infinite, verify_atom::value, std::move(keys))
        .then(answered, failed);
}

// -- workers -----------------------------------------------------------------

cold_worker_actor cold_state::take_worker() {
  auto worker = std::move(idle_.back());
  idle_.pop_back();
  // A worker that has only now been asked does not hang.
  last_progress_ = now();
  return worker;
}

bool cold_state::has_failed(const caf::error& why) {
  auto code = code_of(why);
  return code == ec::unavailable || code == ec::deadline_exceeded;
}

void cold_state::give_back(cold_worker_actor worker, const caf::error& why) {
  take_back(std::move(worker), why);
  if (has_failed(why))
    breaker_.failed(now());
  else
    breaker_.succeeded();
}

void cold_state::take_back(cold_worker_actor worker, const caf::error& why) {
  last_progress_ = now();
  // To the front: the session that was last used is used again first, unless
  // it has just failed.
  if (why)
    idle_.insert(idle_.begin(), std::move(worker));
  else
    idle_.push_back(std::move(worker));
  if (has_failed(why))
    ++stats_.failures;
  if (!gets_.empty() || !verifications_.empty() || !writes_.empty()
      || !others_.empty())
    schedule_flush();
}

caf::error cold_state::refusal(std::size_t waiting) {
  if (waiting >= context_.max_waiting)
    return fail(ec::busy, std::to_string(waiting) + " requests wait for "
                              + context_.tier_name + "; retry later");
  // Every worker waits for a store that says nothing.
  if (idle_.empty() && now() - last_progress_ > hung_after)
    return fail(ec::unavailable,
                context_.tier_name + " does not answer; retry later");
  if (!breaker_.allows(now()))
    return fail(ec::unavailable,
                context_.tier_name + " cannot be reached; retry later");
  return {};
}

cold_stats cold_state::stats() const {
  auto s = stats_;
  s.waiting = gets_.size() + verifications_.size() + writes_.size();
  s.reachable = breaker_.closed() && write_breaker_.closed();
  return s;
}

time_point cold_state::now() const {
  return self_->clock().now();
}

}  // namespace larder
