#include "storage/rst_snippets.hpp"

#include "storage/code_language.hpp"
#include "storage/text_lines.hpp"

#include <algorithm>

namespace larder {

namespace {

/// "=====" under a title.
bool is_underline(std::string_view line, std::string_view title) {
  line = trimmed(line);
  if (line.size() < 3 || line.size() < trimmed(title).size())
    return false;
  auto first = line.front();
  return std::string_view{"=-~^\"'`#*+:."}.find(first) != std::string_view::npos
         && line.find_first_not_of(first) == std::string_view::npos;
}

class reading {
 public:
  reading(std::string_view text, std::uint32_t first_line,
          std::string_view language)
      : lines_(lines_of(text)), first_line_(first_line), language_(language) {}

  std::vector<package_snippet> run() {
    for (std::size_t i = 0; i < lines_.size();) {
      auto line = trimmed(lines_[i]);
      if (i + 1 < lines_.size() && !line.empty() && indent_of(lines_[i]) == 0
          && is_underline(lines_[i + 1], lines_[i])) {
        title_ = line;
        i += 2;
      } else if (starts_with(line, "```") || starts_with(line, "~~~")) {
        i = take_fence(i);
      } else if (starts_with(line, ">>> ")) {
        i = take_doctest(i);
      } else if (starts_with(line, ".. ")) {
        i = take_directive(i, line.substr(3));
      } else if (ends_with(line, "::") && line.size() > 0) {
        i = take_indented(i, language_);
      } else {
        ++i;
      }
    }
    return std::move(found_);
  }

 private:
  void add(std::size_t first, std::size_t last, std::string_view language) {
    auto code = dedented(lines_, first, last);
    if (is_blank(code))
      return;
    package_snippet s;
    s.language = language;
    s.line = first_line_ + static_cast<std::uint32_t>(first);
    s.title = title_;
    s.code = std::move(code);
    found_.push_back(std::move(s));
  }

  std::size_t take_fence(std::size_t at) {
    auto mark = trimmed(lines_[at]).substr(0, 3);
    auto info = trimmed(lines_[at]).substr(3);
    auto end = at + 1;
    while (end < lines_.size() && !starts_with(trimmed(lines_[end]), mark))
      ++end;
    auto language = language_of_fence(info);
    add(at + 1, end, language.empty() ? language_ : language);
    return end + 1;
  }

  /// To the next blank line: prompts and what they print.
  std::size_t take_doctest(std::size_t at) {
    auto end = at;
    while (end < lines_.size() && !is_blank(lines_[end]))
      ++end;
    add(at, end, "python");
    return end;
  }

  std::size_t take_directive(std::size_t at, std::string_view directive) {
    auto colons = directive.find("::");
    if (colons == std::string_view::npos)
      return at + 1;
    auto name = directive.substr(0, colons);
    if (name != "code-block" && name != "code" && name != "sourcecode")
      return at + 1;
    auto language = language_of_fence(trimmed(directive.substr(colons + 2)));
    return take_indented(at, language.empty() ? language_ : language);
  }

  /// The block that is indented deeper than the line `at`, after it.
  std::size_t take_indented(std::size_t at, std::string_view language) {
    auto outer = indent_of(lines_[at]);
    auto first = at + 1;
    auto skipped = [&](std::string_view line) {
      // Options of the directive, ":linenos:".
      return is_blank(line)
             || (starts_with(trimmed(line), ":") && indent_of(line) > outer);
    };
    while (first < lines_.size() && skipped(lines_[first]))
      ++first;
    auto end = first;
    while (end < lines_.size()
           && (is_blank(lines_[end]) || indent_of(lines_[end]) > outer))
      ++end;
    if (end > first)
      add(first, end, language);
    return std::max(end, at + 1);
  }

  std::vector<std::string_view> lines_;
  std::uint32_t first_line_;
  std::string language_;
  std::string title_;
  std::vector<package_snippet> found_;
};

}  // namespace

std::vector<package_snippet> rst_snippets(std::string_view text,
                                          std::uint32_t first_line,
                                          std::string_view language) {
  return reading{text, first_line, language}.run();
}

}  // namespace larder
