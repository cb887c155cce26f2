#include "storage/code_language.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace larder {

namespace {

using pair = std::pair<std::string_view, std::string_view>;

constexpr std::array<pair, 19> by_ending{{{".js", "javascript"},
                                          {".mjs", "javascript"},
                                          {".cjs", "javascript"},
                                          {".jsx", "javascript"},
                                          {".ts", "typescript"},
                                          {".mts", "typescript"},
                                          {".cts", "typescript"},
                                          {".tsx", "typescript"},
                                          {".rs", "rust"},
                                          {".ex", "elixir"},
                                          {".exs", "elixir"},
                                          {".erl", "erlang"},
                                          {".py", "python"},
                                          {".pyi", "python"},
                                          {".sh", "shell"},
                                          {".toml", "toml"},
                                          {".json", "json"},
                                          {".yaml", "yaml"},
                                          {".yml", "yaml"}}};

// Beside what the endings say without their dot.
constexpr std::array<pair, 13> by_name{{{"node", "javascript"},
                                        {"bash", "shell"},
                                        {"zsh", "shell"},
                                        {"console", "shell"},
                                        {"shell-session", "shell"},
                                        {"sh-session", "shell"},
                                        {"terminal", "shell"},
                                        {"iex", "elixir"},
                                        {"python3", "python"},
                                        {"pycon", "python"},
                                        {"should_panic", "rust"},
                                        {"no_run", "rust"},
                                        {"ignore", "rust"}}};

}  // namespace

std::string language_of_fence(std::string_view info) {
  auto begin = std::min(info.find_first_not_of(" \t{."), info.size());
  info.remove_prefix(begin);
  info = info.substr(0, info.find_first_of(" \t,;:{}\"'"));
  std::string name{info.substr(0, 32)};
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  for (auto& [ending, language] : by_ending)
    if (ending.substr(1) == name)
      return std::string{language};
  for (auto& [other, language] : by_name)
    if (other == name)
      return std::string{language};
  return name;
}

std::string_view language_of_file(std::string_view path) {
  auto dot = path.rfind('.');
  if (dot == std::string_view::npos)
    return {};
  for (auto& [ending, language] : by_ending)
    if (ending == path.substr(dot))
      return language;
  return {};
}

}  // namespace larder
