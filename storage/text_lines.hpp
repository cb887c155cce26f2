// A text as lines, without copies: what the snippet extractors walk over.
//
// Used by the .cpp files that take snippets. Thread rule: no state; views of
// the caller's text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

/// Without their ends ("\n" or "\r\n").
std::vector<std::string_view> lines_of(std::string_view text);

/// Blanks at the front, a tab as eight.
std::size_t indent_of(std::string_view line);

bool is_blank(std::string_view line);

/// Without blanks at either end.
std::string_view trimmed(std::string_view text);

bool starts_with(std::string_view text, std::string_view start);
bool ends_with(std::string_view text, std::string_view end);

/// Lines [first, last) without the indent that all of them share, and without
/// blank lines at the end.
std::string dedented(const std::vector<std::string_view>& lines,
                     std::size_t first, std::size_t last);

/// The name at the front of `text`: letters, digits, `_` and `$`, and bytes
/// beyond ASCII.
std::string_view identifier_at(std::string_view text);

}  // namespace larder
