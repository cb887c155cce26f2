// Python's core metadata: PKG-INFO of a source archive, METADATA of a wheel.
//
// Used by registry_pypi.cpp. Thread rule: no state.
#pragma once

#include "storage/package.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

struct python_metadata {
  std::string name;
  std::string version;
  std::string summary;
  std::string homepage;
  std::string repository;
  std::vector<std::string> licenses;
  std::vector<std::string> keywords;
  std::vector<package_dependency> dependencies;
  /// The long one, and the line at which it begins.
  std::string description;
  std::uint32_t description_line = 1;
};

/// Whatever can be read of it: a field that is missing or malformed is empty.
python_metadata parse_python_metadata(std::string_view text);

}  // namespace larder
