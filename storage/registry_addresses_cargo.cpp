// Cargo's own configuration, as far as it says which index stands for the
// default registry: config.toml of this directory and those above it, then of
// Cargo's home.
#include "storage/error.hpp"
#include "storage/registry_addresses.hpp"
#include "storage/registry_json.hpp"
#include "storage/text_lines.hpp"
#include "storage/toml.hpp"

#include <cctype>

namespace larder {

namespace {

using nlohmann::json;

/// Cargo's name for the registry that it uses unless told otherwise.
constexpr auto default_source = "crates-io";

/// From the one that counts most to the one that counts least.
std::vector<json> files(const registry_surroundings& from) {
  std::vector<json> result;
  auto take = [&](const std::string& directory) {
    for (auto name : {"/config.toml", "/config"})
      if (auto text = from.file(directory + name)) {
        if (auto parsed = parse_toml(*text))
          result.push_back(std::move(*parsed));
        return;
      }
  };
  for (auto directory = from.directory; !directory.empty();
       directory.resize(directory.rfind('/')))
    take(directory + "/.cargo");
  auto home = from.variable("CARGO_HOME");
  if (home || !from.home.empty())
    take(home ? *home : from.home + "/.cargo");
  return result;
}

/// The first file's text at section.name.key.
std::string value_of(const std::vector<json>& all, const char* section,
                     const std::string& name, const char* key) {
  for (auto& file : all)
    if (auto text = text_of(object_of(object_of(file, section), name), key);
        !text.empty())
      return text;
  return {};
}

/// CARGO_REGISTRIES_MY_NAME_INDEX, and so on.
std::string variable_of(const std::string& name, const char* key) {
  std::string result = "CARGO_REGISTRIES_";
  for (auto c : name)
    result +=
        c == '-' || c == '.'
            ? '_'
            : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return result + key;
}

std::string index_of(const std::vector<json>& all, const std::string& name,
                     const registry_surroundings& from) {
  if (auto index = from.variable(variable_of(name, "_INDEX")))
    return *index;
  return value_of(all, "registries", name, "index");
}

/// What the default source is replaced with, and with that, and so on.
registry_address replacement(const std::vector<json>& all,
                             const registry_surroundings& from) {
  std::string name = default_source;
  // Cargo refuses a circle; we end in it.
  for (int i = 0; i < 8; ++i) {
    auto next = value_of(all, "source", name, "replace-with");
    if (next.empty())
      break;
    name = next;
  }
  registry_address result;
  if (name == default_source)
    return result;
  result.url = value_of(all, "source", name, "registry");
  if (result.url.empty())
    result.url = index_of(all, name, from);
  return result;
}

}  // namespace

caf::expected<registry_address>
cargo_address(const registry_surroundings& from) {
  auto all = files(from);
  auto result = replacement(all, from);
  if (result.url.empty()) {
    auto name = from.variable("CARGO_REGISTRY_DEFAULT").value_or("");
    for (auto& file : all)
      if (name.empty())
        name = text_of(object_of(file, "registry"), "default");
    if (!name.empty()) {
      result.url = index_of(all, name, from);
      result.authorization =
          from.variable(variable_of(name, "_TOKEN")).value_or("");
    }
  }
  if (result.url.empty())
    result.url = from.variable("CARGO_REGISTRY_INDEX").value_or("");
  if (!result.url.empty() && !starts_with(result.url, "sparse+"))
    return fail(ec::configuration,
                "Cargo is configured to use the index \""
                    + without_login(result.url)
                    + "\", which is kept in git; expected a sparse index "
                      "(sparse+https://…). Set registries.cargo to "
                      "the address of one");
  return result;
}

}  // namespace larder
