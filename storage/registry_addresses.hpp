// Where the registries are: what our own settings say, else what the registry's
// own tool is configured to use. No address is built in.
//
// Used by package_collector. Thread rule: no state; reads files and the
// environment each time, so that a change of them is seen. No call throws.
#pragma once

#include "config/settings.hpp"
#include "storage/registry.hpp"

#include <caf/expected.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace larder {

/// What the tools' configuration is read from.
struct registry_surroundings {
  std::function<std::optional<std::string>(const std::string& name)> variable;
  std::function<std::optional<std::string>(const std::string& path)> file;
  /// Absolute.
  std::string home;
  std::string directory;
};

/// Those of this process.
registry_surroundings real_surroundings();

/// For the package `name` of npm, cargo, hex or pypi: npm has registries by
/// scope. Fails with `configuration`, and says what to set, if there is none or
/// it is none that can be used; with `not_supported` for another ecosystem.
caf::expected<registry_address>
address_of(std::string_view ecosystem, std::string_view name,
           const config::registry_settings& ours,
           const registry_surroundings& from);

// -- parts of it --------------------------------------------------------------

/// npm: npm_config_registry, .npmrc of the project, the user and the machine
/// (`registry`, `@scope:registry`, `…:_authToken`, `…:_auth`).
registry_address npm_address(std::string_view name,
                             const registry_surroundings& from);
/// The Authorization header that .npmrc has for a URL; empty: none.
std::string npm_authorization(std::string_view url,
                              const registry_surroundings& from);

/// cargo: [source] replacements, registry.default, CARGO_REGISTRIES_*. A
/// sparse index, or empty; `configuration` for one in git.
caf::expected<registry_address>
cargo_address(const registry_surroundings& from);

/// pip: PIP_INDEX_URL, pip.conf.
registry_address pip_address(const registry_surroundings& from);

/// A URL's user and password as an Authorization header.
registry_address with_login(std::string_view url);

/// A file or variable "KEY = value" a line, as npm and pip have it.
using ini_entry = std::function<void(
    std::string_view section, std::string_view key, std::string_view value)>;
void read_ini(std::string_view text, const ini_entry& entry);

}  // namespace larder
