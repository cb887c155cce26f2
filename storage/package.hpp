// The package document: what is known of one version of one package of a
// registry, as a value and as JSON.
//
// Used by the collectors and importers, which make one, by the package store,
// which keeps its JSON, and by whoever shows it. A document that came as JSON
// is kept and answered byte for byte as it came: members that are not named
// here are kept too, and only looked at by whoever put them there.
//
// Thread rule: values, no state. No call throws.
#pragma once

#include <caf/expected.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

inline constexpr std::size_t max_ecosystem_bytes = 64;
inline constexpr std::size_t max_package_name_bytes = 512;
inline constexpr std::size_t max_package_version_bytes = 256;

/// A package, whatever its version.
struct package_key {
  std::string ecosystem;
  std::string name;
  auto operator<=>(const package_key&) const = default;
};

struct package_dependency {
  std::string name;
  /// As its registry writes it: "^4.18", ">= 2.0, < 3.0"; empty: any.
  std::string requirement;
  /// normal (what an empty one means), dev, build, optional, peer …
  std::string kind;
  bool operator==(const package_dependency&) const = default;
};

/// A piece of code that shows how the package is used.
struct package_snippet {
  /// readme, example, declaration, doc …; 1-64 bytes.
  std::string kind;
  /// Lower case: rust, javascript …; empty: not known.
  std::string language;
  /// Where in the archive, and at which line (from 1; 0: not known).
  std::string path;
  std::uint32_t line = 0;
  std::string title;
  std::string code;
  bool operator==(const package_snippet&) const = default;
};

/// What the document was taken from.
struct package_archive {
  std::string url;
  /// sha512, sha256, sha1 …
  std::string algorithm;
  /// In the registry's own spelling.
  std::string digest;
  std::uint64_t bytes = 0;
  /// Whether what was downloaded had that digest.
  bool verified = false;
  bool operator==(const package_archive&) const = default;
};

struct package {
  /// One token of `[a-z0-9_-]`, 1-64 bytes; any may be stored.
  std::string ecosystem;
  /// 1-512 bytes of UTF-8 without control characters.
  std::string name;
  /// At most 256 bytes, the same; empty: the package has no versions.
  std::string version;
  std::string description;
  std::string homepage;
  std::string repository;
  std::vector<std::string> licenses;
  std::vector<std::string> keywords;
  std::vector<std::string> tags;
  std::vector<package_dependency> dependencies;
  /// All that the registry has, as it lists them.
  std::vector<std::string> versions;
  /// Why not to use it any more; empty: it is not deprecated. In JSON also
  /// true, which reads as "deprecated", and false.
  std::string deprecated;
  /// How many other packages need it, as far as whoever made the document knew;
  /// 0: not known. Ranks it higher in searches.
  std::uint64_t used_by = 0;
  std::string readme;
  std::vector<package_snippet> snippets;
  /// Without a url and a digest: not collected from an archive.
  package_archive archive;
  /// RFC 3339, UTC; empty: not collected.
  std::string collected_at;
  bool operator==(const package&) const = default;
};

struct package_limits {
  /// Of the whole document: it has to fit into one NATS message (1 MiB by
  /// default) with its headers.
  std::size_t bytes = 1'000'000;
  std::uint32_t depth = 64;
  /// Of one list: keywords, tags, dependencies, versions, snippets.
  std::size_t list_items = 20'000;
};

/// The document in `json`. Absent and null members are empty. Fails with
/// `too_large` over a limit of bytes, with `invalid_request` for what is not a
/// JSON object, and for a member of the wrong kind or with a value that breaks
/// its rule: the sentence names the member ("snippets[3].line") and says what
/// was expected.
caf::expected<package> parse_package(std::string_view json,
                                     const package_limits& limits = {});

/// The same rules for a value made in this program.
caf::expected<void> check_package(const package& p);

/// The rules for a key alone, as it comes in a request.
caf::expected<void> check_package_key(std::string_view ecosystem,
                                      std::string_view name);

/// Whether a text may be a version, as it comes in a request.
caf::expected<void> check_package_version(std::string_view version);

/// As one line of JSON; members that are empty are left out. Bytes that are
/// not UTF-8 become U+FFFD.
std::string to_json(const package& p);

/// One snippet as a JSON object, all members present.
std::string to_json(const package_snippet& s);

}  // namespace larder
