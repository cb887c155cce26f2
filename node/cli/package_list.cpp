#include "node/cli/package_list.hpp"

#include "storage/error.hpp"
#include "storage/registry_json.hpp"
#include "storage/text_lines.hpp"
#include "storage/toml.hpp"

#include <algorithm>
#include <cctype>
#include <set>

namespace larder::cli {

namespace {

using nlohmann::json;

class gathering {
 public:
  explicit gathering(std::string form) { list_.form = std::move(form); }

  void add(wanted_package p) {
    if (seen_.insert(p.ecosystem + '\n' + p.name + '\n' + p.version).second)
      list_.packages.push_back(std::move(p));
  }
  void pass(std::string_view what, std::string why) {
    list_.others.push_back({std::string{what}, std::move(why)});
  }
  package_list take() { return std::move(list_); }

 private:
  package_list list_;
  std::set<std::string> seen_;
};

caf::error no_lock(const std::string& path, const caf::error& why) {
  return fail(ec::invalid_request, path + ": " + message_of(why));
}

/// npm: "packages" by path since version 2 of the format, before that
/// "dependencies" within each other.
void take_npm(const json& dependencies, gathering& to, int depth = 0) {
  for (auto& [name, about] : dependencies.items()) {
    auto version = text_of(about, "version");
    if (version.find(':') != std::string::npos
        || version.find('/') != std::string::npos)
      to.pass(name, "is not from a registry (" + version + ")");
    else if (!version.empty())
      to.add({"npm", name, version});
    if (depth < 32 && object_of(about, "dependencies").is_object())
      take_npm(object_of(about, "dependencies"), to, depth + 1);
  }
}

caf::expected<package_list> read_npm(const std::string& path,
                                     std::string_view text) {
  auto lock = parse_document(text, path);
  if (!lock)
    return no_lock(path, lock.error());
  gathering found{"package-lock.json"};
  auto& packages = object_of(*lock, "packages");
  if (!packages.is_object())
    take_npm(object_of(*lock, "dependencies"), found);
  for (auto& [place, about] : packages.items()) {
    // The project itself, and those of its own workspace.
    auto modules = place.rfind("node_modules/");
    if (modules == std::string::npos)
      continue;
    auto name = text_of(about, "name");
    if (name.empty())
      name = place.substr(modules + 13);
    auto resolved = text_of(about, "resolved");
    auto version = text_of(about, "version");
    if ((about.is_object() && about.contains("link")) || version.empty()
        || starts_with(resolved, "git") || starts_with(resolved, "file:"))
      found.pass(name, "is not from a registry"
                           + (resolved.empty() ? "" : " (" + resolved + ")"));
    else
      found.add({"npm", name, version});
  }
  return found.take();
}

caf::expected<package_list> read_cargo(const std::string& path,
                                       std::string_view text) {
  auto lock = parse_toml(text);
  if (!lock)
    return no_lock(path, lock.error());
  gathering found{"Cargo.lock"};
  for (auto& item : list_of(*lock, "package")) {
    auto name = text_of(item, "name");
    auto source = text_of(item, "source");
    if (starts_with(source, "registry+") || starts_with(source, "sparse+"))
      found.add({"cargo", name, text_of(item, "version")});
    else if (!source.empty())
      found.pass(name, "is not from a registry (" + source + ")");
  }
  return found.take();
}

/// Between the next two quotes; `text` goes on behind them.
std::string_view quoted(std::string_view& text) {
  auto begin = text.find('"');
  auto end =
      begin == std::string_view::npos ? begin : text.find('"', begin + 1);
  if (end == std::string_view::npos) {
    text = {};
    return {};
  }
  auto result = text.substr(begin + 1, end - begin - 1);
  text.remove_prefix(end + 1);
  return result;
}

/// `"plug": {:hex, :plug, "1.15.0", "checksum", [:mix], …},` a line.
caf::expected<package_list> read_mix(const std::string& path,
                                     std::string_view text) {
  if (!starts_with(trimmed(text), "%{"))
    return fail(ec::invalid_request,
                path + ": expected a lock file of Mix, which begins with %{");
  gathering found{"mix.lock"};
  for (auto line : lines_of(text)) {
    auto rest = line;
    auto name = quoted(rest);
    auto brace = rest.find("{:");
    if (name.empty() || brace == std::string_view::npos)
      continue;
    auto source = identifier_at(rest.substr(brace + 2));
    if (source != "hex") {
      found.pass(name, "is not from a registry (" + std::string{source} + ")");
      continue;
    }
    // The package may have another name than the application.
    auto comma = rest.find(", :", brace);
    auto package = comma == std::string_view::npos
                       ? std::string_view{}
                       : identifier_at(rest.substr(comma + 3));
    auto version = quoted(rest);
    if (!version.empty())
      found.add({"hex", std::string{package.empty() ? name : package},
                 std::string{version}});
  }
  return found.take();
}

void take_requirement(std::string_view line, gathering& to) {
  // A comment, what it depends on, and options behind the requirement.
  line = trimmed(line.substr(0, line.find(" #")));
  auto need =
      trimmed(line.substr(0, std::min(line.find(';'), line.find(" --"))));
  if (!need.empty() && need.back() == '\\')
    need = trimmed(need.substr(0, need.size() - 1));
  auto name_end = std::min(need.find_first_of(" [(<>=!~@;"), need.size());
  auto name = need.substr(0, name_end);
  auto rest = need.substr(name_end);
  if (starts_with(rest, "["))
    rest.remove_prefix(std::min(rest.find(']'), rest.size() - 1) + 1);
  rest = trimmed(rest);
  if (name.empty() || name.find_first_of("/:\\") != std::string_view::npos
      || starts_with(rest, "@")) {
    to.pass(line, "is not from a registry");
    return;
  }
  std::string version;
  auto pin = rest.find("==");
  if (pin != std::string_view::npos
      && rest.find('*', pin) == std::string_view::npos) {
    auto text = trimmed(
        rest.substr(std::min(rest.find_first_not_of('=', pin), rest.size())));
    version = text.substr(0, text.find_first_of(" ,)"));
  }
  to.add({"pypi", std::string{name}, version});
}

package_list read_requirements(std::string_view text) {
  gathering found{"requirements.txt"};
  auto goes_on = false;
  for (auto line : lines_of(text)) {
    auto first = !goes_on;
    goes_on = ends_with(trimmed(line), "\\");
    line = trimmed(line);
    if (!first || line.empty() || starts_with(line, "#")
        || starts_with(line, "--hash"))
      continue;
    if (starts_with(line, "-"))
      found.pass(line, "is an option of pip; name the file itself");
    else
      take_requirement(line, found);
  }
  return found.take();
}

caf::expected<package_list> read_names(const std::string& path,
                                       std::string_view text,
                                       const std::string& ecosystem) {
  if (ecosystem.empty())
    return fail(ec::invalid_request,
                path
                    + " is a list of names, which does not say where they are "
                      "from; add --ecosystem npm, cargo, hex or pypi");
  gathering found{"list"};
  for (auto line : lines_of(text)) {
    line = trimmed(line.substr(0, line.find('#')));
    if (!line.empty())
      found.add(parse_package_spec(line, ecosystem));
  }
  return found.take();
}

std::string form_of(const std::string& path, std::string_view text) {
  auto name = std::string_view{path}.substr(path.rfind('/') + 1);
  for (auto known :
       {"package-lock.json", "npm-shrinkwrap.json", "Cargo.lock", "mix.lock"})
    if (name == known)
      return known;
  if (starts_with(name, "requirements") && ends_with(name, ".txt"))
    return "requirements.txt";
  auto begin = trimmed(text.substr(0, 4'096));
  if (starts_with(begin, "%{"))
    return "mix.lock";
  if (starts_with(begin, "{"))
    return "package-lock.json";
  if (begin.find("[[package]]") != std::string_view::npos)
    return "Cargo.lock";
  return begin.find("==") != std::string_view::npos ? "requirements.txt"
                                                    : "list";
}

}  // namespace

caf::expected<package_list> parse_package_list(const std::string& path,
                                               std::string_view text,
                                               const std::string& ecosystem) {
  auto form = form_of(path, text);
  if (form == "package-lock.json" || form == "npm-shrinkwrap.json")
    return read_npm(path, text);
  if (form == "Cargo.lock")
    return read_cargo(path, text);
  if (form == "mix.lock")
    return read_mix(path, text);
  if (form == "requirements.txt")
    return read_requirements(text);
  return read_names(path, text, ecosystem);
}

wanted_package parse_package_spec(std::string_view text,
                                  const std::string& ecosystem) {
  text = trimmed(text);
  // Not the '@' that a scope begins with.
  auto at = text.find_first_of("@ \t", text.empty() ? 0 : 1);
  wanted_package result{ecosystem, std::string{text.substr(0, at)}, {}};
  if (at != std::string_view::npos)
    result.version = trimmed(text.substr(at + 1));
  return result;
}

}  // namespace larder::cli
