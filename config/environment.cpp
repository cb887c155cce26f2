#include "config/environment.hpp"

#include "config/draft.hpp"
#include "config/quantity.hpp"
#include "config/setting_table.hpp"

#include <algorithm>
#include <cctype>

#include <unistd.h>

namespace larder::config {

namespace {

constexpr std::string_view prefix = "LARDER_";

void apply_usual_name(const setting& s, std::string text, draft& into) {
  // `NATS_URL=` is how shells and compose files say "not set".
  if (text.empty())
    return;
  if (is_in_seconds(s) && parse_count(text))
    text += "s";
  into.set(s, text, std::string(s.usual));
}

// "LARDER_MEMORY__TTL" as "memory.ttl".
std::string dotted(std::string_view name) {
  std::string out;
  name.remove_prefix(prefix.size());
  while (!name.empty()) {
    const bool dot = name.starts_with("__");
    const auto c = static_cast<unsigned char>(name.front());
    out += dot ? '.' : static_cast<char>(std::tolower(c));
    name.remove_prefix(dot ? 2 : 1);
  }
  return out;
}

void apply_own_name(const std::string& name, std::string_view text,
                    draft& into) {
  const auto settings = all_settings();
  const auto found = std::ranges::find(settings, name, environment_name);
  if (found != settings.end())
    into.set(*found, text, name);
  else if (name.find("__") != std::string::npos)
    into.complain(name + ": no such setting; did you mean "
                  + environment_name(nearest_setting(dotted(name))) + "?");
}

}  // namespace

environment process_environment() {
  environment out;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry)
    out.emplace_back(*entry);
  return out;
}

std::optional<std::string> variable(const environment& env,
                                    std::string_view name) {
  for (const auto& entry : env)
    if (entry.starts_with(name) && entry.size() > name.size()
        && entry[name.size()] == '=')
      return entry.substr(name.size() + 1);
  return std::nullopt;
}

void apply_environment(const environment& env, draft& into) {
  for (const auto& s : all_settings())
    if (!s.usual.empty())
      if (auto text = variable(env, s.usual))
        apply_usual_name(s, std::move(*text), into);
  for (const auto& entry : env) {
    const auto equals = entry.find('=');
    if (entry.starts_with(prefix) && equals != std::string::npos)
      apply_own_name(entry.substr(0, equals),
                     std::string_view(entry).substr(equals + 1), into);
  }
}

}  // namespace larder::config
