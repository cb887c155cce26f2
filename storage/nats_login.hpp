// The first words between a NATS server and a connection of ours: what the
// server says of itself, and the CONNECT that answers it.
//
// Used by storage/nats_loop.cpp.
//
// Thread rule: functions of their arguments; they read the files that the
// settings name.
#pragma once

#include "config/settings.hpp"

#include <caf/expected.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace larder::nats {

/// One server of nats.url, or one that a server has told us of.
struct server_address {
  std::string host;
  std::string port = "4222";
  bool tls = false;
  /// Of the URL; decoded.
  std::string user;
  std::string password;
  bool operator==(const server_address&) const = default;
  /// "host:port", for messages.
  std::string text() const { return host + ":" + port; }
};

/// "nats://user:password@host:port". Fails with `configuration`.
caf::expected<server_address> parse_address(std::string_view url);

/// What INFO holds that we use.
struct server_info {
  std::uint64_t max_payload = 1 << 20;
  bool tls_required = false;
  bool tls_available = false;
  /// What nkeys and JWTs are proved with.
  std::string nonce;
  /// "host:port" of the cluster's other servers.
  std::vector<std::string> connect_urls;
};

/// Fails with `unavailable` for what is not INFO's JSON.
caf::expected<server_info> parse_info(std::string_view json);

/// Whether the settings ask for TLS, whatever the server says.
bool wants_tls(const config::nats_settings& settings,
               const server_address& server);

/// "CONNECT {…}\r\n" for a connection called `name`. The credentials are those
/// of the URL, else of the settings. Fails with `configuration` for a file that
/// cannot be used.
caf::expected<std::string> connect_line(const config::nats_settings& settings,
                                        const server_address& server,
                                        const server_info& info,
                                        const std::string& name);

}  // namespace larder::nats
