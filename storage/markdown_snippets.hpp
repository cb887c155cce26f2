// The code blocks of a Markdown text, each with the heading that it stands
// under. The one place that knows md4c.
//
// Used by snippets.cpp and doc_comments.cpp. Thread rule: no state. No call
// throws.
#pragma once

#include "storage/package.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace larder {

/// Language, line, title and code of each. `first_line`: the number of the
/// text's first line in its file. `language`: of blocks that name none.
std::vector<package_snippet> markdown_snippets(std::string_view text,
                                               std::uint32_t first_line = 1,
                                               std::string_view language = {});

}  // namespace larder
