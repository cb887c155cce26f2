#include "storage/doc_comments.hpp"

#include "storage/code_language.hpp"
#include "storage/markdown_snippets.hpp"
#include "storage/rst_snippets.hpp"
#include "storage/text_lines.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

namespace larder {

namespace {

using lines = std::vector<std::string_view>;
using snippets = std::vector<package_snippet>;

std::uint32_t number(std::size_t index) {
  return static_cast<std::uint32_t>(index + 1);
}

/// The name that a line declares: the word behind the last of `words` at its
/// front; empty if it declares none.
std::string declared_name(std::string_view line,
                          const std::vector<std::string_view>& words) {
  line = trimmed(line);
  auto declares = false;
  for (;;) {
    auto word = identifier_at(line);
    auto known = std::find(words.begin(), words.end(), word) != words.end();
    if (!known || word.empty())
      break;
    declares = true;
    line = trimmed(line.substr(word.size()));
    // "pub(crate)", "function*", "async *".
    if (starts_with(line, "("))
      line =
          trimmed(line.substr(std::min(line.find(')'), line.size() - 1) + 1));
    while (starts_with(line, "*"))
      line = trimmed(line.substr(1));
  }
  auto name = identifier_at(line);
  return declares && !name.empty() ? std::string{name} : std::string{};
}

/// Those without a heading of their own are about `name`.
void add(snippets found, const std::string& name, snippets& to) {
  for (auto& s : found) {
    s.title = s.title.empty() || name.empty() ? name + s.title
                                              : name + ": " + s.title;
    to.push_back(std::move(s));
  }
}

/// From the first line at or after `at` that declares something, passing over
/// blank lines and those that `between` says stand between.
template <class Between>
std::string name_after(const lines& all, std::size_t at,
                       const std::vector<std::string_view>& words,
                       Between between) {
  for (auto end = std::min(all.size(), at + 12); at < end; ++at) {
    if (auto name = declared_name(all[at], words); !name.empty())
      return name;
    if (!is_blank(all[at]) && !between(trimmed(all[at])))
      break;
  }
  return {};
}

// -- Rust --------------------------------------------------------------------

const std::vector<std::string_view> rust_words{
    "pub",    "fn",     "struct", "enum",  "trait",
    "mod",    "type",   "const",  "async", "union",
    "static", "unsafe", "extern", "impl",  "macro_rules"};

/// Lines that rustdoc compiles but does not show.
void drop_hidden_lines(snippets& found) {
  for (auto& s : found) {
    if (s.language != "rust")
      continue;
    std::string shown;
    for (auto line : lines_of(s.code)) {
      auto text = trimmed(line);
      if (text == "#" || starts_with(text, "# "))
        continue;
      shown += starts_with(text, "##") ? text.substr(1) : line;
      shown += '\n';
    }
    s.code = std::move(shown);
  }
}

snippets rust_docs(const lines& all) {
  snippets result;
  for (std::size_t i = 0; i < all.size();) {
    auto mark = trimmed(all[i]).substr(0, 3);
    // Four slashes are an ordinary comment.
    if ((mark != "///" && mark != "//!")
        || starts_with(trimmed(all[i]), "////")) {
      ++i;
      continue;
    }
    std::string text;
    auto first = i;
    for (; i < all.size() && starts_with(trimmed(all[i]), mark); ++i) {
      text += trimmed(all[i]).substr(3);
      text += '\n';
    }
    // One blank behind the slashes belongs to them; with it a fence is none.
    auto shifted = dedented(lines_of(text), 0, std::string_view::npos);
    auto found = markdown_snippets(shifted, number(first), "rust");
    drop_hidden_lines(found);
    auto attribute = [](std::string_view line) {
      return starts_with(line, "#") || starts_with(line, "//")
             || ends_with(line, "]") || ends_with(line, ",");
    };
    add(std::move(found),
        mark == "///" ? name_after(all, i, rust_words, attribute)
                      : std::string{},
        result);
  }
  return result;
}

// -- Elixir ------------------------------------------------------------------

snippets elixir_docs(const lines& all) {
  snippets result;
  std::string module;
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto line = trimmed(all[i]);
    if (starts_with(line, "defmodule "))
      module = line.substr(10, line.find_first_of(" ,", 10) - 10);
    auto of_module = starts_with(line, "@moduledoc ");
    if (!of_module && !starts_with(line, "@doc "))
      continue;
    auto mark = line.find("\"\"\"");
    if (mark == std::string_view::npos)
      mark = line.find("'''");
    if (mark == std::string_view::npos)
      continue;
    auto quotes = line.substr(mark, 3);
    auto first = i + 1;
    auto end = first;
    while (end < all.size() && trimmed(all[end]) != quotes)
      ++end;
    auto name = module;
    if (!of_module) {
      auto between = [](std::string_view text) {
        return starts_with(text, "@") || starts_with(text, "#");
      };
      auto function = name_after(
          all, end + 1, {"def", "defmacro", "defguard", "defdelegate", "defp"},
          between);
      if (!function.empty())
        name = module.empty() ? function : module + "." + function;
    }
    add(markdown_snippets(dedented(all, first, end), number(first), "elixir"),
        name, result);
    i = end;
  }
  return result;
}

// -- Python ------------------------------------------------------------------

snippets python_docs(const lines& all) {
  snippets result;
  // Of the definition that a docstring may belong to; the module at first.
  std::string name;
  auto may_begin = true;
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto line = trimmed(all[i]);
    if (line.empty() || starts_with(line, "#"))
      continue;
    auto quoted = line.substr(0, 1) == "r" ? line.substr(1) : line;
    auto quotes = quoted.substr(0, 3);
    if (may_begin && (quotes == "\"\"\"" || quotes == "'''")) {
      auto first = i;
      auto ended = quoted.find(quotes, 3) != std::string_view::npos;
      while (!ended && ++i < all.size())
        ended = all[i].find(quotes) != std::string_view::npos;
      // The first line holds the summary, not code.
      auto text = dedented(all, first + 1, i);
      add(rst_snippets(text, number(first + 1), "python"), name, result);
      may_begin = false;
      continue;
    }
    auto defined = declared_name(line, {"async", "def", "class"});
    if (!defined.empty()) {
      name = std::move(defined);
      may_begin = true;
    } else if (may_begin && !name.empty()) {
      // Parameters may go on over lines, to one that ends with a colon.
      may_begin =
          ends_with(line, ":") || ends_with(line, ",") || ends_with(line, "(");
    } else {
      may_begin = false;
    }
  }
  return result;
}

// -- JavaScript and TypeScript -----------------------------------------------

const std::vector<std::string_view> script_words{
    "export", "default", "declare", "async",  "function",  "class",
    "const",  "let",     "var",     "static", "interface", "type",
    "public", "enum",    "get",     "set",    "abstract"};

/// A comment's lines without the stars before them, dedented as a whole.
std::string comment_text(const lines& all, std::size_t first,
                         std::size_t last) {
  std::string text;
  for (auto i = first; i < last; ++i) {
    auto line = trimmed(all[i]);
    if (starts_with(line, "*")) {
      line.remove_prefix(1);
      if (starts_with(line, " "))
        line.remove_prefix(1);
    }
    text += line;
    text += '\n';
  }
  return text;
}

/// The part of `@example` to the next tag: fences in it, else all of it.
snippets example_of(const lines& text, std::size_t at, std::size_t end,
                    std::uint32_t first_line, std::string_view language) {
  auto caption = trimmed(trimmed(text[at]).substr(8));
  std::string title;
  if (starts_with(caption, "<caption>")) {
    title = caption.substr(9, caption.find("</caption>") - 9);
    caption = {};
  }
  auto body = dedented(text, at + 1, end);
  auto line = first_line + static_cast<std::uint32_t>(at) + 1;
  if (body.find("```") != std::string::npos)
    return markdown_snippets(body, line, language);
  package_snippet s;
  s.language = language;
  s.title = title;
  s.line = line;
  s.code = std::move(body);
  if (is_blank(s.code) && !caption.empty()) {
    // All on the tag's own line.
    s.code = std::string{caption} + "\n";
    s.line = line - 1;
  }
  if (is_blank(s.code))
    return {};
  return {std::move(s)};
}

snippets comment_snippets(const std::string& comment, std::uint32_t first_line,
                          std::string_view language) {
  auto text = lines_of(comment);
  auto is_tag = [&](std::size_t i) {
    auto line = trimmed(text[i]);
    return line.size() > 1 && line[0] == '@'
           && std::isalpha(static_cast<unsigned char>(line[1])) != 0;
  };
  snippets result;
  std::size_t first_tag = 0;
  while (first_tag < text.size() && !is_tag(first_tag))
    ++first_tag;
  // Before the tags: Markdown, in which an indented line is no code.
  auto prose = dedented(text, 0, first_tag);
  if (prose.find("```") != std::string::npos)
    result = markdown_snippets(prose, first_line, language);
  for (auto at = first_tag; at < text.size();) {
    // A decorator in an example looks like a tag; a fence shows where it ends.
    auto end = at + 1;
    auto fenced = false;
    while (end < text.size() && (fenced || !is_tag(end))) {
      fenced = fenced != starts_with(trimmed(text[end]), "```");
      ++end;
    }
    if (starts_with(trimmed(text[at]), "@example"))
      for (auto& s : example_of(text, at, end, first_line, language))
        result.push_back(std::move(s));
    at = end;
  }
  return result;
}

snippets script_docs(const lines& all, std::string_view language) {
  snippets result;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!starts_with(trimmed(all[i]), "/**"))
      continue;
    auto first = i;
    while (i < all.size() && all[i].find("*/") == std::string_view::npos)
      ++i;
    if (i == first || i >= all.size())
      continue;
    auto found = comment_snippets(comment_text(all, first + 1, i),
                                  number(first + 1), language);
    if (found.empty())
      continue;
    auto decorator = [](std::string_view line) {
      return starts_with(line, "@") || starts_with(line, "//");
    };
    auto name = name_after(all, i + 1, script_words, decorator);
    if (name.empty() && i + 1 < all.size()) {
      // A member: "connect(options) {", "exports.connect = …".
      auto line = trimmed(all[i + 1]);
      if (starts_with(line, "exports."))
        line.remove_prefix(8);
      name = identifier_at(line);
    }
    add(std::move(found), name, result);
  }
  return result;
}

}  // namespace

std::vector<package_snippet> doc_snippets(std::string_view path,
                                          std::string_view source) {
  auto language = language_of_file(path);
  auto all = lines_of(source);
  if (language == "rust")
    return rust_docs(all);
  if (language == "elixir")
    return elixir_docs(all);
  if (language == "python")
    return python_docs(all);
  if (language == "javascript" || language == "typescript")
    return script_docs(all, language);
  return {};
}

}  // namespace larder
