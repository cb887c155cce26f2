#include "storage/declarations.hpp"

#include "storage/text_lines.hpp"

#include <algorithm>
#include <array>

namespace larder {

namespace {

constexpr std::array<std::string_view, 14> words{
    "export",    "declare",   "default",  "function", "class",
    "interface", "type",      "const",    "let",      "var",
    "enum",      "namespace", "abstract", "async"};

/// The name; empty for what only passes names on ("export * from", "export {").
std::string_view name_of(std::string_view line) {
  auto declares = false;
  for (;;) {
    line = trimmed(line);
    auto word = identifier_at(line);
    if (std::find(words.begin(), words.end(), word) == words.end())
      return declares ? word : std::string_view{};
    declares = declares || (word != "export" && word != "default");
    line.remove_prefix(word.size());
  }
}

/// How brackets and quotes stand at the end of a piece of source.
class nesting {
 public:
  void take(std::string_view line) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      auto c = line[i];
      if (comment_) {
        if (line.substr(i, 2) == "*/") {
          comment_ = false;
          ++i;
        }
      } else if (quote_ != '\0') {
        if (c == '\\')
          ++i;
        else if (c == quote_)
          quote_ = '\0';
      } else if (line.substr(i, 2) == "//") {
        break;
      } else if (line.substr(i, 2) == "/*") {
        comment_ = true;
        ++i;
      } else if (c == '"' || c == '\'' || c == '`') {
        quote_ = c;
      } else if (c == '{' || c == '(' || c == '[') {
        ++depth_;
      } else if ((c == '}' || c == ')' || c == ']') && depth_ > 0) {
        --depth_;
      }
    }
    // Only a template goes on over lines.
    if (quote_ != '`')
      quote_ = '\0';
  }

  bool closed() const { return depth_ == 0 && quote_ == '\0' && !comment_; }

 private:
  std::size_t depth_ = 0;
  char quote_ = '\0';
  bool comment_ = false;
};

/// Behind the last line of the declaration that begins at `first`.
std::size_t end_of(const std::vector<std::string_view>& lines,
                   std::size_t first) {
  nesting n;
  for (auto i = first; i < lines.size(); ++i) {
    n.take(lines[i]);
    if (!n.closed())
      continue;
    auto line = trimmed(lines[i]);
    auto next = i + 1 < lines.size() ? trimmed(lines[i + 1]) : "";
    // A union or a long type goes on in the next line.
    if (ends_with(line, ";") || ends_with(line, "}")
        || (!starts_with(next, "|") && !starts_with(next, "&")
            && !ends_with(line, "=") && !ends_with(line, "|")
            && !ends_with(line, ":")))
      return i + 1;
  }
  return lines.size();
}

/// The first line of the comment that ends right before `at`, else `at`.
std::size_t with_comment(const std::vector<std::string_view>& lines,
                         std::size_t at) {
  if (at == 0 || !ends_with(trimmed(lines[at - 1]), "*/"))
    return at;
  for (auto i = at; i-- > 0;) {
    if (starts_with(trimmed(lines[i]), "/*"))
      return starts_with(trimmed(lines[i]), "/**") ? i : at;
    // The end of an earlier comment.
    if (i + 1 < at && lines[i].find("*/") != std::string_view::npos)
      break;
  }
  return at;
}

}  // namespace

std::vector<package_snippet> declaration_snippets(std::string_view source) {
  std::vector<package_snippet> found;
  auto lines = lines_of(source);
  for (std::size_t i = 0; i < lines.size();) {
    auto name = indent_of(lines[i]) == 0 ? name_of(lines[i]) : "";
    if (name.empty()) {
      ++i;
      continue;
    }
    auto first = with_comment(lines, i);
    auto end = end_of(lines, i);
    package_snippet s;
    s.language = "typescript";
    s.line = static_cast<std::uint32_t>(first + 1);
    s.title = name;
    s.code = dedented(lines, first, end);
    found.push_back(std::move(s));
    i = end;
  }
  return found;
}

}  // namespace larder
