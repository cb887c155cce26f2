// Which packages a file names: a lock file of npm, Cargo, Mix or pip, or a
// plain list, one name a line.
//
// Used by cli/packages_collect.cpp. Thread rule: no state. No call throws.
#pragma once

#include <caf/expected.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace larder::cli {

struct wanted_package {
  std::string ecosystem;
  std::string name;
  /// Empty: the newest release.
  std::string version;
  bool operator==(const wanted_package&) const = default;
};

/// Something in the file that no registry has: a path, a git repository.
struct passed_over {
  std::string what;
  std::string why;
  bool operator==(const passed_over&) const = default;
};

struct package_list {
  /// "package-lock.json", "Cargo.lock", "mix.lock", "requirements.txt" or
  /// "list"
  std::string form;
  /// Each once, in the order of the file.
  std::vector<wanted_package> packages;
  std::vector<passed_over> others;
};

/// The form is told by the file's name, else by its content. `ecosystem` is
/// that of a plain list, whose lines are NAME, NAME@VERSION or NAME VERSION; a
/// '#' begins a comment. Fails with `invalid_request` for a lock file that is
/// none, and a plain list without an ecosystem.
caf::expected<package_list> parse_package_list(const std::string& path,
                                               std::string_view text,
                                               const std::string& ecosystem);

/// "NAME@VERSION" of npm's scoped names too; the version may be missing.
wanted_package parse_package_spec(std::string_view text,
                                  const std::string& ecosystem);

}  // namespace larder::cli
