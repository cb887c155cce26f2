// The packages that a Debian machine knows of, from the stanzas that
// `apt-cache dumpavail` prints (deb822), as package documents of the ecosystem
// "debian".
//
// Used by `larder packages import --debian` and by the measurement of searches.
// Thread rule: one thread at a time an object.
#pragma once

#include "storage/package.hpp"

#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace larder {

/// By name: how many packages of other sources depend on, recommend or suggest
/// it.
using debian_users = std::unordered_map<std::string, std::uint64_t>;

/// Reads all of `in`.
debian_users count_debian_users(std::istream& in);

class debian_packages {
 public:
  /// Reads from `in` as documents are asked for; `in` must outlive it. `users`
  /// tells what is not in a stanza: package::used_by.
  explicit debian_packages(std::istream& in, debian_users users = {});

  /// The next package; nothing: there are no more. The synopsis becomes the
  /// description and the rest of the description the README; the section is the
  /// keyword; debtags are tags; Pre-Depends, Depends, Recommends and Suggests
  /// are dependencies, of an alternative the first with the others in its
  /// requirement. A stanza that is no package, or one that may not be stored,
  /// is passed over and counted.
  std::optional<package> next();

  std::uint64_t skipped() const { return skipped_; }

 private:
  std::istream& in_;
  debian_users users_;
  std::string line_;
  std::uint64_t skipped_ = 0;
};

/// The package in one stanza; nothing if it is none.
std::optional<package> debian_package(std::string_view stanza);

}  // namespace larder
