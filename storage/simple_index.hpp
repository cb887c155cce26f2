// The index page of one Python package: PEP 503 (HTML) and PEP 691 (JSON), with
// yanked files (PEP 592). And what a file's name says (PEP 427, PEP 625).
//
// Used by registry_pypi.cpp. Thread rule: no state.
#pragma once

#include <caf/expected.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace larder {

struct simple_file {
  std::string name;
  /// As it stands there: often relative to the page.
  std::string url;
  /// Raw bytes; empty: the page names none.
  std::string sha256;
  std::string sha256_text;
  bool yanked = false;
  std::string yanked_reason;
};

/// The files in the order of the page. Fails with `unavailable` if it is no
/// such page; `where` is it in messages.
caf::expected<std::vector<simple_file>>
parse_simple_index(std::string_view body, std::string_view content_type,
                   const std::string& where);

/// "Foo._Bar" → "foo-bar".
std::string normalized_python_name(std::string_view name);

/// The version in a file's name; empty if it is no file of that (normalized)
/// package.
std::string version_of_python_file(std::string_view file,
                                   std::string_view package);

/// Which of a version's files to take: a source archive before a wheel that
/// runs everywhere before any other wheel; 0: none that can be unpacked.
int rank_of_python_file(std::string_view file);

}  // namespace larder
