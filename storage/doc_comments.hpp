// The code in a source file's documentation: rustdoc, Elixir's @doc and
// @moduledoc, Python's docstrings, JSDoc. Each snippet bears the name of what
// it documents.
//
// Used by snippets.cpp. Thread rule: no state. These are readers of comments,
// not parsers of the languages: what they do not recognise they pass over.
#pragma once

#include "storage/package.hpp"

#include <string_view>
#include <vector>

namespace larder {

/// Language, line, title and code of each, by the ending of `path`; none for a
/// file of any other language.
std::vector<package_snippet> doc_snippets(std::string_view path,
                                          std::string_view source);

}  // namespace larder
