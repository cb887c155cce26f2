#include "storage/nats_loop.hpp"

#include "storage/error.hpp"
#include "storage/nats_link.hpp"
#include "storage/nats_options.hpp"

#include <spdlog/spdlog.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

namespace larder::nats {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::uint64_t socket_event = 1;
constexpr std::uint64_t wake_event = 2;

// What one read takes at most. Larger batches would answer their first request
// later for little.
constexpr std::size_t read_bytes = 64 << 10;
// While the server does not take our answers, no more questions are read.
constexpr std::size_t max_unwritten_bytes = 4 << 20;
// Buffers that a burst has made larger are given back.
constexpr std::size_t kept_bytes = 1 << 20;

struct served_subject {
  std::string subject;
  std::string queue;
  std::function<void(const request&)> handle;
};

}  // namespace

struct loop::impl {
  config::nats_settings settings;
  std::string name;
  server_pool servers;

  int poll = epoll_create1(EPOLL_CLOEXEC);
  int wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  std::vector<served_subject> served;

  wire_socket socket;
  byte_queue in;
  byte_queue out;
  std::uint32_t watched = 0;
  time_point received{};
  bool any = false;

  time_point next_attempt{};
  time_point connected_at{};
  time_point next_ping{};
  std::uint32_t pings_unanswered = 0;
  std::uint64_t pings = 0;
  std::uint64_t pongs = 0;
  /// The ping whose answer ends the drain; 0: none yet.
  std::uint64_t last_ping = 0;
  bool failure_logged = false;

  std::atomic<bool> draining{false};
  std::atomic<bool> drained{false};
  std::atomic<bool> connected{false};
  std::atomic<std::uint64_t> connections{0};
  std::atomic<std::uint64_t> max_payload{1 << 20};

  ~impl() {
    close(poll);
    close(wake);
  }

  // -- the connection --------------------------------------------------------

  void connect() {
    wire_socket::patience wait{steady_clock::now() + settings.connect_timeout,
                               wake, [this] { return draining.load(); }};
    auto made = log_in(settings, servers.current(), name, wait, in);
    if (!made) {
      if (!std::exchange(failure_logged, true))
        spdlog::warn("the front door has no connection to NATS: {}",
                     message_of(made.error()));
      if (servers.advance())
        next_attempt = steady_clock::now() + settings.reconnect_wait;
      return;
    }
    failure_logged = false;
    socket = std::move(made->socket);
    note(made->info);
    out.clear();
    for (std::size_t i = 0; i < served.size(); ++i) {
      out.add("SUB " + served[i].subject);
      if (!served[i].queue.empty())
        out.add(" " + served[i].queue);
      out.add(" " + std::to_string(i + 1) + "\r\n");
    }
    connected_at = steady_clock::now();
    pings_unanswered = 0;
    pings = pongs = last_ping = 0;
    // Tells that the server has heard of the subscriptions.
    ping();
    watched = 0;
    watch();
  }

  void note(const server_info& info) {
    max_payload = info.max_payload;
    servers.learn(info.connect_urls);
  }

  void lose(const char* why) {
    spdlog::warn("the front door has lost its connection to NATS: {}", why);
    connected = false;
    epoll_ctl(poll, EPOLL_CTL_DEL, socket.descriptor(), nullptr);
    socket = {};
    in.clear();
    out.clear();
    // A server that lets us in only to put us out is not asked without a rest.
    auto now = steady_clock::now();
    next_attempt = now < connected_at + settings.reconnect_wait
                       ? now + settings.reconnect_wait
                       : now;
    // Not the same server first, if there is another.
    servers.advance();
  }

  void watch() {
    auto read = out.size() < max_unwritten_bytes;
    std::uint32_t wanted =
        (read ? EPOLLIN : 0u) | (out.empty() ? 0u : EPOLLOUT);
    if (wanted == watched && watched != 0)
      return;
    epoll_event event{};
    event.events = wanted;
    event.data.u64 = socket_event;
    epoll_ctl(poll, watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD,
              socket.descriptor(), &event);
    watched = wanted;
  }

  void ping() {
    out.add("PING\r\n");
    ++pings;
    next_ping = steady_clock::now() + settings.ping_interval;
  }

  /// False if the server has been silent for too long.
  bool keep_alive(time_point now) {
    if (now < next_ping)
      return true;
    if (++pings_unanswered > settings.max_pings_out)
      return false;
    ping();
    return true;
  }

  void begin_drain() {
    for (std::size_t i = 0; i < served.size(); ++i)
      out.add("UNSUB " + std::to_string(i + 1) + "\r\n");
    ping();
    last_ping = pings;
  }

  // -- bytes -----------------------------------------------------------------

  bool write() {
    while (!out.empty()) {
      auto sent = socket.write(out.bytes());
      if (sent < 0)
        return false;
      if (sent == 0)
        break;
      // Nothing is read meanwhile, so this is its only sign of life.
      if ((watched & EPOLLIN) == 0)
        pings_unanswered = 0;
      out.taken(static_cast<std::size_t>(sent));
    }
    out.shrink(kept_bytes);
    return true;
  }

  bool read() {
    do {
      auto most = std::max(read_bytes, in.free_room());
      auto got = socket.read(in.room(most), most);
      if (got < 0)
        return false;
      if (got == 0)
        return true;
      in.added(static_cast<std::size_t>(got));
      pings_unanswered = 0;
      received = steady_clock::now();
      if (!hand_out())
        return false;
    } while (socket.has_more() && out.size() < max_unwritten_bytes);
    return true;
  }

  bool hand_out() {
    frame f;
    for (;;) {
      auto bytes = read_frame(in.bytes(), f);
      if (bytes == malformed)
        return false;
      if (bytes == 0)
        break;
      take(f);
      in.taken(bytes);
    }
    in.shrink(kept_bytes);
    return true;
  }

  void take(const frame& f) {
    switch (f.what) {
    case frame::kind::message:
      any = true;
      if (f.sid - 1 < served.size())
        served[f.sid - 1].handle(request{f.subject, f.reply, f.header, f.data});
      break;
    case frame::kind::ping:
      out.add("PONG\r\n");
      break;
    case frame::kind::pong:
      ++pongs;
      if (pongs == 1) {
        connected = true;
        ++connections;
      }
      if (last_ping != 0 && pongs >= last_ping)
        drained = true;
      break;
    case frame::kind::info:
      if (auto info = parse_info(f.text))
        note(*info);
      break;
    case frame::kind::error:
      // The server ends the connection itself where it means to.
      spdlog::warn("the NATS server says: {}", f.text);
      break;
    case frame::kind::ok:
    case frame::kind::unknown:
      break;
    }
  }
};

loop::loop() : impl_(std::make_unique<impl>()) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = wake_event;
  epoll_ctl(impl_->poll, EPOLL_CTL_ADD, impl_->wake, &event);
}

loop::~loop() = default;

caf::expected<std::unique_ptr<loop>>
loop::open(const config::nats_settings& settings, const std::string& name) {
  // The library's options check the same settings, files and all.
  if (auto usable = make_options(settings, name); !usable)
    return usable.error();
  auto servers = server_pool::from(settings);
  if (!servers)
    return servers.error();
  std::unique_ptr<loop> result{new loop};
  result->impl_->settings = settings;
  result->impl_->name = name;
  result->impl_->servers = std::move(*servers);
  return result;
}

void loop::subscribe(const std::string& subject, const std::string& queue,
                     std::function<void(const request&)> handle) {
  impl_->served.push_back({subject, queue, std::move(handle)});
}

void loop::drain() {
  impl_->draining = true;
  wake();
}

bool loop::drained() const {
  return impl_->draining && (impl_->drained || !impl_->connected);
}

void loop::flush(milliseconds patience) {
  auto& i = *impl_;
  wire_socket::patience wait{steady_clock::now() + patience};
  while (i.socket && !i.out.empty())
    if (!i.write() || (!i.out.empty() && !i.socket.wait(true, wait)))
      return;
}

bool loop::turn(milliseconds longest,
                const std::function<void()>& before_wait) {
  auto& i = *impl_;
  auto now = steady_clock::now();
  if (!i.socket && !i.draining && now >= i.next_attempt) {
    i.connect();
    now = steady_clock::now();
  }
  auto wait = longest;
  auto no_longer_than = [&](time_point at) {
    wait = std::clamp(std::chrono::ceil<milliseconds>(at - now),
                      milliseconds{0}, wait);
  };
  if (i.socket) {
    if (i.draining && i.last_ping == 0)
      i.begin_drain();
    if (!i.keep_alive(now))
      i.lose("it no longer answers");
    else if (!i.write())
      i.lose("it was closed");
    else
      i.watch();
  }
  if (i.socket)
    no_longer_than(i.next_ping);
  else if (!i.draining)
    no_longer_than(i.next_attempt);
  if (before_wait)
    before_wait();
  epoll_event events[2];
  auto n = epoll_wait(i.poll, events, 2, static_cast<int>(wait.count()));
  i.any = false;
  for (int e = 0; e < n; ++e) {
    if (events[e].data.u64 == wake_event) {
      eventfd_t value;
      eventfd_read(i.wake, &value);
    } else if (!i.socket) {
      continue;
    } else if ((events[e].events & ~EPOLLOUT) != 0 && !i.read()) {
      i.lose("it was closed");
    } else if (!i.write()) {
      i.lose("it was closed");
    }
  }
  return i.any;
}

loop::time_point loop::received() const {
  return impl_->received;
}

bool loop::publish(std::string_view subject, std::string_view header,
                   std::string_view data) {
  auto& i = *impl_;
  if (header.size() + data.size() > i.max_payload)
    return false;
  if (i.socket)
    write_publish(i.out, subject, header, data);
  return true;
}

void loop::wake() {
  eventfd_write(impl_->wake, 1);
}

bool loop::connected() const {
  return impl_->connected;
}

std::uint64_t loop::reconnects() const {
  auto n = impl_->connections.load();
  return n == 0 ? 0 : n - 1;
}

std::uint64_t loop::max_payload() const {
  return impl_->max_payload;
}

}  // namespace larder::nats
