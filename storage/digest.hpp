// Digests of what registries serve, in the spellings that they use: hex (cargo,
// hex, pypi, npm's shasum) and base64 (npm's integrity).
//
// Used by the collectors. Thread rule: no state.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace larder {

/// The raw bytes of `algorithm` ("sha1", "sha256", "sha384", "sha512", "md5")
/// over `bytes`; nothing if the algorithm is none of these.
std::optional<std::string> digest_of(std::string_view algorithm,
                                     std::string_view bytes);

/// Lower case.
std::string to_hex(std::string_view bytes);

/// Nothing if it is not hex, in either case.
std::optional<std::string> from_hex(std::string_view text);

std::string to_base64(std::string_view bytes);

/// Standard base64 with its padding; nothing if it is not.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace larder
