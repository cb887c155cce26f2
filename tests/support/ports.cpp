#include "tests/support/ports.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <random>
#include <stdexcept>

namespace larder::test {

namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return at;
}

}  // namespace

std::uint16_t free_port() {
  // Below the range that the kernel gives to outgoing connections: a client
  // that keeps trying a port of that range may end up connected to itself.
  std::random_device seed;
  std::uniform_int_distribution<int> any{12'000, 31'999};
  for (int tries = 0; tries < 100; ++tries) {
    auto port = static_cast<std::uint16_t>(any(seed));
    auto fd = ::socket(AF_INET, SOCK_STREAM, 0);
    auto at = loopback(port);
    auto ok = ::bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0;
    ::close(fd);
    if (ok)
      return port;
  }
  throw std::runtime_error("no free port on the loopback address");
}

bool accepts_connections(std::uint16_t port) {
  auto fd = ::socket(AF_INET, SOCK_STREAM, 0);
  auto at = loopback(port);
  auto ok = ::connect(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0;
  ::close(fd);
  return ok;
}

}  // namespace larder::test
