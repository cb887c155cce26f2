#include "tests/support/raw_http_server.hpp"

#include <array>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace larder::test {

raw_http_server::raw_http_server(answer a) : answer_(std::move(a)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto to = reinterpret_cast<sockaddr*>(&address);
  bind(listener_, to, size);
  listen(listener_, 16);
  getsockname(listener_, to, &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread{[this] { run(); }};
}

raw_http_server::~raw_http_server() {
  stop_ = true;
  thread_.join();
  close(listener_);
}

std::string raw_http_server::url() const {
  return "http://127.0.0.1:" + std::to_string(port_);
}

void raw_http_server::run() {
  while (!stop_) {
    pollfd waiting{listener_, POLLIN, 0};
    if (poll(&waiting, 1, 20) != 1)
      continue;
    auto client = accept(listener_, nullptr, nullptr);
    if (client < 0)
      continue;
    ++connections_;
    std::string head;
    std::array<char, 4'096> buffer;
    while (head.find("\r\n\r\n") == std::string::npos) {
      auto got = read(client, buffer.data(), buffer.size());
      if (got <= 0)
        break;
      head.append(buffer.data(), static_cast<std::size_t>(got));
    }
    answer_(head, [client](const std::string& bytes) {
      for (std::size_t at = 0; at < bytes.size();) {
        auto sent =
            send(client, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
        if (sent <= 0)
          return false;
        at += static_cast<std::size_t>(sent);
      }
      return true;
    });
    close(client);
  }
}

}  // namespace larder::test
