// A blocking socket and what is read from it, for the programs that measure:
// as little as possible between a request and its reply.
//
// Used by the programs of tests/bench. Thread rule: one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace larder::bench {

class wire {
 public:
  /// A TCP port on loopback, or the path of a Unix socket; ends the program
  /// with a message if nobody listens there.
  static wire to_port(int port);
  static wire to_path(const std::string& path);
  ~wire();
  wire(wire&& other) noexcept;
  wire(const wire&) = delete;
  wire& operator=(const wire&) = delete;

  void send(std::string_view data);

  /// Waits for more; false if the peer has closed or was silent for 5 s.
  bool receive();

  /// What was received and not used yet; valid until receive().
  std::string_view unread() const {
    return {buffer_.data() + begin_, end_ - begin_};
  }
  void use(std::size_t bytes) { begin_ += bytes; }

 private:
  explicit wire(int fd);
  int fd_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

/// Latencies of one run, and the line of JSON that reports them.
class latencies {
 public:
  void add(std::uint64_t nanoseconds) {
    values_.push_back(static_cast<std::uint32_t>(
        nanoseconds < UINT32_MAX ? nanoseconds : UINT32_MAX));
  }
  std::size_t count() const { return values_.size(); }
  /// {"requests","seconds","rate","p50_us","p99_us","max_us"}; sorts.
  std::string report(double seconds);

 private:
  std::vector<std::uint32_t> values_;
};

/// Nanoseconds of the monotonic clock.
std::uint64_t now();

}  // namespace larder::bench
