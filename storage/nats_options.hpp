// From settings to the options of one nats.c connection, with every default of
// the library's that would make a node slow, deaf or forgetful changed.
//
// Used by storage/nats_client.cpp and storage/nats_loop.cpp.
//
// Thread rule: a function of its arguments; it reads the files they name.
#pragma once

#include "config/settings.hpp"
#include "storage/nats_handles.hpp"

#include <caf/expected.hpp>

#include <string>
#include <vector>

namespace larder::nats {

/// Options for a connection called `name` (seen in the server's reports). The
/// caller adds its callbacks, and RetryOnFailedConnect if it wants that. Fails
/// with `configuration` for a setting that cannot be used: an empty or
/// malformed URL, a file that cannot be read, a certificate without its key,
/// two kinds of credentials at once.
caf::expected<options_handle> make_options(const config::nats_settings& from,
                                           const std::string& name);

/// "a, b" → {a, b}, each with its scheme; blanks dropped. Fails as above.
caf::expected<std::vector<std::string>> split_urls(const std::string& urls);

/// The URLs without user and password, for messages.
std::string printable_urls(const std::string& urls);

/// One sentence on why a connection to `from` could not be made.
std::string connect_failure(natsStatus status,
                            const config::nats_settings& from);

}  // namespace larder::nats
