// The cold tier's other half: what is written. See cold.hpp.
#include "actors/cold.hpp"

#include <algorithm>
#include <utility>

namespace larder {

namespace {

// A write that waited so long for a session is not begun any more: its caller
// is about to give up, or has, and others may have written since.
constexpr std::chrono::milliseconds write_patience{1'500};

}  // namespace

caf::result<version_info> cold_state::write(write_request request) {
  if (auto why = refusal(writes_.size()))
    return why;
  if (!write_breaker_.allows(now()))
    return fail(ec::unavailable, context_.tier_name
                                     + " takes no writes now; the last one: "
                                     + message_of(write_failure_));
  auto reply = self_->make_response_promise<version_info>();
  writes_.push_back({std::move(request), reply, now()});
  schedule_flush();
  return reply;
}

void cold_state::drop_old_writes() {
  // In the order in which they came.
  auto last = std::find_if(writes_.begin(), writes_.end(), [&](auto& one) {
    return now() - one.queued <= write_patience;
  });
  for (auto i = writes_.begin(); i != last; ++i)
    i->reply.deliver(
        fail(ec::unavailable,
             context_.tier_name + " was too slow; nothing was written"));
  writes_.erase(writes_.begin(), last);
}

void cold_state::send_writes() {
  drop_old_writes();
  // One session at least is left to readers, if there are several.
  auto reserved = context_.workers.size() > 1 ? 1u : 0u;
  while (!writes_.empty() && idle_.size() > reserved) {
    auto n = std::min(writes_.size(), context_.max_batch);
    auto batch = std::make_shared<std::vector<pending_write>>(
        std::make_move_iterator(writes_.begin()),
        std::make_move_iterator(writes_.begin() + static_cast<long>(n)));
    writes_.erase(writes_.begin(), writes_.begin() + static_cast<long>(n));
    std::vector<write_request> requests;
    requests.reserve(n);
    for (auto& one : *batch)
      requests.push_back(std::move(one.request));
    stats_.writes += n;
    auto worker = take_worker();
    self_
        ->request(worker, caf::infinite, write_atom::value, std::move(requests))
        .then(
            [this, worker, batch](const std::vector<write_outcome>& outcomes) {
              wrote(worker, {});
              for (std::size_t i = 0; i < outcomes.size(); ++i)
                if (outcomes[i].failure)
                  (*batch)[i].reply.deliver(outcomes[i].failure);
                else
                  (*batch)[i].reply.deliver(outcomes[i].info);
            },
            [this, worker, batch](const caf::error& why) {
              wrote(worker, why);
              for (auto& one : *batch)
                one.reply.deliver(why);
            });
  }
}

// -- counters ---------------------------------------------------------------

void cold_state::count(const std::vector<usage>& reads) {
  for (auto& one : reads)
    usage_[one.key] += one.reads;
}

void cold_state::flush_usage() {
  self_->delayed_send(self_, context_.usage_interval, sweep_atom::value);
  if (usage_.empty() || !may_write_unasked())
    return;
  std::vector<usage> reads;
  reads.reserve(usage_.size());
  for (auto& [k, n] : usage_)
    reads.push_back({k, n});
  usage_.clear();
  others_.push_back([this, reads](cold_worker_actor worker) {
    self_->request(worker, caf::infinite, usage_atom::value, reads)
        .then([this, worker](done_atom) { wrote(worker, {}); },
              // Counters are not worth a retry.
              [this, worker](const caf::error& why) { wrote(worker, why); });
  });
  schedule_flush();
}

// -- whether it can be done ------------------------------------------------

void cold_state::wrote(cold_worker_actor worker, const caf::error& why) {
  take_back(std::move(worker), why);
  if (has_failed(why)) {
    write_breaker_.failed(now());
    write_failure_ = why;
  } else {
    write_breaker_.succeeded();
    breaker_.succeeded();
  }
}

// Now and then it is the attempt that finds out that writes work again.
bool cold_state::may_write_unasked() {
  return breaker_.closed() && write_breaker_.allows(now());
}

}  // namespace larder
