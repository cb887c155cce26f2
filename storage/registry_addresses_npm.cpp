// npm's own configuration, as far as it says where a registry is and how to log
// in: environment, then .npmrc of the project, of the user, of the machine.
#include "storage/registry_addresses.hpp"
#include "storage/text_lines.hpp"

#include <vector>

namespace larder {

namespace {

/// "${NAME}" is a variable's value in .npmrc, as it stands if it is not set.
std::string expanded(std::string_view text, const registry_surroundings& from) {
  std::string result;
  while (!text.empty()) {
    auto begin = text.find("${");
    auto end = begin == std::string_view::npos ? begin : text.find('}', begin);
    if (end == std::string_view::npos)
      break;
    result += text.substr(0, begin);
    auto value =
        from.variable(std::string{text.substr(begin + 2, end - begin - 2)});
    result += value ? *value : std::string{text.substr(begin, end - begin + 1)};
    text.remove_prefix(end + 1);
  }
  return result + std::string{text};
}

std::optional<std::string> setting(const std::string& name,
                                   const registry_surroundings& from) {
  // npm takes both spellings.
  std::string upper = "NPM_CONFIG_";
  for (auto c : name)
    upper += static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  if (auto value = from.variable("npm_config_" + name))
    return value;
  return from.variable(upper);
}

/// From the one that counts most to the one that counts least.
std::vector<std::string> files(const registry_surroundings& from) {
  std::vector<std::string> result;
  if (!from.directory.empty())
    result.push_back(from.directory + "/.npmrc");
  if (auto user = setting("userconfig", from))
    result.push_back(*user);
  else if (!from.home.empty())
    result.push_back(from.home + "/.npmrc");
  if (auto machine = setting("globalconfig", from))
    result.push_back(*machine);
  else if (auto prefix = setting("prefix", from))
    result.push_back(*prefix + "/etc/npmrc");
  for (auto path : {"/usr/local/etc/npmrc", "/usr/etc/npmrc", "/etc/npmrc"})
    result.emplace_back(path);
  return result;
}

/// What the files say of `key`.
std::string value_of(std::string_view key, const registry_surroundings& from) {
  for (auto& path : files(from)) {
    auto text = from.file(path);
    if (!text)
      continue;
    std::string found;
    read_ini(*text, [&](auto section, auto name, auto value) {
      if (section.empty() && name == key)
        found = expanded(value, from);
    });
    if (!found.empty())
      return found;
  }
  return {};
}

}  // namespace

registry_address npm_address(std::string_view name,
                             const registry_surroundings& from) {
  registry_address result;
  if (starts_with(name, "@"))
    result.url = value_of(
        std::string{name.substr(0, name.find('/'))} + ":registry", from);
  if (result.url.empty())
    result.url = setting("registry", from).value_or("");
  if (result.url.empty())
    result.url = value_of("registry", from);
  return result;
}

std::string npm_authorization(std::string_view url,
                              const registry_surroundings& from) {
  auto begin = url.find("//");
  if (begin == std::string_view::npos)
    return {};
  // "//host/path/", then its parents: npm's own rule.
  std::string place{url.substr(begin)};
  if (place.back() != '/')
    place += '/';
  while (place.size() > 2) {
    if (auto token = value_of(place + ":_authToken", from); !token.empty())
      return "Bearer " + token;
    if (auto login = value_of(place + ":_auth", from); !login.empty())
      return "Basic " + login;
    auto slash = place.rfind('/', place.size() - 2);
    if (slash == std::string::npos || slash < 2)
      break;
    place.resize(slash + 1);
  }
  return {};
}

}  // namespace larder
