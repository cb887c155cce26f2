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

/// Whether all of it is well-formed, and none of it NUL: what a source of truth
/// takes for text.
bool is_utf8_text(std::string_view bytes);

}  // namespace larder
