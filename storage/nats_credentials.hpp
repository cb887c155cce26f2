// Who we tell a NATS server that we are: from the settings and the files that
// they name.
//
// Used by storage/nats_options.cpp (for nats.c) and storage/nats_login.cpp.
//
// Thread rule: functions of their arguments.
#pragma once

#include "config/settings.hpp"

#include <caf/expected.hpp>

#include <string>

namespace larder::nats {

/// At most one kind is set.
struct credentials {
  std::string user;
  std::string password;
  std::string token;
  /// Of a .creds file; the seed goes with it. A seed alone is an nkey.
  std::string jwt;
  std::string seed;
};

/// Reads the files anew, since credentials are rotated. Fails with
/// `configuration`: a file that cannot be read or does not hold what it must,
/// two kinds at once, a password without a user.
caf::expected<credentials> read_credentials(const config::nats_settings& from);

}  // namespace larder::nats
