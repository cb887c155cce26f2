// A configuration file as a flat list of what it says, line by line. Knows
// YAML, knows no setting.
//
// Thread rule: no state; blocks on the file system.
#pragma once

#include "config/result.hpp"

#include <string>
#include <vector>

namespace larder::config {

/// One key of the file, at the top level or one level below it.
struct yaml_entry {
  enum class shape { text, nothing, list, map };

  /// "section.key", or "key".
  std::string name;
  shape is = shape::text;
  /// What stands there, without quotes; of a `text` alone.
  std::string text;
  /// From 1.
  int line = 0;
};

/// The keys of `path` in the order of the file; a section (shape `map`) comes
/// before its keys, deeper levels are not looked at. An error names file and
/// line: not YAML, not a map, a key twice, a second document; or says why the
/// file cannot be read.
result<std::vector<yaml_entry>> read_yaml(const std::string& path);

}  // namespace larder::config
