// The parts of a JSON text as they stand there, so that a value inside a reply
// or a line of a file comes out byte for byte: key order, spaces, 1e400.
//
// Used by mget and load. The text must have passed `check_json`; the views
// live as long as it does. Thread rule: no state.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace larder::cli {

using json_member = std::pair<std::string, std::string_view>;

/// The members of an object in their order; empty for any other value.
std::vector<json_member> object_members(std::string_view object);

/// The elements of an array in their order; empty for any other value.
std::vector<std::string_view> array_elements(std::string_view array);

/// The raw value of the last member with this name (the last one counts, as
/// everywhere), if there is one.
std::optional<std::string_view> member(const std::vector<json_member>& of,
                                       std::string_view name);

/// What a JSON string says; nothing if `raw` is no string.
std::optional<std::string> string_value(std::string_view raw);

/// What a JSON number says; nothing if `raw` is no integer of 64 bits.
std::optional<long long> integer_value(std::string_view raw);

}  // namespace larder::cli
