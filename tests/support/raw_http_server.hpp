// An HTTP server that sends what a test says, byte for byte, right or wrong: a
// body that ends too soon, a header without an end, a redirect to itself.
//
// Used by registry_http_test.cpp. Thread rule: `answer` runs on the server's
// thread; everything else on the test's.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>

namespace larder::test {

class raw_http_server {
 public:
  /// Writes to the client; false once it has gone.
  using sender = std::function<bool(const std::string&)>;
  /// The request's head; the connection is closed when it returns.
  using answer = std::function<void(const std::string& head, const sender&)>;

  explicit raw_http_server(answer a);
  ~raw_http_server();
  raw_http_server(const raw_http_server&) = delete;
  raw_http_server& operator=(const raw_http_server&) = delete;

  /// "http://127.0.0.1:PORT".
  std::string url() const;
  int connections() const { return connections_; }

 private:
  void run();

  answer answer_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace larder::test
