#include "storage/text_lines.hpp"

#include <algorithm>
#include <cctype>

namespace larder {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    if (!line.empty() && line.back() == '\r')
      line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::size_t indent_of(std::string_view line) {
  std::size_t indent = 0;
  for (auto c : line) {
    if (c != ' ' && c != '\t')
      break;
    indent += c == '\t' ? 8 - indent % 8 : 1;
  }
  return indent;
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos;
}

std::string_view trimmed(std::string_view text) {
  auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size()
         && text.substr(text.size() - end.size()) == end;
}

std::string dedented(const std::vector<std::string_view>& lines,
                     std::size_t first, std::size_t last) {
  last = std::min(last, lines.size());
  while (last > first && is_blank(lines[last - 1]))
    --last;
  auto shared = std::string_view::npos;
  for (auto i = first; i < last; ++i)
    if (!is_blank(lines[i]))
      shared = std::min(shared, indent_of(lines[i]));
  std::string result;
  for (auto i = first; i < last; ++i) {
    auto line = lines[i];
    std::size_t width = 0;
    while (!line.empty() && width < shared
           && (line.front() == ' ' || line.front() == '\t')) {
      width += line.front() == '\t' ? 8 - width % 8 : 1;
      line.remove_prefix(1);
    }
    if (!is_blank(line))
      result += line;
    result += '\n';
  }
  return result;
}

std::string_view identifier_at(std::string_view text) {
  auto is_part = [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return std::isalnum(byte) != 0 || c == '_' || c == '$' || byte >= 0x80;
  };
  std::size_t length = 0;
  while (length < text.size() && is_part(text[length]))
    ++length;
  return text.substr(0, length);
}

}  // namespace larder
