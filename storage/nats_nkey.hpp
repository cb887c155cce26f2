// The public half of an nkey: nats.c wants it beside the seed, an operator
// has only the seed.
//
// Used by storage/nats_options.cpp.
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

}  // namespace larder::nats
