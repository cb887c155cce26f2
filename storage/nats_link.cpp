#include "storage/nats_link.hpp"

#include "storage/error.hpp"
#include "storage/nats_options.hpp"

#include <algorithm>

namespace larder::nats {

namespace {

// A greeting is read in small pieces: what follows it may be TLS's, not ours.
constexpr std::size_t read_bytes = 16 << 10;

/// Reads until there is one frame, which stays in `in`; its size.
caf::expected<std::size_t> next_frame(wire_socket& from, byte_queue& in,
                                      const wire_socket::patience& wait,
                                      frame& out) {
  for (;;) {
    auto bytes = read_frame(in.bytes(), out);
    if (bytes == malformed)
      return fail(ec::unavailable,
                  "what answers there does not speak the protocol of NATS");
    if (bytes > 0)
      return bytes;
    auto got = from.read(in.room(read_bytes), read_bytes);
    if (got < 0)
      return fail(ec::unavailable, "the NATS server closed the connection");
    if (got > 0)
      in.added(static_cast<std::size_t>(got));
    else if (!from.wait(false, wait))
      return fail(ec::unavailable, "the NATS server did not answer within "
                                   "nats.connect_timeout");
  }
}

caf::expected<void> send(wire_socket& to, std::string_view text,
                         const wire_socket::patience& wait) {
  while (!text.empty()) {
    auto sent = to.write(text);
    if (sent < 0)
      return fail(ec::unavailable, "the NATS server closed the connection");
    text.remove_prefix(static_cast<std::size_t>(sent));
    if (sent == 0 && !to.wait(true, wait))
      return fail(ec::unavailable, "the NATS server does not read");
  }
  return caf::unit;
}

/// The server's word on us: PONG, or an error.
caf::expected<void> await_pong(link& on, byte_queue& in,
                               const wire_socket::patience& wait) {
  for (;;) {
    frame f;
    auto bytes = next_frame(on.socket, in, wait, f);
    if (!bytes)
      return bytes.error();
    auto what = f.what;
    auto text = std::string{f.text};
    in.taken(*bytes);
    if (what == frame::kind::pong)
      return caf::unit;
    if (what == frame::kind::error)
      return fail(ec::unavailable, "the NATS server refused us: " + text);
    if (what != frame::kind::info)
      continue;
    if (auto info = parse_info(text))
      on.info = std::move(*info);
  }
}

}  // namespace

caf::expected<server_pool>
server_pool::from(const config::nats_settings& settings) {
  auto urls = split_urls(settings.url);
  if (!urls)
    return urls.error();
  server_pool out;
  for (const auto& url : *urls) {
    auto address = parse_address(url);
    if (!address)
      return address.error();
    out.servers_.push_back(std::move(*address));
  }
  return out;
}

bool server_pool::advance() {
  at_ = (at_ + 1) % servers_.size();
  return at_ == 0;
}

void server_pool::learn(const std::vector<std::string>& urls) {
  for (const auto& url : urls) {
    auto address = parse_address(url);
    if (!address)
      continue;
    auto known = [&](const server_address& s) {
      return s.host == address->host && s.port == address->port;
    };
    if (std::any_of(servers_.begin(), servers_.end(), known))
      continue;
    const auto& first = servers_.front();
    address->tls = first.tls;
    address->user = first.user;
    address->password = first.password;
    servers_.push_back(std::move(*address));
  }
}

caf::expected<link> log_in(const config::nats_settings& settings,
                           const server_address& server,
                           const std::string& name,
                           const wire_socket::patience& wait, byte_queue& in) {
  in.clear();
  auto socket = wire_socket::connect(server, wait);
  if (!socket)
    return socket.error();
  link out{std::move(*socket), {}};
  frame greeting;
  auto bytes = next_frame(out.socket, in, wait, greeting);
  if (!bytes)
    return bytes.error();
  auto info = parse_info(greeting.text);
  if (!info)
    return info.error();
  out.info = std::move(*info);
  // Whatever came after the greeting came before TLS: nobody vouches for it.
  in.clear();
  auto secure = wants_tls(settings, server);
  if (secure && !out.info.tls_required && !out.info.tls_available)
    return fail(ec::unavailable,
                "the NATS server at " + server.text()
                    + " does not offer TLS, and the configuration asks for it");
  if (secure || out.info.tls_required)
    if (auto ok = out.socket.start_tls(settings, server.host, wait); !ok)
      return ok.error();
  auto hello = connect_line(settings, server, out.info, name);
  if (!hello)
    return hello.error();
  if (auto ok = send(out.socket, *hello + "PING\r\n", wait); !ok)
    return ok.error();
  if (auto ok = await_pong(out, in, wait); !ok)
    return ok.error();
  return out;
}

}  // namespace larder::nats
