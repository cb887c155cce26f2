#include "storage/nats_socket.hpp"

#include "storage/error.hpp"

#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace larder::nats {

namespace {

struct context_deleter {
  void operator()(SSL_CTX* c) const { SSL_CTX_free(c); }
};
struct session_deleter {
  void operator()(SSL* s) const { SSL_free(s); }
};
struct addresses_deleter {
  void operator()(addrinfo* a) const { freeaddrinfo(a); }
};

using tls_context = std::unique_ptr<SSL_CTX, context_deleter>;

/// What OpenSSL says of the last failure of this thread.
std::string tls_failure() {
  char text[256];
  auto code = ERR_get_error();
  ERR_clear_error();
  if (code == 0)
    return "the server closed the connection";
  ERR_error_string_n(code, text, sizeof text);
  return text;
}

caf::error refused(const char* setting, const std::string& file) {
  return fail(ec::configuration, std::string{"nats."} + setting + " (\"" + file
                                     + "\") cannot be used: " + tls_failure());
}

caf::expected<tls_context> make_context(const config::nats_settings& settings) {
  tls_context context{SSL_CTX_new(TLS_client_method())};
  auto* c = context.get();
  SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
  SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE
                          | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // An end without its goodbye is an end.
  SSL_CTX_set_options(c, SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_verify(
      c, settings.tls_insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  if (settings.tls_ca_file.empty())
    SSL_CTX_set_default_verify_paths(c);
  else if (SSL_CTX_load_verify_locations(c, settings.tls_ca_file.c_str(),
                                         nullptr)
           != 1)
    return refused("tls_ca_file", settings.tls_ca_file);
  if (settings.tls_cert_file.empty())
    return context;
  if (SSL_CTX_use_certificate_chain_file(c, settings.tls_cert_file.c_str())
      != 1)
    return refused("tls_cert_file", settings.tls_cert_file);
  if (SSL_CTX_use_PrivateKey_file(c, settings.tls_key_file.c_str(),
                                  SSL_FILETYPE_PEM)
          != 1
      || SSL_CTX_check_private_key(c) != 1)
    return refused("tls_key_file", settings.tls_key_file);
  return context;
}

caf::error unreachable(const server_address& to, const std::string& why) {
  return fail(ec::unavailable,
              "no NATS server answers at " + to.text() + ": " + why);
}

}  // namespace

struct wire_socket::impl {
  int fd = -1;
  // In this order: a session uses its context.
  tls_context context;
  std::unique_ptr<SSL, session_deleter> session;

  ~impl() {
    session.reset();
    if (fd >= 0)
      close(fd);
  }
};

wire_socket::wire_socket() = default;
wire_socket::~wire_socket() = default;
wire_socket::wire_socket(wire_socket&&) noexcept = default;
wire_socket& wire_socket::operator=(wire_socket&&) noexcept = default;

int wire_socket::descriptor() const {
  return impl_ ? impl_->fd : -1;
}

bool wire_socket::wait(bool to_write, const patience& wait) const {
  for (;;) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(
        wait.until - std::chrono::steady_clock::now());
    if (wait.stop() || left.count() <= 0)
      return false;
    pollfd fds[2]{};
    fds[0].fd = descriptor();
    fds[0].events = static_cast<short>(to_write ? POLLOUT : POLLIN);
    fds[1].fd = wait.interrupt;
    fds[1].events = POLLIN;
    poll(fds, 2, static_cast<int>(left.count()));
    if (fds[0].revents != 0)
      return true;
    if (fds[1].revents != 0 && !wait.stop()) {
      // Somebody wants the loop's attention, but not its end: it stays
      // readable, so only the socket is waited for from here on.
      poll(fds, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 50)));
      if (fds[0].revents != 0)
        return true;
    }
  }
}

caf::expected<wire_socket> wire_socket::connect(const server_address& to,
                                                const patience& wait) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* raw = nullptr;
  auto host = to.host.c_str();
  if (auto error = getaddrinfo(host, to.port.c_str(), &hints, &raw)) {
    // Loopback is no address of a configured interface in a closed network.
    hints.ai_flags = 0;
    error = getaddrinfo(host, to.port.c_str(), &hints, &raw);
    if (error != 0)
      return unreachable(to, gai_strerror(error));
  }
  std::unique_ptr<addrinfo, addresses_deleter> all{raw};
  std::string why = "it has no address";
  for (auto* a = all.get(); a != nullptr && !wait.stop(); a = a->ai_next) {
    wire_socket result;
    result.impl_ = std::make_unique<impl>();
    auto& fd = result.impl_->fd;
    fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0
        || (::connect(fd, a->ai_addr, a->ai_addrlen) != 0
            && errno != EINPROGRESS)) {
      why = std::strerror(errno);
      continue;
    }
    if (!result.wait(true, wait)) {
      why = "it did not answer within nats.connect_timeout";
      continue;
    }
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
      why = std::strerror(error);
      continue;
    }
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return result;
  }
  return unreachable(to, why);
}

caf::expected<void>
wire_socket::start_tls(const config::nats_settings& settings,
                       const std::string& host, const patience& wait) {
  auto context = make_context(settings);
  if (!context)
    return context.error();
  impl_->context = std::move(*context);
  impl_->session.reset(SSL_new(impl_->context.get()));
  auto* s = impl_->session.get();
  SSL_set_fd(s, impl_->fd);
  // An address is checked as one; a name is also sent, for servers with many.
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(s), host.c_str()) != 1) {
    SSL_set1_host(s, host.c_str());
    SSL_set_tlsext_host_name(s, host.c_str());
  }
  ERR_clear_error();
  for (;;) {
    auto done = SSL_connect(s);
    if (done == 1)
      return caf::unit;
    auto error = SSL_get_error(s, done);
    auto to_write = error == SSL_ERROR_WANT_WRITE;
    if (to_write || error == SSL_ERROR_WANT_READ) {
      if (this->wait(to_write, wait))
        continue;
      return fail(ec::unavailable, "the TLS handshake with the NATS server did "
                                   "not end within nats.connect_timeout");
    }
    auto why = tls_failure();
    if (auto verdict = SSL_get_verify_result(s); verdict != X509_V_OK)
      why = X509_verify_cert_error_string(verdict);
    return fail(ec::unavailable,
                "the TLS handshake with the NATS server failed (" + why
                    + "); check nats.tls_ca_file and the server's "
                      "certificate");
  }
}

std::ptrdiff_t wire_socket::read(char* to, std::size_t most) {
  if (auto* s = impl_->session.get()) {
    std::size_t got = 0;
    ERR_clear_error();
    if (SSL_read_ex(s, to, most, &got) == 1)
      return static_cast<std::ptrdiff_t>(got);
    auto error = SSL_get_error(s, 0);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0
                                                                         : -1;
  }
  auto got = recv(impl_->fd, to, most, 0);
  if (got > 0)
    return got;
  return got < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

std::ptrdiff_t wire_socket::write(std::string_view data) {
  if (auto* s = impl_->session.get()) {
    std::size_t sent = 0;
    ERR_clear_error();
    if (SSL_write_ex(s, data.data(), data.size(), &sent) == 1)
      return static_cast<std::ptrdiff_t>(sent);
    auto error = SSL_get_error(s, 0);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0
                                                                         : -1;
  }
  auto sent = send(impl_->fd, data.data(), data.size(), MSG_NOSIGNAL);
  if (sent >= 0)
    return sent;
  return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

bool wire_socket::has_more() const {
  return impl_ && impl_->session && SSL_pending(impl_->session.get()) > 0;
}

}  // namespace larder::nats
