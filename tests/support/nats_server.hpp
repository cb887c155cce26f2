// A real nats-server with JetStream, for one test: on a port and in a directory
// of its own, both gone with it.
//
// Used by tests with the label `server`. Thread rule: one thread at a time.
#pragma once

#include "config/settings.hpp"

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace larder::test {

class nats_server {
 public:
  /// Runs once the server accepts connections. `extra` is configuration text
  /// beside port, directory and JetStream; `DIRECTORY` in it stands for ours,
  /// for a test that writes its own `jetstream` block. Throws
  /// std::runtime_error, with the server's log, if it does not come up.
  explicit nats_server(std::string extra = {}, bool jetstream = true);
  ~nats_server();
  nats_server(const nats_server&) = delete;
  nats_server& operator=(const nats_server&) = delete;

  /// Starts it again, after stop or kill, on the same port and directory.
  void start();
  /// Stops it in good order.
  void stop();
  /// As if it had crashed.
  void kill();
  /// It runs no more, and its connections stay open.
  void freeze();
  void thaw();

  /// Other configuration text from the next start on.
  void configure(std::string extra) { extra_ = std::move(extra); }

  std::uint16_t port() const { return port_; }
  std::string url() const;
  const std::string& directory() const { return directory_; }
  std::string log() const;
  /// Settings to connect with: this server, everything else by default.
  config::nats_settings settings() const;

 private:
  void end(int signal);

  std::string extra_;
  bool jetstream_;
  std::string directory_;
  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace larder::test
