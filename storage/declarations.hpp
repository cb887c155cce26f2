// What a TypeScript declaration file declares, each with the comment before it.
//
// Used by snippets.cpp. Thread rule: no state.
#pragma once

#include "storage/package.hpp"

#include <string_view>
#include <vector>

namespace larder {

/// Every declaration at the top level: title is its name, line and code begin
/// with its comment.
std::vector<package_snippet> declaration_snippets(std::string_view source);

}  // namespace larder
