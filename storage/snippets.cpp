#include "storage/snippets.hpp"

#include "storage/code_language.hpp"
#include "storage/declarations.hpp"
#include "storage/doc_comments.hpp"
#include "storage/markdown_snippets.hpp"
#include "storage/rst_snippets.hpp"
#include "storage/text_lines.hpp"
#include "storage/utf8.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace larder {

namespace {

bool is_declarations(std::string_view path) {
  return ends_with(path, ".d.ts") || ends_with(path, ".d.mts")
         || ends_with(path, ".d.cts");
}

bool is_example(std::string_view path) {
  static constexpr std::array<std::string_view, 6> folders{
      "examples", "example", "samples", "sample", "demos", "demo"};
  auto language = language_of_file(path);
  if (language.empty() || language == "json" || language == "toml"
      || language == "yaml" || is_declarations(path))
    return false;
  for (std::size_t at = 0; at < path.size();) {
    auto slash = path.find('/', at);
    if (slash == std::string_view::npos)
      return false;
    auto folder = path.substr(at, slash - at);
    if (std::find(folders.begin(), folders.end(), folder) != folders.end())
      return true;
    at = slash + 1;
  }
  return false;
}

/// A readme in another markup than Markdown says so by its name; one out of a
/// Python package's metadata is looked at.
bool is_rst(std::string_view path, std::string_view text) {
  if (ends_with(path, ".rst"))
    return true;
  return language_of_file(path).empty()
         && (text.find("\n.. ") != std::string_view::npos
             || text.find("::\n\n") != std::string_view::npos)
         && text.find("```") == std::string_view::npos;
}

/// What an example is about: its first comment, else its file's name.
std::string title_of_example(std::string_view path, std::string_view source) {
  for (auto line : lines_of(source.substr(0, 2'000))) {
    line = trimmed(line);
    if (line.empty() || starts_with(line, "#!"))
      continue;
    for (auto mark : {"//!", "///", "//", "#", "/**", "/*", "\"\"\"", "*"}) {
      if (!starts_with(line, mark))
        continue;
      auto text = trimmed(line.substr(std::string_view{mark}.size()));
      while (ends_with(text, "*/") || ends_with(text, "\"\"\""))
        text = trimmed(text.substr(0, text.size() - 2));
      if (!text.empty() && identifier_at(text).size() > 1)
        return std::string{text.substr(0, 120)};
      break;
    }
    if (identifier_at(line).size() > 0)
      break;
  }
  return std::string{path.substr(path.rfind('/') + 1)};
}

/// At most `limit` bytes of whole lines.
void cut(std::string& code, std::size_t limit) {
  if (code.size() <= limit)
    return;
  auto end = code.rfind('\n', limit - 1);
  if (end == std::string::npos) {
    // One line alone is that long: to the end of a character.
    end = limit;
    while (end > 0 && (static_cast<unsigned char>(code[end]) & 0xC0) == 0x80)
      --end;
    code.resize(end);
  } else {
    code.resize(end + 1);
  }
}

bool is_text(std::string_view text) {
  return text.find('\0') == std::string_view::npos;
}

class gathering {
 public:
  explicit gathering(const snippet_limits& limits) : limits_(limits) {}

  /// Those of one file.
  void add(const char* kind, std::string_view path,
           std::vector<package_snippet> found) {
    for (auto& s : found) {
      if (of_this_kind_ >= limits_.of_a_kind)
        return;
      cut(s.code, limits_.code_bytes);
      if (s.title.size() > 160)
        cut(s.title, 160);
      if (is_blank(s.code) || bytes_ + s.code.size() > limits_.bytes
          || !seen_.insert(s.code).second)
        continue;
      bytes_ += s.code.size();
      ++of_this_kind_;
      s.kind = kind;
      s.path = path;
      if (s.title.empty())
        s.title = path.substr(path.rfind('/') + 1);
      result_.push_back(std::move(s));
    }
  }

  void next_kind() { of_this_kind_ = 0; }
  std::vector<package_snippet> take() { return std::move(result_); }

 private:
  const snippet_limits& limits_;
  std::vector<package_snippet> result_;
  std::set<std::string> seen_;
  std::size_t bytes_ = 0;
  std::size_t of_this_kind_ = 0;
};

package_snippet example_of(const unpacked_file& file) {
  package_snippet s;
  s.language = language_of_file(file.path);
  s.line = 1;
  s.title = title_of_example(file.path, file.content);
  s.code = file.content;
  return s;
}

}  // namespace

std::vector<package_snippet> snippets_of(const unpacked_archive& files,
                                         std::string_view readme,
                                         const readme_origin& origin,
                                         const snippet_limits& limits) {
  gathering all{limits};
  if (!origin.path.empty() && is_text(readme)
      && readme.size() <= limits.file_bytes)
    all.add("readme", origin.path,
            is_rst(origin.path, readme)
                ? rst_snippets(readme, origin.line)
                : markdown_snippets(readme, origin.line));
  std::vector<const unpacked_file*> order;
  for (auto& file : files.files)
    if (file.content.size() <= limits.file_bytes && is_text(file.content))
      order.push_back(&file);
  auto depth = [](const unpacked_file* file) {
    return std::count(file->path.begin(), file->path.end(), '/');
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return depth(a) < depth(b); });
  all.next_kind();
  for (auto file : order)
    if (is_example(file->path))
      all.add("example", file->path, {example_of(*file)});
  all.next_kind();
  for (auto file : order)
    if (is_declarations(file->path))
      all.add("declaration", file->path, declaration_snippets(file->content));
  all.next_kind();
  for (auto file : order)
    if (!is_example(file->path))
      all.add("doc", file->path, doc_snippets(file->path, file->content));
  return all.take();
}

}  // namespace larder
