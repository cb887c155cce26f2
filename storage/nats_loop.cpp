#include "storage/nats_loop.hpp"

#include "storage/error.hpp"
#include "storage/nats_handles.hpp"
#include "storage/nats_options.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

namespace larder::nats {

namespace {

constexpr std::uint64_t socket_event = 1;
constexpr std::uint64_t wake_event = 2;

struct served_subject {
  natsSubscription* subscription = nullptr;
  std::function<void(message&)> handle;
};

}  // namespace

struct loop::impl {
  int poll = epoll_create1(EPOLL_CLOEXEC);
  int wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  natsConnection* connection = nullptr;
  std::vector<served_subject> served;
  std::atomic<std::uint64_t> attached{0};
  std::atomic<bool> ready{false};
  std::atomic<bool> wants_write{false};

  // nats.c attaches and detaches the socket from threads of its own while it
  // (re)connects; the lock is never taken in a turn without such an event.
  std::mutex mutex;
  int socket = -1;
  bool reading = false;

  void watch(bool read) {
    std::lock_guard guard{mutex};
    if (socket < 0 || read == reading)
      return;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = socket_event;
    // Deleting fails harmlessly when nats.c has closed the descriptor.
    epoll_ctl(poll, read ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, socket, &event);
    reading = read;
  }

  static natsStatus attach(void** self, void* loop, natsConnection* connection,
                           natsSock socket) {
    auto* i = static_cast<impl*>(loop);
    *self = i;
    i->watch(false);
    {
      std::lock_guard guard{i->mutex};
      i->connection = connection;
      i->socket = static_cast<int>(socket);
      i->reading = false;
    }
    i->watch(true);
    ++i->attached;
    i->ready = true;
    i->wants_write = true;
    eventfd_write(i->wake, 1);
    return NATS_OK;
  }

  static natsStatus read(void* self, bool add) {
    auto* i = static_cast<impl*>(self);
    i->watch(add);
    i->ready = add;
    return NATS_OK;
  }

  static natsStatus write(void* self, bool add) {
    static_cast<impl*>(self)->wants_write = add;
    return NATS_OK;
  }

  static natsStatus detach(void* self) {
    auto* i = static_cast<impl*>(self);
    i->watch(false);
    std::lock_guard guard{i->mutex};
    i->socket = -1;
    i->ready = false;
    return NATS_OK;
  }
};

loop::loop() : impl_(std::make_unique<impl>()) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = wake_event;
  epoll_ctl(impl_->poll, EPOLL_CTL_ADD, impl_->wake, &event);
}

caf::expected<std::unique_ptr<loop>>
loop::open(const config::nats_settings& settings, const std::string& name) {
  auto options = make_options(settings, name, driver::event_loop);
  if (!options)
    return options.error();
  auto* raw = options->get();
  std::unique_ptr<loop> result{new loop};
  auto s = natsOptions_SetEventLoop(raw, result->impl_.get(), impl::attach,
                                    impl::read, impl::write, impl::detach);
  if (s == NATS_OK)
    s = natsOptions_SetRetryOnFailedConnect(
        raw, true, [](natsConnection*, void*) {}, nullptr);
  natsConnection* connection = nullptr;
  if (s == NATS_OK)
    s = natsConnection_Connect(&connection, raw);
  if (s != NATS_OK && s != NATS_NOT_YET_CONNECTED)
    return fail(ec::configuration, connect_failure(s, settings));
  result->impl_->connection = connection;
  return result;
}

loop::~loop() {
  auto& i = *impl_;
  for (auto& s : i.served)
    natsSubscription_Destroy(s.subscription);
  if (i.connection != nullptr) {
    natsConnection_Close(i.connection);
    natsConnection_Destroy(i.connection);
  }
  close(i.poll);
  close(i.wake);
}

caf::expected<void> loop::subscribe(const std::string& subject,
                                    const std::string& queue,
                                    std::function<void(message&)> handle) {
  natsSubscription* subscription = nullptr;
  auto s =
      queue.empty()
          ? natsConnection_SubscribeSync(&subscription, impl_->connection,
                                         subject.c_str())
          : natsConnection_QueueSubscribeSync(&subscription, impl_->connection,
                                              subject.c_str(), queue.c_str());
  if (s == NATS_OK)
    s = natsSubscription_SetPendingLimits(subscription, 1 << 20, 1 << 30);
  if (s != NATS_OK)
    return fail(ec::unavailable,
                "cannot subscribe to " + subject + ": " + status_text(s));
  impl_->served.push_back({subscription, std::move(handle)});
  return caf::unit;
}

void loop::drain() {
  for (auto& s : impl_->served)
    natsSubscription_Drain(s.subscription);
}

bool loop::drained() const {
  return !impl_->ready
         || std::none_of(impl_->served.begin(), impl_->served.end(),
                         [](const served_subject& s) {
                           return natsSubscription_DrainCompletionStatus(
                                      s.subscription)
                                  == NATS_ILLEGAL_STATE;
                         });
}

void loop::flush(std::chrono::milliseconds patience) {
  auto until = std::chrono::steady_clock::now() + patience;
  while (impl_->wants_write && impl_->ready
         && std::chrono::steady_clock::now() < until)
    natsConnection_ProcessWriteEvent(impl_->connection);
}

bool loop::turn(std::chrono::milliseconds longest,
                const std::function<void()>& before_wait) {
  auto& i = *impl_;
  if (i.wants_write && i.ready)
    natsConnection_ProcessWriteEvent(i.connection);
  if (before_wait)
    before_wait();
  // If the socket did not take everything, look again soon.
  auto wait = i.wants_write && i.ready ? 1 : static_cast<int>(longest.count());
  epoll_event events[4];
  auto n = epoll_wait(i.poll, events, 4, wait);
  for (int e = 0; e < n; ++e) {
    if (events[e].data.u64 == wake_event) {
      eventfd_t value;
      eventfd_read(i.wake, &value);
    } else {
      natsConnection_ProcessReadEvent(i.connection);
    }
  }
  bool any = false;
  for (auto& s : i.served) {
    natsMsg* raw = nullptr;
    while (natsSubscription_NextMsg(&raw, s.subscription, 0) == NATS_OK) {
      message arrived{raw};
      s.handle(arrived);
      any = true;
    }
  }
  return any;
}

bool loop::publish(const char* subject, const line* lines, std::size_t count,
                   std::string_view data) {
  natsMsg* raw = nullptr;
  if (natsMsg_Create(&raw, subject, nullptr, data.data(),
                     static_cast<int>(data.size()))
      != NATS_OK)
    return false;
  message_handle owned{raw};
  for (std::size_t l = 0; l < count; ++l)
    natsMsgHeader_Set(raw, lines[l].name, lines[l].value);
  // Every other failure means that the connection is gone, and with it whoever
  // waits on it.
  return natsConnection_PublishMsg(impl_->connection, raw) != NATS_MAX_PAYLOAD;
}

void loop::wake() {
  eventfd_write(impl_->wake, 1);
}

bool loop::connected() const {
  return impl_->ready;
}

std::uint64_t loop::reconnects() const {
  auto n = impl_->attached.load();
  return n == 0 ? 0 : n - 1;
}

std::uint64_t loop::max_payload() const {
  auto n = natsConnection_GetMaxPayload(impl_->connection);
  return n > 0 ? static_cast<std::uint64_t>(n) : 1 << 20;
}

}  // namespace larder::nats
