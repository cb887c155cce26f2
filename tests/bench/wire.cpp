#include "tests/bench/wire.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace larder::bench {

namespace {

[[noreturn]] void give_up(const char* what) {
  std::perror(what);
  std::exit(1);
}

}  // namespace

wire::wire(int fd) : fd_(fd), buffer_(1 << 20) {
  timeval patience{5, 0};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

wire::wire(wire&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), buffer_(std::move(other.buffer_)),
      begin_(other.begin_), end_(other.end_) {}

wire::~wire() {
  if (fd_ >= 0)
    close(fd_);
}

wire wire::to_port(int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0
      || connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address)
             != 0)
    give_up("connect");
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return wire{fd};
}

wire wire::to_path(const std::string& path) {
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  if (fd < 0
      || connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address)
             != 0)
    give_up("connect");
  return wire{fd};
}

void wire::send(std::string_view data) {
  while (!data.empty()) {
    auto sent = ::send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
    if (sent <= 0)
      give_up("send");
    data.remove_prefix(static_cast<std::size_t>(sent));
  }
}

bool wire::receive() {
  if (begin_ == end_) {
    begin_ = end_ = 0;
  } else if (begin_ > buffer_.size() / 2) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_.size())
    buffer_.resize(2 * buffer_.size());
  auto got = recv(fd_, buffer_.data() + end_, buffer_.size() - end_, 0);
  if (got <= 0)
    return false;
  end_ += static_cast<std::size_t>(got);
  return true;
}

std::string latencies::report(double seconds) {
  std::sort(values_.begin(), values_.end());
  auto at = [this](double share) {
    if (values_.empty())
      return 0.0;
    auto i =
        static_cast<std::size_t>(share * static_cast<double>(values_.size()));
    return values_[std::min(i, values_.size() - 1)] / 1e3;
  };
  char text[256];
  std::snprintf(text, sizeof text,
                "{\"requests\":%zu,\"seconds\":%.4f,\"rate\":%.1f,"
                "\"p50_us\":%.2f,\"p99_us\":%.2f,\"max_us\":%.2f}",
                values_.size(), seconds,
                static_cast<double>(values_.size()) / seconds, at(0.5),
                at(0.99), at(1));
  return text;
}

std::uint64_t now() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000
         + static_cast<std::uint64_t>(t.tv_nsec);
}

}  // namespace larder::bench
