#include "storage/nats_core.hpp"

#include "storage/error.hpp"
#include "storage/nats_options.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>

namespace larder::nats {

namespace {

// A server that is stopped takes some megabytes into its socket, then every
// publish waits for its write deadline. Past this many bytes without a word
// for that long, callers are told at once instead.
constexpr std::size_t stalled_bytes = 1 << 20;
constexpr milliseconds stalled_after{300};

}  // namespace

caf::error failure_of(natsStatus status, const std::string& what) {
  switch (status) {
  case NATS_MAX_PAYLOAD:
    return fail(ec::too_large, what
                                   + ": the message is larger than the NATS "
                                     "server's max_payload");
  case NATS_INVALID_SUBJECT:
  case NATS_INVALID_ARG:
    return fail(ec::invalid_request, what + ": " + status_text(status));
  default:
    return fail(ec::unavailable, what + ": " + status_text(status));
  }
}

client_core::client_core(config::nats_settings settings, std::string name)
    : settings_(std::move(settings)), name_(std::move(name)) {
  natsInbox* raw = nullptr;
  if (natsInbox_Create(&raw) == NATS_OK)
    inbox_ = raw;
  inbox_handle drop{raw};
}

client_core::~client_core() {
  close();
}

void client_core::start() {
  auto replies = std::make_shared<listener>();
  replies->subject = inbox_ + ".*";
  // No cycle: the core ends the listener before it goes.
  replies->on_message = [this](message m) { on_reply(std::move(m)); };
  {
    std::lock_guard subs{subs_mutex_};
    listeners_.push_back(replies);
    if (auto on = current())
      if (auto err = listen(on.get(), replies))
        spdlog::error("nats: {}", message_of(err));
  }
  announce();  // nobody watches yet: what is said later is a change
  keeper_ = std::thread{[self = shared_from_this()] { self->keep(); }};
  connector_ =
      std::thread{[self = shared_from_this()] { self->connect_always(); }};
}

void client_core::close() {
  {
    std::lock_guard lock{mutex_};
    if (std::exchange(closing_, true))
      return;
    connected_ = false;
  }
  keeper_wake_.notify_all();
  state_change_.notify_all();
  for (auto* t : {&connector_, &keeper_}) {
    if (!t->joinable())
      continue;
    if (t->get_id() == std::this_thread::get_id())
      t->detach();  // it owns a share of this core and ends by itself
    else
      t->join();
  }
  std::list<std::shared_ptr<listener>> listeners;
  {
    std::lock_guard subs{subs_mutex_};
    listeners.swap(listeners_);
  }
  for (auto& l : listeners)
    l->gate.shut();
  connection on;
  {
    std::lock_guard lock{mutex_};
    on.swap(connection_);
  }
  if (on)
    natsConnection_Close(on.get());
  // The reading thread has ended with the connection: nothing meets these.
  for (auto& l : listeners)
    bury(std::exchange(l->native, nullptr));
  std::vector<grave> graves;
  std::vector<std::function<void()>> ready;
  // Not cleared under the mutex: what timers hold may end subscriptions.
  decltype(timers_) timers;
  {
    std::lock_guard lock{mutex_};
    graves.swap(graves_);
    ready.swap(ready_);
    timers.swap(timers_);
  }
  for (auto& g : graves)
    natsSubscription_Destroy(g.native);
  for (auto& f : ready)
    f();
  fail_all("the NATS client is closed");
}

void client_core::keep() {
  std::unique_lock lock{mutex_};
  while (!closing_) {
    run_due(lock);
    if (closing_)
      break;
    planned_wake_ = std::min(pending_.next_deadline(),
                             timers_.empty() ? clock::time_point::max()
                                             : timers_.begin()->first);
    for (auto& g : graves_)
      planned_wake_ = std::min(planned_wake_, g.until);
    if (!ready_.empty())
      continue;
    if (planned_wake_ == clock::time_point::max())
      keeper_wake_.wait(lock);
    else
      keeper_wake_.wait_until(lock, planned_wake_);
  }
  lock.unlock();
  nats_ReleaseThreadMemory();
}

void client_core::run_due(std::unique_lock<std::mutex>& lock) {
  auto now = clock::now();
  auto late = pending_.take_due(now);
  counters_.timeouts += late.size();
  auto ready = std::exchange(ready_, {});
  while (!timers_.empty() && timers_.begin()->first <= now) {
    ready.push_back(std::move(timers_.begin()->second));
    timers_.erase(timers_.begin());
  }
  std::vector<natsSubscription*> rotten;
  std::erase_if(graves_, [&](const grave& g) {
    if (g.until > now)
      return false;
    rotten.push_back(g.native);
    return true;
  });
  lock.unlock();
  for (auto& done : late)
    done(fail(ec::deadline_exceeded, "no reply came from NATS in time"));
  for (auto& f : ready)
    f();
  for (auto* r : rotten)
    natsSubscription_Destroy(r);
  // What they held may be the last share of a client: not under the mutex.
  late.clear();
  ready.clear();
  lock.lock();
}

client_core::connection client_core::current() const {
  std::lock_guard lock{mutex_};
  return connection_;
}

bool client_core::connected() const {
  std::lock_guard lock{mutex_};
  return connected_;
}

caf::expected<void> client_core::wait_connected(milliseconds timeout) {
  std::unique_lock lock{mutex_};
  state_change_.wait_for(lock, timeout,
                         [this] { return connected_ || closing_; });
  if (connected_)
    return caf::unit;
  return fail(ec::unavailable,
              closing_ ? "the NATS client is closed" : last_failure_);
}

// -- sending -----------------------------------------------------------------

caf::error client_core::send(natsConnection* on, const std::string& subject,
                             const headers& lines, std::string_view data,
                             const std::string& reply) {
  // Both would end the protocol line that they are written to.
  auto breaks = [](unsigned char c) { return c <= ' ' || c == 0x7f; };
  if (subject.empty() || std::any_of(subject.begin(), subject.end(), breaks))
    return fail(ec::invalid_request,
                "a NATS subject must not be empty nor hold blanks");
  auto size = static_cast<int>(data.size());
  auto to = reply.empty() ? nullptr : reply.c_str();
  natsStatus s = NATS_OK;
  if (lines.empty()) {
    s = to ? natsConnection_PublishRequest(on, subject.c_str(), to, data.data(),
                                           size)
           : natsConnection_Publish(on, subject.c_str(), data.data(), size);
  } else {
    natsMsg* raw = nullptr;
    s = natsMsg_Create(&raw, subject.c_str(), to, data.data(), size);
    message_handle m{raw};
    for (const auto& line : lines) {
      if (line.value.find_first_of("\r\n") != std::string::npos)
        return fail(ec::invalid_request,
                    "header " + line.name + " must not hold a line break");
      if (s == NATS_OK)
        s = natsMsgHeader_Set(raw, line.name.c_str(), line.value.c_str());
    }
    if (s == NATS_OK)
      s = natsConnection_PublishMsg(on, raw);
  }
  if (s != NATS_OK)
    return failure_of(s, "cannot publish to " + subject);
  published_.fetch_add(1, std::memory_order_relaxed);
  return {};
}

caf::expected<void> client_core::publish(const std::string& subject,
                                         const headers& lines,
                                         std::string_view data,
                                         const std::string& reply) {
  auto on = current();
  if (!on || !connected())
    return fail(ec::unavailable, "not connected to NATS");
  if (auto err = send(on.get(), subject, lines, data, reply))
    return err;
  return caf::unit;
}

caf::expected<void> client_core::flush(milliseconds timeout) {
  auto on = current();
  if (!on)
    return fail(ec::unavailable, "not connected to NATS");
  auto s = natsConnection_FlushTimeout(
      on.get(), std::max<std::int64_t>(1, timeout.count()));
  if (s == NATS_TIMEOUT)
    return fail(ec::deadline_exceeded, "NATS did not answer a ping in time");
  if (s != NATS_OK)
    return failure_of(s, "cannot flush");
  return caf::unit;
}

void client_core::request(const std::string& subject, const headers& lines,
                          std::string_view data, milliseconds timeout,
                          client::completion done) {
  connection on;
  std::uint64_t token = 0;
  bool wake = false;
  {
    std::lock_guard lock{mutex_};
    auto now = clock::now();
    ++counters_.requests;
    on = connected_ ? connection_ : nullptr;
    auto stalled = pending_.bytes() + data.size() > stalled_bytes
                   && pending_.size() > 0
                   && now - pending_.waiting_since() > stalled_after;
    if (on && !stalled) {
      token = pending_.add(std::move(done), now + timeout, data.size(), now);
      wake = now + timeout < planned_wake_;
    }
  }
  if (token == 0)
    return fail_later(
        std::move(done),
        fail(ec::unavailable, on ? "the NATS server has stopped to answer"
                                 : "not connected to NATS"));
  // Only a deadline before all others needs the keeper, which otherwise wakes
  // once a time-out, not once a request.
  if (wake)
    keeper_wake_.notify_all();
  char digits[32];
  auto end = std::to_chars(digits, digits + sizeof digits, token, 36).ptr;
  auto reply = inbox_ + '.' + std::string{digits, end};
  if (auto err = send(on.get(), subject, lines, data, reply)) {
    client::completion mine;
    bool there = false;
    {
      std::lock_guard lock{mutex_};
      there = pending_.take(token, mine);
    }
    if (there)
      fail_later(std::move(mine), std::move(err));
  }
}

void client_core::on_reply(message m) {
  auto subject = m.subject();
  std::uint64_t token = 0;
  if (subject.size() > inbox_.size() + 1) {
    auto digits = subject.substr(inbox_.size() + 1);
    std::from_chars(digits.data(), digits.data() + digits.size(), token, 36);
  }
  client::completion done;
  {
    std::lock_guard lock{mutex_};
    pending_.heard(clock::now());
    if (!pending_.take(token, done)) {
      ++counters_.late_replies;
      return;
    }
    ++counters_.replies;
  }
  done(std::move(m));
}

void client_core::fail_later(client::completion done, caf::error why) {
  {
    std::lock_guard lock{mutex_};
    ++counters_.failures;
    if (!closing_) {
      ready_.push_back(
          [done = std::move(done), why = std::move(why)] { done(why); });
      keeper_wake_.notify_all();
      return;
    }
  }
  // No thread is left to run it.
  done(std::move(why));
}

void client_core::fail_all(const std::string& why) {
  std::lock_guard one_at_a_time{failing_mutex_};
  std::vector<client::completion> all;
  {
    std::lock_guard lock{mutex_};
    all = pending_.take_all();
    counters_.failures += all.size();
  }
  for (auto& done : all)
    done(fail(ec::unavailable, why));
}

void client_core::run_after(milliseconds delay, std::function<void()> what) {
  std::lock_guard lock{mutex_};
  if (closing_)
    return;
  auto at = clock::now() + delay;
  timers_.emplace(at, std::move(what));
  if (at < planned_wake_)
    keeper_wake_.notify_all();
}

std::string client_core::server() const {
  auto on = current();
  char url[256] = {};
  if (!on
      || natsConnection_GetConnectedUrl(on.get(), url, sizeof url) != NATS_OK)
    return {};
  return printable_urls(url);
}

std::uint64_t client_core::max_payload() const {
  auto on = current();
  auto n = on ? natsConnection_GetMaxPayload(on.get()) : 0;
  return n > 0 ? static_cast<std::uint64_t>(n) : 0;
}

client_counters client_core::counters() const {
  std::lock_guard lock{mutex_};
  auto out = counters_;
  out.published = published_.load(std::memory_order_relaxed);
  out.pending = pending_.size();
  return out;
}

}  // namespace larder::nats
