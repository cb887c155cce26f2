// The half of client_core that deals with nats.c's life cycles: connections,
// their callbacks, subscriptions.
#include "storage/error.hpp"
#include "storage/nats_core.hpp"
#include "storage/nats_options.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace larder::nats {

namespace {

// How long an ended subscription is kept: nats.c 3.4.1 crashes when a message
// that it has begun to process meets one being destroyed.
constexpr std::chrono::seconds burial{1};

// Refused credentials do not get better within milliseconds.
constexpr milliseconds refused_wait{1'000};

// What may wait in one subscription before nats.c drops some.
constexpr int pending_messages = 65'536;
constexpr int pending_bytes = 256 << 20;

bool is_refusal(natsStatus s) {
  switch (s) {
  case NATS_CONNECTION_AUTH_FAILED:
  case NATS_NOT_PERMITTED:
  case NATS_SECURE_CONNECTION_REQUIRED:
  case NATS_SECURE_CONNECTION_WANTED:
  case NATS_SSL_ERROR:
  case NATS_ADDRESS_MISSING:
  case NATS_INVALID_ARG:
    return true;
  default:
    return false;
  }
}

}  // namespace

// -- connections -------------------------------------------------------------

caf::error client_core::attempt() {
  auto options = make_options(settings_, name_);
  if (!options)
    return options.error();
  auto to = std::make_shared<link>();
  to->core = weak_from_this();
  // Freed by on_closed, which nats.c calls once for each connection made.
  auto closure = std::make_unique<std::shared_ptr<link>>(to);
  auto o = options->get();
  auto s = natsOptions_SetDisconnectedCB(o, on_disconnected, closure.get());
  if (s == NATS_OK)
    s = natsOptions_SetReconnectedCB(o, on_reconnected, closure.get());
  if (s == NATS_OK)
    s = natsOptions_SetClosedCB(o, on_closed, closure.get());
  if (s == NATS_OK)
    s = natsOptions_SetErrorHandler(o, on_error, closure.get());
  natsConnection* raw = nullptr;
  if (s == NATS_OK)
    s = natsConnection_Connect(&raw, o);
  if (s != NATS_OK)
    return fail(is_refusal(s) ? ec::configuration : ec::unavailable,
                connect_failure(s, settings_));
  closure.release();
  connection made{raw, natsConnection_Destroy};
  std::lock_guard subs{subs_mutex_};
  for (auto& l : listeners_)
    if (auto err = listen(raw, l)) {
      for (auto& other : listeners_)
        bury(std::exchange(other->native, nullptr));
      return err;
    }
  std::lock_guard lock{mutex_};
  if (closing_)
    return fail(ec::unavailable, "the NATS client is closed");
  connection_ = std::move(made);
  link_ = to;
  connected_ = to->up && !to->closed;
  return {};
}

void client_core::connect_always() {
  std::unique_lock lock{mutex_};
  while (!closing_) {
    if (connection_ && !link_->closed) {
      state_change_.wait(lock);
      continue;
    }
    lock.unlock();
    drop_connection();
    auto err = attempt();
    if (err) {
      lock.lock();
      auto news = message_of(err) != last_failure_;
      last_failure_ = message_of(err);
      auto wait = code_of(err) == ec::configuration
                      ? std::max(refused_wait, settings_.reconnect_wait)
                      : settings_.reconnect_wait;
      if (news && !closing_)
        spdlog::warn("nats: {}; trying on", last_failure_);
      state_change_.wait_for(lock, wait, [this] { return closing_; });
      continue;
    }
    state_change_.notify_all();
    announce();
    lock.lock();
  }
  lock.unlock();
  nats_ReleaseThreadMemory();
}

void client_core::drop_connection() {
  std::lock_guard subs{subs_mutex_};
  connection old;
  {
    std::lock_guard lock{mutex_};
    old.swap(connection_);
    link_.reset();
  }
  for (auto& l : listeners_)
    bury(std::exchange(l->native, nullptr));
}

void client_core::on_disconnected(natsConnection*, void* closure) {
  auto to = *static_cast<std::shared_ptr<link>*>(closure);
  auto core = to->core.lock();
  if (!core)
    return;
  {
    std::lock_guard lock{core->mutex_};
    to->up = false;
    if (core->link_ == to && core->connected_) {
      core->connected_ = false;
      ++core->counters_.disconnects;
    }
    core->last_failure_ = "the connection to NATS at "
                          + printable_urls(core->settings_.url)
                          + " is lost and not yet back";
  }
  core->fail_all("the connection to NATS broke before the reply came; "
                 "whether the server acted is unknown");
  core->announce();
}

void client_core::on_reconnected(natsConnection*, void* closure) {
  auto to = *static_cast<std::shared_ptr<link>*>(closure);
  auto core = to->core.lock();
  if (!core)
    return;
  {
    std::lock_guard lock{core->mutex_};
    to->up = true;
    if (core->link_ == to && !core->closing_)
      core->connected_ = true;
  }
  core->state_change_.notify_all();
  core->announce();
}

void client_core::on_closed(natsConnection*, void* closure) {
  std::unique_ptr<std::shared_ptr<link>> mine{
      static_cast<std::shared_ptr<link>*>(closure)};
  auto core = (*mine)->core.lock();
  if (!core)
    return;
  {
    std::lock_guard lock{core->mutex_};
    (*mine)->closed = true;
    (*mine)->up = false;
    if (core->link_ == *mine)
      core->connected_ = false;
  }
  core->state_change_.notify_all();
}

void client_core::on_error(natsConnection*, natsSubscription* sub,
                           natsStatus status, void*) {
  auto subject = sub == nullptr ? nullptr : natsSubscription_GetSubject(sub);
  spdlog::warn("nats: {}{}{}", natsStatus_GetText(status),
               subject ? " on " : "", subject ? subject : "");
}

// -- watchers ----------------------------------------------------------------

subscription client_core::watch(std::function<void(bool)> on_change) {
  auto w = std::make_shared<watcher>();
  w->on_change = std::move(on_change);
  {
    std::lock_guard lock{mutex_};
    watchers_.push_back(w);
  }
  return subscription{[weak = weak_from_this(), w] {
    w->gate.shut();
    if (auto core = weak.lock()) {
      std::lock_guard lock{core->mutex_};
      std::erase(core->watchers_, w);
    }
  }};
}

// The connector and nats.c's callback thread may both have news: whoever comes
// second tells what is true then, so that the last word is never the old one.
void client_core::announce() {
  std::lock_guard one_at_a_time{announce_mutex_};
  std::vector<std::shared_ptr<watcher>> all;
  bool now = false;
  {
    std::lock_guard lock{mutex_};
    now = connected_;
    if (now == announced_)
      return;
    announced_ = now;
    all = watchers_;
  }
  for (auto& w : all)
    w->gate.pass([&] { w->on_change(now); });
}

// -- subscriptions -----------------------------------------------------------

void client_core::on_message(natsConnection*, natsSubscription*, natsMsg* m,
                             void* closure) {
  auto& l = **static_cast<std::shared_ptr<listener>*>(closure);
  message owned{m};
  l.gate.pass([&] { l.on_message(std::move(owned)); });
}

void client_core::on_listener_done(void* closure) {
  delete static_cast<std::shared_ptr<listener>*>(closure);
}

// Under subs_mutex_.
caf::error client_core::listen(natsConnection* on,
                               const std::shared_ptr<listener>& l) {
  // Freed by on_listener_done, which nats.c calls when the delivery thread
  // ends, whatever ended it.
  auto closure = std::make_unique<std::shared_ptr<listener>>(l);
  natsSubscription* sub = nullptr;
  auto s = l->queue.empty()
               ? natsConnection_Subscribe(&sub, on, l->subject.c_str(),
                                          on_message, closure.get())
               : natsConnection_QueueSubscribe(&sub, on, l->subject.c_str(),
                                               l->queue.c_str(), on_message,
                                               closure.get());
  if (s != NATS_OK)
    return failure_of(s, "cannot subscribe to " + l->subject);
  s = natsSubscription_SetOnCompleteCB(sub, on_listener_done, closure.get());
  // Fails only if the connection has closed meanwhile: then the thread may
  // still be in a handler, and a few bytes are the price.
  closure.release();
  if (s == NATS_OK)
    natsSubscription_SetPendingLimits(sub, pending_messages, pending_bytes);
  l->native = sub;
  return {};
}

caf::expected<subscription> client_core::subscribe(const std::string& subject,
                                                   const std::string& queue,
                                                   client::handler on_message) {
  auto l = std::make_shared<listener>();
  l->subject = subject;
  l->queue = queue;
  l->on_message = std::move(on_message);
  {
    std::lock_guard subs{subs_mutex_};
    {
      std::lock_guard lock{mutex_};
      if (closing_)
        return fail(ec::unavailable, "the NATS client is closed");
    }
    if (auto on = current())
      if (!natsConnection_IsClosed(on.get()))
        if (auto err = listen(on.get(), l))
          return err;
    listeners_.push_back(l);
  }
  return subscription{[weak = weak_from_this(), l] {
    l->gate.shut();
    if (auto core = weak.lock())
      core->end(l);
  }};
}

void client_core::end(const std::shared_ptr<listener>& l) {
  std::lock_guard subs{subs_mutex_};
  listeners_.remove(l);
  bury(std::exchange(l->native, nullptr));
}

void client_core::bury(natsSubscription* native) {
  if (native == nullptr)
    return;
  natsSubscription_Unsubscribe(native);
  std::lock_guard lock{mutex_};
  auto until = clock::now() + burial;
  graves_.push_back({until, native});
  if (until < planned_wake_)
    keeper_wake_.notify_all();
}

}  // namespace larder::nats
