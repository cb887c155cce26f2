#include "storage/registry_addresses.hpp"

#include "storage/digest.hpp"
#include "storage/error.hpp"
#include "storage/text_lines.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace larder {

namespace {

/// Configuration is small; a device or a mistake is not read to its end.
constexpr std::size_t max_file_bytes = 1 << 20;

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  if (!in)
    return std::nullopt;
  std::string text(max_file_bytes, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(
      static_cast<std::size_t>(std::max<std::streamsize>(0, in.gcount())));
  return text;
}

std::string percent_decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto byte = text[i] == '%' ? from_hex(text.substr(i + 1, 2)) : std::nullopt;
    if (byte && byte->size() == 1) {
      result += *byte;
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

bool is_http(std::string_view url) {
  std::string scheme{url.substr(0, 8)};
  std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return starts_with(scheme, "http://") || starts_with(scheme, "https://");
}

std::string without_slash(std::string text) {
  while (!text.empty() && text.back() == '/')
    text.pop_back();
  return text;
}

caf::error nowhere(std::string_view ecosystem) {
  std::string name{ecosystem};
  std::string tool;
  if (ecosystem == "npm")
    tool = ", or npm's own (NPM_CONFIG_REGISTRY, or `registry=` in .npmrc)";
  else if (ecosystem == "cargo")
    tool = ", or Cargo's own (a source replacement or registry.default in "
           "~/.cargo/config.toml)";
  else if (ecosystem == "pypi")
    tool = ", or pip's own (PIP_INDEX_URL, or index-url in pip.conf)";
  else
    tool = " (HEX_API_URL and HEX_MIRROR are read, too)";
  std::string variable = name;
  std::transform(variable.begin(), variable.end(), variable.begin(),
                 [](unsigned char c) { return std::toupper(c); });
  return fail(ec::configuration, "the " + name
                                     + " registry's address is not known; set "
                                       "registries."
                                     + name + " (LARDER_REGISTRIES__" + variable
                                     + ")" + tool);
}

caf::expected<registry_address> checked(std::string_view ecosystem,
                                        registry_address address) {
  if (address.url.empty())
    return nowhere(ecosystem);
  for (auto url : {&address.url, &address.archives}) {
    if (starts_with(*url, "sparse+"))
      url->erase(0, 7);
    *url = without_slash(*url);
    if (!url->empty() && !is_http(*url))
      return fail(ec::configuration,
                  "the " + std::string{ecosystem} + " registry's address \""
                      + without_login(*url)
                      + "\" cannot be used; expected http:// or https://");
  }
  // A login in the address goes into a header: addresses are shown and kept.
  auto login = with_login(address.url);
  address.url = login.url;
  if (address.authorization.empty())
    address.authorization = login.authorization;
  return address;
}

registry_address hex_address(const config::registry_settings& ours,
                             const registry_surroundings& from) {
  registry_address result;
  result.url = ours.hex;
  if (result.url.empty())
    result.url = from.variable("HEX_API_URL").value_or("");
  result.archives = ours.hex_mirror;
  if (result.archives.empty() && ours.hex.empty())
    for (auto name : {"HEX_MIRROR", "HEX_REPO"})
      if (result.archives.empty())
        result.archives = from.variable(name).value_or("");
  return result;
}

}  // namespace

registry_surroundings real_surroundings() {
  registry_surroundings result;
  result.variable = [](const std::string& name) -> std::optional<std::string> {
    auto value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0')
      return std::nullopt;
    return value;
  };
  result.file = read_file;
  result.home = result.variable("HOME").value_or("");
  std::error_code failed;
  result.directory = std::filesystem::current_path(failed).string();
  return result;
}

registry_address with_login(std::string_view url) {
  registry_address result;
  result.url = without_login(url);
  auto begin = url.find("://");
  if (result.url.size() == url.size() || begin == std::string_view::npos)
    return result;
  auto login = url.substr(begin + 3, url.size() - result.url.size() - 1);
  result.authorization = "Basic " + to_base64(percent_decoded(login));
  return result;
}

void read_ini(std::string_view text, const ini_entry& entry) {
  std::string section;
  for (auto line : lines_of(text)) {
    line = trimmed(line);
    if (line.empty() || line.front() == '#' || line.front() == ';')
      continue;
    if (line.front() == '[') {
      section = line.substr(1, line.find(']') - 1);
      continue;
    }
    auto equals = line.find('=');
    if (equals == std::string_view::npos)
      continue;
    auto value = trimmed(line.substr(equals + 1));
    if (value.size() > 1 && value.front() == value.back()
        && (value.front() == '"' || value.front() == '\''))
      value = value.substr(1, value.size() - 2);
    entry(section, trimmed(line.substr(0, equals)), value);
  }
}

caf::expected<registry_address>
address_of(std::string_view ecosystem, std::string_view name,
           const config::registry_settings& ours,
           const registry_surroundings& from) {
  registry_address address;
  if (ecosystem == "npm") {
    address.url = ours.npm;
    if (address.url.empty())
      address = npm_address(name, from);
    if (!address.url.empty())
      address.authorization = npm_authorization(address.url, from);
  } else if (ecosystem == "cargo") {
    address.url = ours.cargo;
    if (address.url.empty()) {
      auto found = cargo_address(from);
      if (!found)
        return found;
      address = std::move(*found);
    }
  } else if (ecosystem == "pypi") {
    address.url = ours.pypi;
    if (address.url.empty())
      address = pip_address(from);
  } else if (ecosystem == "hex") {
    address = hex_address(ours, from);
  } else {
    return fail(ec::not_supported,
                "there is no collector for the ecosystem \""
                    + std::string{ecosystem}
                    + "\"; there are those for npm, cargo, hex and pypi. Any "
                      "other package can be stored or imported");
  }
  return checked(ecosystem, std::move(address));
}

}  // namespace larder
