#include "storage/debian_packages.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>
#include <vector>

namespace larder {

namespace {

/// A stanza that is longer is no package's.
constexpr std::size_t longest_stanza = std::size_t{4} << 20;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  auto from = text.find_first_not_of(blanks);
  if (from == std::string_view::npos)
    return {};
  return text.substr(from, text.find_last_not_of(blanks) - from + 1);
}

/// `visit(item)` for each that is not empty, between commas.
template <class F>
void each_item(std::string_view list, F&& visit) {
  while (!list.empty()) {
    auto comma = std::min(list.find(','), list.size());
    if (auto item = trimmed(list.substr(0, comma)); !item.empty())
      visit(item);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
}

/// "libc6 (>= 2.34) | musl" is libc6, ">= 2.34 | musl".
package_dependency dependency(std::string_view text, std::string kind) {
  auto bar = std::min(text.find('|'), text.size());
  auto first = trimmed(text.substr(0, bar));
  auto name = trimmed(first.substr(0, first.find_first_of(" ([")));
  std::string requirement{trimmed(first.substr(name.size()))};
  if (requirement.size() >= 2 && requirement.front() == '('
      && requirement.find(')') == requirement.size() - 1)
    requirement = requirement.substr(1, requirement.size() - 2);
  if (bar < text.size()) {
    requirement += requirement.empty() ? "" : " ";
    requirement += text.substr(bar);
  }
  // "python3:any" is python3 of any architecture.
  return {std::string{name.substr(0, name.find(':'))}, std::move(requirement),
          std::move(kind)};
}

/// The rest of a description: a blank less, and a dot alone is an empty line.
std::string unfolded(std::string_view lines) {
  std::string text;
  while (!lines.empty()) {
    auto end = std::min(lines.find('\n'), lines.size());
    auto line = lines.substr(0, end);
    if (!line.empty())
      line.remove_prefix(1);
    if (line != ".")
      text += line;
    text += '\n';
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return std::string{trimmed(text)};
}

void take_field(package& p, std::string_view name, std::string_view value) {
  auto depends_on = [&](const char* kind) {
    each_item(value, [&](auto item) {
      p.dependencies.push_back(dependency(item, kind));
    });
  };
  auto line = trimmed(value.substr(0, value.find('\n')));
  if (name == "Package") {
    p.name = line;
  } else if (name == "Version") {
    p.version = line;
    p.versions = {p.version};
  } else if (name == "Description" || name == "Description-en") {
    p.description = line;
    if (auto end = value.find('\n'); end != std::string_view::npos)
      p.readme = unfolded(value.substr(end + 1));
  } else if (name == "Homepage") {
    p.homepage = line;
  } else if (name == "Section") {
    p.keywords = {std::string{line}};
  } else if (name == "Tag") {
    each_item(value, [&](auto tag) { p.tags.emplace_back(tag); });
  } else if (name == "Depends" || name == "Pre-Depends") {
    depends_on("");
  } else if (name == "Recommends") {
    depends_on("recommended");
  } else if (name == "Suggests") {
    depends_on("optional");
  } else if (name == "Filename") {
    p.archive.url = line;
  } else if (name == "SHA256") {
    p.archive.algorithm = "sha256";
    p.archive.digest = line;
  } else if (name == "Size") {
    std::from_chars(line.data(), line.data() + line.size(), p.archive.bytes);
  }
}

/// The next stanza, or an empty text at the end of the input.
std::string stanza(std::istream& in, std::string& line) {
  std::string text;
  while (std::getline(in, line)) {
    if (trimmed(line).empty()) {
      if (!text.empty())
        break;
      continue;
    }
    if (text.size() + line.size() < longest_stanza)
      text.append(line).push_back('\n');
  }
  return text;
}

/// The first word of a field of one line.
std::string value_of(std::string_view stanza, std::string_view field) {
  for (std::size_t i = 0; i < stanza.size();) {
    auto end = std::min(stanza.find('\n', i), stanza.size());
    auto line = stanza.substr(i, end - i);
    if (line.starts_with(field) && line.substr(field.size(), 1) == ":") {
      auto value = trimmed(line.substr(field.size() + 1));
      return std::string{value.substr(0, value.find(' '))};
    }
    i = end + 1;
  }
  return {};
}

}  // namespace

std::optional<package> debian_package(std::string_view stanza) {
  package p;
  p.ecosystem = "debian";
  while (!stanza.empty()) {
    // A field goes on as long as lines begin with a blank.
    auto end = stanza.find('\n');
    while (end != std::string_view::npos && end + 1 < stanza.size()
           && (stanza[end + 1] == ' ' || stanza[end + 1] == '\t'))
      end = stanza.find('\n', end + 1);
    auto field = stanza.substr(0, end);
    if (auto colon = field.find(':'); colon != std::string_view::npos)
      take_field(p, field.substr(0, colon), field.substr(colon + 1));
    stanza.remove_prefix(std::min(field.size() + 1, stanza.size()));
  }
  if (!check_package(p))
    return std::nullopt;
  return p;
}

debian_users count_debian_users(std::istream& in) {
  // Which source each package is of, and whom it names.
  std::unordered_map<std::string, std::string> sources;
  std::vector<std::pair<std::string, std::string>> uses;
  std::string line;
  for (auto text = stanza(in, line); !text.empty(); text = stanza(in, line)) {
    auto p = debian_package(text);
    if (!p)
      continue;
    auto source = value_of(text, "Source");
    if (source.empty())
      source = p->name;
    sources[p->name] = source;
    std::set<std::string_view> named;
    for (auto& d : p->dependencies)
      if (named.insert(d.name).second)
        uses.emplace_back(source, d.name);
  }
  debian_users users;
  for (auto& [source, name] : uses)
    if (auto used = sources.find(name);
        used != sources.end() && used->second != source)
      ++users[name];
  return users;
}

debian_packages::debian_packages(std::istream& in, debian_users users)
    : in_{in}, users_{std::move(users)} {}

std::optional<package> debian_packages::next() {
  for (;;) {
    auto text = stanza(in_, line_);
    if (text.empty())
      return std::nullopt;
    if (auto p = debian_package(text)) {
      if (auto used = users_.find(p->name); used != users_.end())
        p->used_by = used->second;
      return p;
    }
    ++skipped_;
  }
}

}  // namespace larder
