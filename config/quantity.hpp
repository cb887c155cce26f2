// Numbers as operators write them: `500ms`, `30m`, `64MiB`, `1000`. Used by the
// settings and by command line options that take the same forms.
//
// Thread rule: pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace larder::config {

/// A whole number in decimal; nothing on a sign, a space, a leading zero, a
/// fraction or more than 64 bits.
std::optional<std::uint64_t> parse_count(std::string_view text);

/// `64MiB`, `512KiB`, `1GiB`, `2TiB`, `100B` or plain bytes; nothing else.
std::optional<std::uint64_t> parse_bytes(std::string_view text);

/// `500ms`, `2s`, `30m`, `1h`, `7d` or plain milliseconds; nothing else.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// true/false, yes/no, on/off, 1/0 in any case; nothing else.
std::optional<bool> parse_flag(std::string_view text);

/// The shortest form that `parse_bytes` reads back: `64MiB`, else `1000`.
std::string print_bytes(std::uint64_t bytes);

/// The largest unit that divides it: `30m`, `90s`, `1500ms`, `0s`.
std::string print_duration(std::chrono::milliseconds duration);

}  // namespace larder::config
