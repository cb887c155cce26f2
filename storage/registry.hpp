// What the registries have in common: where they are, how a release is found in
// an index, how its archive is opened, what the archive says of the package.
// One implementation an ecosystem: registry_npm.cpp, registry_cargo.cpp,
// registry_hex.cpp, registry_pypi.cpp.
//
// Used by package_collector. Thread rule: one object a thread. Failures: those
// of registry_client::get, and `unavailable` for an index that cannot be
// understood. No call throws.
#pragma once

#include "storage/archive_unpack.hpp"
#include "storage/package.hpp"
#include "storage/registry_client.hpp"

#include <caf/expected.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

struct registry_address {
  /// Without a slash at the end.
  std::string url;
  /// Where the archives are; empty: under `url`. Only hex has two addresses.
  std::string archives;
  /// The value of the Authorization header; empty: none. Secret.
  std::string authorization;
};

struct archive_digest {
  std::string algorithm;
  /// The raw bytes.
  std::string digest;
  /// As the registry writes it.
  std::string text;
};

struct registry_limits {
  /// Of an index document.
  std::uint64_t document_bytes = 32ull << 20;
  /// Of an archive, as it is downloaded.
  std::uint64_t archive_bytes = 64ull << 20;
};

struct registry_query {
  std::string name;
  /// Empty: the newest release.
  std::string version;
  validators known;
};

/// One release as the index has it.
struct registry_release {
  /// Ecosystem, name, version, versions, deprecation, dependencies,
  /// archive.url.
  package document;
  /// One of them at least; the strongest first.
  std::vector<archive_digest> digests;
  validators known;
  /// It is what is answered when no version is asked for.
  bool newest = false;
};

/// Of the readme's first line; no path: there is no readme.
struct readme_origin {
  std::string path;
  std::uint32_t line = 1;
};

class registry {
 public:
  explicit registry(registry_limits l) : limits_(l) {}
  virtual ~registry() = default;

  /// The release; nothing if the index is as it was when `known` came. Fails
  /// with `not_found` if there is no such package or version, and with
  /// `invalid_request` for a name that the registry cannot have.
  virtual caf::expected<std::optional<registry_release>>
  find(registry_client& client, const registry_address& at,
       const registry_query& query) = 0;

  /// The archive's files, with paths from the package's own top.
  virtual caf::expected<unpacked_archive> open(std::string_view archive,
                                               const archive_limits& limits);

  /// What the files say of the package: description, licences, keywords,
  /// readme and so on; and where the readme came from. What is missing or
  /// malformed is left empty.
  virtual readme_origin describe(const unpacked_archive& files,
                                 package& document) = 0;

 protected:
  registry_limits limits_;
};

std::unique_ptr<registry> make_npm_registry(registry_limits l);
std::unique_ptr<registry> make_cargo_registry(registry_limits l);
std::unique_ptr<registry> make_hex_registry(registry_limits l);
std::unique_ptr<registry> make_pypi_registry(registry_limits l);
/// Null for any other ecosystem.
std::unique_ptr<registry> make_registry(std::string_view ecosystem,
                                        registry_limits l);

// -- parts of theirs ----------------------------------------------------------

/// Files that snippets, the readme and the description are taken from.
bool is_wanted_file(std::string_view path);

/// Paths without their first directory, where all files stand in one.
void strip_top_directory(unpacked_archive& files);

/// Takes over the readme: `named` if it is there, else README in one of its
/// usual forms.
readme_origin take_readme(const unpacked_archive& files, std::string_view named,
                          package& document);

/// As a part of a path in a URL.
std::string url_escaped(std::string_view text);

/// Whether all characters are letters, digits or one of `more`.
bool is_plain(std::string_view text, std::string_view more);

/// "MIT OR Apache-2.0" as a list.
std::vector<std::string> licenses_of(std::string_view expression);

caf::error no_such_version(const package& document, std::string_view version);

}  // namespace larder
