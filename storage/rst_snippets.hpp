// The code blocks of a reStructuredText, as readmes and docstrings of Python
// have them: `.. code-block::`, `::` with an indented block, and doctests.
// Fences too, which docstrings hold as often.
//
// Used by snippets.cpp and doc_comments.cpp. Thread rule: no state.
#pragma once

#include "storage/package.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace larder {

/// Language, line, title and code of each; see markdown_snippets.
std::vector<package_snippet> rst_snippets(std::string_view text,
                                          std::uint32_t first_line = 1,
                                          std::string_view language = {});

}  // namespace larder
