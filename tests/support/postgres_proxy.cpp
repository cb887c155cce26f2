#include "tests/support/postgres_proxy.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <string_view>

namespace larder::test {

namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    auto sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0)
      return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace

postgres_proxy::postgres_proxy(std::uint16_t server_port)
    : server_port_(server_port) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto address = loopback(0);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 16) != 0
      || ::getsockname(listener_, generic, &size) != 0 || ::pipe(wake_) != 0)
    throw std::runtime_error{"no proxy"};
  port_ = ntohs(address.sin_port);
  thread_ = std::thread{[this] { run(); }};
}

postgres_proxy::~postgres_proxy() {
  ::close(wake_[1]);
  thread_.join();
  ::close(wake_[0]);
  ::close(listener_);
  for (auto& l : lines_) {
    ::close(l.client);
    ::close(l.server);
  }
  for (auto fd : orphans_)
    ::close(fd);
}

void postgres_proxy::run() {
  while (true) {
    std::vector<pollfd> fds{{wake_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
    for (auto& l : lines_) {
      fds.push_back({l.client, POLLIN, 0});
      fds.push_back({l.server, POLLIN, 0});
    }
    if (::poll(fds.data(), fds.size(), -1) < 0)
      continue;
    if (fds[0].revents != 0)
      return;
    std::vector<line> kept;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      auto l = lines_[i];
      auto open = (fds[2 + 2 * i].revents == 0 || from_client(l))
                  && (fds[3 + 2 * i].revents == 0 || from_server(l));
      if (open) {
        kept.push_back(l);
      } else {
        ::close(l.client);
        if (l.server >= 0)
          ::close(l.server);
      }
    }
    lines_ = std::move(kept);
    if (fds[1].revents != 0)
      accept();
  }
}

void postgres_proxy::accept() {
  auto client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  auto server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto address = loopback(server_port_);
  if (closed_
      || ::connect(server, reinterpret_cast<sockaddr*>(&address),
                   sizeof(address))
             != 0) {
    ::close(client);
    ::close(server);
    return;
  }
  lines_.push_back({client, server, false});
}

bool postgres_proxy::from_client(line& l) {
  char buffer[65536];
  auto got = ::recv(l.client, buffer, sizeof(buffer), 0);
  if (got <= 0)
    return false;
  std::string_view bytes{buffer, static_cast<std::size_t>(got)};
  auto cut = cut_.load();
  if (cut != cut::never && bytes.find("COMMIT") != std::string_view::npos) {
    cut_ = cut::never;
    if (cut == cut::before_commit) {
      ++cuts_;
      orphans_.push_back(l.server);
      l.server = -1;
      return false;
    }
    l.swallow = true;
    closed_ = cut == cut::after_commit_for_good;
  }
  return send_all(l.server, bytes);
}

bool postgres_proxy::from_server(line& l) {
  char buffer[65536];
  auto got = ::recv(l.server, buffer, sizeof(buffer), 0);
  if (got <= 0)
    return false;
  if (l.swallow) {
    ++cuts_;
    return false;
  }
  return send_all(l.client, {buffer, static_cast<std::size_t>(got)});
}

}  // namespace larder::test
