#include "node/local_source.hpp"

#include "storage/error.hpp"

#include <caf/send.hpp>

#include <future>
#include <utility>

namespace larder {

namespace {

// A gateway answers within the deadline; this is for one that has ended.
constexpr std::chrono::milliseconds grace{500};

std::unique_ptr<local_answer> failed(caf::error why) {
  auto answer = std::make_unique<local_answer>();
  answer->failure = std::move(why);
  return answer;
}

}  // namespace

local_source::local_source(std::shared_ptr<hot_tier> memory,
                           std::vector<gateway_actor> gateways,
                           std::chrono::milliseconds deadline)
    : memory_(std::move(memory)), deadline_(deadline),
      gateways_(std::move(gateways)) {}

std::unique_ptr<local_answer> local_source::ask(std::string_view type,
                                                std::string_view id) {
  auto k = make_key(type, id);
  if (!k)
    return failed(k.error());
  // Shared with the call: if it is given up, so is the answer.
  auto promise = std::make_shared<std::promise<reply>>();
  auto future = promise->get_future();
  auto c =
      std::make_shared<call>(nats::request{}, std::chrono::steady_clock::now(),
                             [promise](const call_ptr&, reply r) {
                               promise->set_value(std::move(r));
                             });
  promise.reset();
  c->op = request_op::get;
  c->tokens = to_tokens(*k);
  {
    std::lock_guard guard{mutex_};
    if (gateways_.empty())
      return failed(fail(ec::unavailable, "the node has stopped"));
    // A send from a thread of the caller's leaves nothing of the actor system
    // behind in it.
    caf::anon_send(gateways_[next_++ % gateways_.size()], std::move(c));
  }
  if (future.wait_for(deadline_ + grace) != std::future_status::ready)
    return failed(fail(ec::deadline_exceeded, "the node did not answer"));
  try {
    auto r = future.get();
    auto answer = std::make_unique<local_answer>();
    answer->value = std::move(r.value);
    answer->tier = r.tier;
    answer->stale = r.stale;
    answer->failure = std::move(r.failure);
    return answer;
  } catch (const std::future_error&) {
    return failed(fail(ec::unavailable, "the node has stopped"));
  }
}

void local_source::close() {
  std::vector<gateway_actor> released;
  std::lock_guard guard{mutex_};
  released.swap(gateways_);
  closed_ = true;
}

bool local_source::closed() const {
  std::lock_guard guard{mutex_};
  return closed_;
}

}  // namespace larder
