// What a language is called in snippets, from the names that people write
// behind a fence and from file names.
//
// Used by the .cpp files that take snippets. Thread rule: no state.
#pragma once

#include <string>
#include <string_view>

namespace larder {

/// "js" → "javascript", "rust,no_run" → "rust", "{.py}" → "python"; a name that
/// is not known is kept, in lower case.
std::string language_of_fence(std::string_view info);

/// By the ending; empty if it is not known as code.
std::string_view language_of_file(std::string_view path);

}  // namespace larder
