// What an nkey's seed is good for: its public half (an operator has only the
// seed), and the proof to a server that we hold it.
//
// Used by storage/nats_options.cpp and storage/nats_login.cpp.
//
// Thread rule: a function of its arguments.
#pragma once

#include <caf/expected.hpp>

#include <string>
#include <string_view>

namespace larder::nats {

/// "SU…" → "U…". Fails with `configuration` for a text that is no nkey seed.
/// The sentence never holds any of the seed.
caf::expected<std::string> public_nkey(std::string_view seed);

/// The signature of what a server wants signed, as CONNECT carries it (base64
/// for URLs). Fails as above.
caf::expected<std::string> sign_nonce(std::string_view seed,
                                      std::string_view nonce);

}  // namespace larder::nats
