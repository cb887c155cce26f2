// How a connection to one of several NATS servers comes about: which server is
// next, and the handshake with it.
//
// Used by storage/nats_loop.cpp.
//
// Thread rule: one thread at a time.
#pragma once

#include "config/settings.hpp"
#include "storage/nats_login.hpp"
#include "storage/nats_socket.hpp"
#include "storage/nats_wire.hpp"

#include <caf/expected.hpp>

#include <string>
#include <vector>

namespace larder::nats {

/// The servers of nats.url and those that they have told us of, in turns.
class server_pool {
 public:
  /// Fails with `configuration`.
  static caf::expected<server_pool> from(const config::nats_settings& settings);

  const server_address& current() const { return servers_[at_]; }
  /// On to the next; true if that is the first one again.
  bool advance();
  /// Adds servers that are not known yet. They take the credentials and the
  /// TLS of the first.
  void learn(const std::vector<std::string>& urls);
  std::size_t size() const { return servers_.size(); }

 private:
  std::vector<server_address> servers_;
  std::size_t at_ = 0;
};

/// A connection that the server has greeted and let in.
struct link {
  wire_socket socket;
  server_info info;
};

/// Connects and logs in as `name`. What the server sent beyond that is in
/// `in`. Fails with `unavailable`, or with `configuration` where only an
/// operator can help.
caf::expected<link> log_in(const config::nats_settings& settings,
                           const server_address& server,
                           const std::string& name,
                           const wire_socket::patience& wait, byte_queue& in);

}  // namespace larder::nats
