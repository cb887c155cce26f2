// Whether bytes are JSON, and nothing of what they say: values pass through
// untouched, so numbers of any size and any order of members stay as they are.
//
// Used before a value is stored and before any body is parsed: after this
// check a recursive parser cannot run out of stack.
//
// Thread rule: no state.
#pragma once

#include <caf/expected.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace larder {

/// Whether `body` is one JSON value (RFC 8259) in UTF-8, nested at most
/// `max_depth` deep. Escapes may name any code unit, as the RFC has it. Fails
/// with `invalid_request` and says at which byte what was expected. Needs one
/// bit of memory a level, and no stack.
caf::expected<void> check_json(std::string_view body, std::uint32_t max_depth);

/// The same, and the value must be an object.
caf::expected<void> check_json_object(std::string_view body,
                                      std::uint32_t max_depth);

/// Appends `text` as a JSON string, quotes included. Bytes that are not UTF-8
/// become U+FFFD, so that the result is JSON whatever comes in.
void append_json_string(std::string& out, std::string_view text);

}  // namespace larder
