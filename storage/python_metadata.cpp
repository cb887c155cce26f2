#include "storage/python_metadata.hpp"

#include <algorithm>
#include <cctype>

namespace larder {

namespace {

std::string_view trimmed(std::string_view text) {
  auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string lower(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return result;
}

/// Commas, or where there are none, spaces.
std::vector<std::string> keywords_in(std::string_view text) {
  auto separators = text.find(',') == std::string_view::npos ? " \t\n" : ",\n";
  std::vector<std::string> result;
  while (!text.empty()) {
    auto end = std::min(text.find_first_of(separators), text.size());
    if (auto word = trimmed(text.substr(0, end)); !word.empty())
      result.emplace_back(word);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

/// "requests[socks] (>=2.0) ; extra == 'x'": PEP 508.
package_dependency dependency_in(std::string_view text) {
  package_dependency result;
  result.kind = "normal";
  auto marker = text.find(';');
  if (marker != std::string_view::npos
      && text.substr(marker).find("extra") != std::string_view::npos)
    result.kind = "optional";
  auto need = trimmed(text.substr(0, marker));
  auto name_end = std::min(need.find_first_of(" [(<>=!~@"), need.size());
  result.name = need.substr(0, name_end);
  need.remove_prefix(name_end);
  if (!need.empty() && need.front() == '[')
    need.remove_prefix(std::min(need.find(']'), need.size() - 1) + 1);
  need = trimmed(need);
  if (need.size() > 1 && need.front() == '(' && need.back() == ')')
    need = trimmed(need.substr(1, need.size() - 2));
  result.requirement = need;
  return result;
}

void take_link(std::string_view label, std::string_view url,
               python_metadata& to) {
  auto name = lower(label);
  for (auto known : {"source", "repository", "code", "github", "gitlab"})
    if (name.find(known) != std::string::npos) {
      if (to.repository.empty())
        to.repository = url;
      return;
    }
  if (to.homepage.empty() && name.find("home") != std::string::npos)
    to.homepage = url;
}

void take_field(const std::string& name, std::string_view value,
                python_metadata& to) {
  auto one_line = value.find('\n') == std::string_view::npos;
  if (name == "name") {
    to.name = value;
  } else if (name == "version") {
    to.version = value;
  } else if (name == "summary") {
    to.summary = value == "UNKNOWN" ? "" : value;
  } else if (name == "home-page") {
    to.homepage = value == "UNKNOWN" ? "" : value;
  } else if (name == "project-url") {
    auto comma = value.find(',');
    if (comma != std::string_view::npos)
      take_link(value.substr(0, comma), trimmed(value.substr(comma + 1)), to);
  } else if (name == "license-expression" && !value.empty()) {
    to.licenses = {std::string{value}};
  } else if (name == "license" && one_line && value != "UNKNOWN"
             && !value.empty() && to.licenses.empty()) {
    // Some put the whole text of the licence here.
    to.licenses = {std::string{value}};
  } else if (name == "classifier" && to.licenses.empty()
             && value.substr(0, 11) == "License :: ") {
    to.licenses = {std::string{value.substr(value.rfind(":: ") + 3)}};
  } else if (name == "keywords") {
    to.keywords = keywords_in(value);
  } else if (name == "requires-dist") {
    if (auto need = dependency_in(value); !need.name.empty())
      to.dependencies.push_back(std::move(need));
  } else if (name == "description" && to.description.empty()) {
    to.description = value;
  }
}

}  // namespace

python_metadata parse_python_metadata(std::string_view text) {
  python_metadata result;
  std::string name, value;
  std::uint32_t line_number = 0;
  while (!text.empty()) {
    auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++line_number;
    if (!line.empty() && line.back() == '\r')
      line.remove_suffix(1);
    if (line.empty())
      break;
    if (line.front() == ' ' || line.front() == '\t') {
      // A field that goes on; setuptools marks such lines with a bar.
      auto more = trimmed(line);
      if (!more.empty() && more.front() == '|')
        more.remove_prefix(1);
      value += '\n';
      value += more;
      continue;
    }
    take_field(name, trimmed(value), result);
    auto colon = std::min(line.find(':'), line.size());
    name = lower(line.substr(0, colon));
    value = line.substr(std::min(colon + 1, line.size()));
  }
  take_field(name, trimmed(value), result);
  // What follows the empty line is the description, since version 2.1.
  if (!trimmed(text).empty()) {
    result.description = text;
    result.description_line = line_number + 1;
  }
  return result;
}

}  // namespace larder
