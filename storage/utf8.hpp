// Steps through UTF-8, strictly: no surrogates, no overlong forms, nothing
// above U+10FFFF. Used where bytes from outside become keys or JSON.
//
// Thread rule: no state.
#pragma once

#include <cstddef>
#include <string_view>

namespace larder {

/// The length, 1 to 4, of the well-formed character at `at`, or 0 if the bytes
/// there are none. `at` is inside `text`.
std::size_t utf8_length(std::string_view text, std::size_t at);

}  // namespace larder
