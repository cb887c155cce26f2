#include "storage/registry.hpp"

#include "storage/error.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace larder {

namespace {

std::string lower(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return result;
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size()
         && text.substr(text.size() - end.size()) == end;
}

bool is_letter_or_digit(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0
         && static_cast<unsigned char>(c) < 0x80;
}

}  // namespace

caf::expected<unpacked_archive> registry::open(std::string_view archive,
                                               const archive_limits& limits) {
  // What is wanted is asked of whole paths: the top directory is not known yet.
  auto files = unpack(archive, limits, is_wanted_file);
  if (files)
    strip_top_directory(*files);
  return files;
}

std::unique_ptr<registry> make_registry(std::string_view ecosystem,
                                        registry_limits l) {
  if (ecosystem == "npm")
    return make_npm_registry(l);
  if (ecosystem == "cargo")
    return make_cargo_registry(l);
  if (ecosystem == "hex")
    return make_hex_registry(l);
  if (ecosystem == "pypi")
    return make_pypi_registry(l);
  return nullptr;
}

bool is_wanted_file(std::string_view path) {
  static constexpr std::array<std::string_view, 18> endings{
      ".md",  ".markdown", ".rst", ".rs",   ".ex",  ".exs",
      ".py",  ".js",       ".mjs", ".cjs",  ".ts",  ".tsx",
      ".jsx", ".mts",      ".cts", ".toml", ".erl", ".json"};
  static constexpr std::array<std::string_view, 4> names{
      "pkg-info", "metadata", "readme", "readme.txt"};
  static constexpr std::array<std::string_view, 6> passed_over{
      "/node_modules/", "/vendor/",    "/test/",
      "/tests/",        "/__tests__/", "/fixtures/"};
  auto whole = "/" + lower(path);
  for (auto part : passed_over)
    if (whole.find(part) != std::string::npos)
      return false;
  if (ends_with(whole, ".min.js"))
    return false;
  auto name = std::string_view{whole}.substr(whole.rfind('/') + 1);
  if (std::find(names.begin(), names.end(), name) != names.end())
    return true;
  // Of JSON only the manifest; data may be large.
  if (ends_with(name, ".json"))
    return name == "package.json";
  return std::any_of(endings.begin(), endings.end(),
                     [&](auto end) { return ends_with(name, end); });
}

void strip_top_directory(unpacked_archive& files) {
  if (files.files.empty())
    return;
  auto& first = files.files.front().path;
  auto slash = first.find('/');
  if (slash == std::string::npos)
    return;
  auto top = first.substr(0, slash + 1);
  auto inside = [&](auto& file) {
    return file.path.compare(0, top.size(), top) == 0;
  };
  if (!std::all_of(files.files.begin(), files.files.end(), inside))
    return;
  for (auto& file : files.files)
    file.path.erase(0, top.size());
}

namespace {

const unpacked_file* find_readme(const unpacked_archive& files,
                                 std::string_view named) {
  if (!named.empty())
    if (auto found = files.find(named))
      return found;
  static constexpr std::array<std::string_view, 5> names{
      "readme.md", "readme.markdown", "readme.rst", "readme.txt", "readme"};
  for (auto name : names)
    for (auto& file : files.files)
      if (lower(file.path) == name)
        return &file;
  return nullptr;
}

}  // namespace

readme_origin take_readme(const unpacked_archive& files, std::string_view named,
                          package& document) {
  auto found = find_readme(files, named);
  if (found == nullptr)
    return {};
  document.readme = found->content;
  return {found->path, 1};
}

std::string url_escaped(std::string_view text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string result;
  for (auto c : text) {
    if (is_letter_or_digit(c)
        || std::string_view{"-._~@+"}.find(c) != std::string_view::npos) {
      result += c;
    } else {
      result += '%';
      result += digits[static_cast<unsigned char>(c) >> 4];
      result += digits[static_cast<unsigned char>(c) & 15];
    }
  }
  return result;
}

bool is_plain(std::string_view text, std::string_view more) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter_or_digit(c) || more.find(c) != std::string_view::npos;
  });
}

std::vector<std::string> licenses_of(std::string_view expression) {
  expression = expression.substr(0, 1'000);
  std::vector<std::string> result;
  std::string word;
  auto take = [&] {
    // "WITH" binds an exception to the licence before it.
    if (word == "WITH" && !result.empty())
      result.back() += " WITH";
    else if (!result.empty() && ends_with(result.back(), " WITH"))
      result.back() += ' ' + word;
    else if (!word.empty() && word != "OR" && word != "AND" && word != "or"
             && word != "and"
             && std::find(result.begin(), result.end(), word) == result.end())
      result.push_back(word);
    word.clear();
  };
  auto spaced = expression.find(" OR ") == std::string_view::npos
                && expression.find(" AND ") == std::string_view::npos
                && expression.find(" WITH ") == std::string_view::npos
                && expression.find('/') == std::string_view::npos;
  // A name in words, like "BSD 3-Clause License", is no expression.
  if (spaced && expression.find(' ') != std::string_view::npos)
    return {std::string{expression}};
  for (auto c : expression) {
    if (c == ' ' || c == '(' || c == ')' || c == '/')
      take();
    else
      word += c;
  }
  take();
  return result;
}

caf::error no_such_version(const package& document, std::string_view version) {
  auto what = document.ecosystem + " package \"" + document.name + "\"";
  if (version.empty())
    return fail(ec::not_found, what + " has no release in its registry");
  return fail(ec::not_found, what + " has no version \"" + std::string{version}
                                 + "\" in its registry ("
                                 + std::to_string(document.versions.size())
                                 + " others)");
}

}  // namespace larder
