// The code snippets of a package, from all of its files: code blocks of the
// readme, whole examples, TypeScript declarations, documentation comments.
//
// Used by package_collector. Thread rule: no state. No call throws.
#pragma once

#include "storage/archive_unpack.hpp"
#include "storage/package.hpp"
#include "storage/registry.hpp"

#include <cstddef>
#include <vector>

namespace larder {

struct snippet_limits {
  /// Of one kind: readme, example, declaration, doc.
  std::size_t of_a_kind = 100;
  /// Longer code is cut at the end of a line.
  std::size_t code_bytes = 6'000;
  /// Of all code.
  std::size_t bytes = 400'000;
  /// Longer files are passed over.
  std::size_t file_bytes = 512 << 10;
};

/// Each with kind, language, path, line and title (its file's name, if nothing
/// better is there); no code twice. Those of the readme first, then examples,
/// declarations and comments, of each the files nearest to the top first.
std::vector<package_snippet> snippets_of(const unpacked_archive& files,
                                         std::string_view readme,
                                         const readme_origin& origin,
                                         const snippet_limits& limits = {});

}  // namespace larder
