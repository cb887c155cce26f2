#include "config/setting.hpp"

#include "config/quantity.hpp"
#include "config/redact.hpp"

#include <algorithm>
#include <cctype>
#include <type_traits>

namespace larder::config {

namespace {

template <class T>
constexpr bool is_duration =
    std::is_same_v<T, milliseconds> || std::is_same_v<T, seconds>;

// Calls `f` with the member of `s` that the setting names.
template <class F>
auto with_value(const setting& entry, settings& s, F&& f) {
  return std::visit([&](auto member) { return f(member(s)); }, entry.value);
}

template <class F>
auto with_value(const setting& entry, const settings& s, F&& f) {
  // Accessors hand out mutable references; this only reads through them.
  return with_value(entry, const_cast<settings&>(s),
                    [&](const auto& value) { return f(value); });
}

// "a|b|c" as "a, b or c".
std::string list_of(std::string_view choices) {
  std::string out;
  while (true) {
    const auto bar = choices.find('|');
    out += choices.substr(0, bar);
    if (bar == std::string_view::npos)
      return out;
    choices.remove_prefix(bar + 1);
    const bool last = choices.find('|') == std::string_view::npos;
    out += last ? " or " : ", ";
  }
}

bool is_choice(std::string_view choices, std::string_view word) {
  while (true) {
    const auto bar = choices.find('|');
    if (choices.substr(0, bar) == word)
      return true;
    if (bar == std::string_view::npos)
      return false;
    choices.remove_prefix(bar + 1);
  }
}

// The number that `text` stands for, in bounds; nothing otherwise.
template <class T>
std::optional<T> parse_number(const setting& s, std::string_view text) {
  std::optional<std::uint64_t> number;
  if constexpr (is_duration<T>) {
    if (const auto parsed = parse_duration(text))
      number = static_cast<std::uint64_t>(parsed->count());
  } else {
    number = s.in_bytes ? parse_bytes(text) : parse_count(text);
  }
  if (!number || *number < s.least || *number > s.most)
    return std::nullopt;
  if constexpr (std::is_same_v<T, seconds>) {
    if (*number % 1'000 != 0)
      return std::nullopt;
    return seconds{static_cast<std::int64_t>(*number / 1'000)};
  } else if constexpr (std::is_same_v<T, milliseconds>) {
    return milliseconds{static_cast<std::int64_t>(*number)};
  } else {
    return static_cast<T>(*number);
  }
}

bool is_acceptable(const setting& s, std::string_view text) {
  // YAML and the environment can carry control characters; no setting of ours
  // means anything with one, and logs would show something else than is used.
  const auto is_control = [](unsigned char c) { return std::iscntrl(c) != 0; };
  if (std::any_of(text.begin(), text.end(), is_control))
    return false;
  if (!s.choices.empty() && !is_choice(s.choices, text))
    return false;
  return s.check == nullptr || s.check(text);
}

}  // namespace

std::string_view section_of(const setting& s) {
  const auto dot = s.name.find('.');
  return dot == std::string_view::npos ? std::string_view{}
                                       : s.name.substr(0, dot);
}

std::string_view key_of(const setting& s) {
  return s.name.substr(s.name.find('.') + 1);
}

std::string environment_name(const setting& s) {
  std::string out = "LARDER_";
  for (const char c : s.name)
    if (c == '.')
      out += "__";
    else
      out += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

std::string bounds(const setting& s) {
  if (!s.choices.empty())
    return list_of(s.choices);
  const settings defaults;
  return with_value(s, defaults, [&](const auto& value) -> std::string {
    using type = std::decay_t<decltype(value)>;
    const auto range = [&](auto print_bound) {
      return print_bound(s.least) + " to " + print_bound(s.most);
    };
    if constexpr (std::is_same_v<type, std::string>)
      return std::string(s.wanted);
    else if constexpr (std::is_same_v<type, bool>)
      return "true or false";
    else if constexpr (is_duration<type>)
      return range([](std::uint64_t ms) {
        return print_duration(milliseconds{static_cast<std::int64_t>(ms)});
      });
    else if (s.in_bytes)
      return range([](std::uint64_t bytes) { return print_bytes(bytes); });
    else
      return range([](std::uint64_t n) { return std::to_string(n); });
  });
}

std::string expected(const setting& s) {
  const settings defaults;
  const auto range = bounds(s);
  return with_value(s, defaults, [&](const auto& value) -> std::string {
    using type = std::decay_t<decltype(value)>;
    if constexpr (std::is_same_v<type, std::string>)
      return range.empty() ? "text without control characters" : range;
    else if constexpr (std::is_same_v<type, bool>)
      return range;
    else if constexpr (std::is_same_v<type, seconds>)
      return "a duration in whole seconds from " + range
             + ", such as 90s, 30m, 1h or 7d";
    else if constexpr (std::is_same_v<type, milliseconds>)
      return "a duration from " + range + ", such as 500ms, 2s, 30m, 1h or 7d";
    else if (s.in_bytes)
      return "a size from " + range + ", such as 512KiB, 64MiB or 1GiB";
    else
      return "a whole number from " + range;
  });
}

std::optional<std::string> assign(const setting& s, settings& into,
                                  std::string_view text) {
  const bool done = with_value(s, into, [&](auto& value) {
    using type = std::decay_t<decltype(value)>;
    if constexpr (std::is_same_v<type, std::string>) {
      if (!is_acceptable(s, text))
        return false;
      value = text;
      return true;
    } else {
      std::optional<type> parsed;
      if constexpr (std::is_same_v<type, bool>)
        parsed = parse_flag(text);
      else
        parsed = parse_number<type>(s, text);
      if (parsed)
        value = *parsed;
      return parsed.has_value();
    }
  });
  return done ? std::nullopt : std::optional(expected(s));
}

std::string print(const setting& s, const settings& from) {
  return with_value(s, from, [&](const auto& value) -> std::string {
    using type = std::decay_t<decltype(value)>;
    if constexpr (std::is_same_v<type, std::string>)
      return value;
    else if constexpr (std::is_same_v<type, bool>)
      return value ? "true" : "false";
    else if constexpr (is_duration<type>)
      return print_duration(value);
    else
      return s.in_bytes ? print_bytes(value) : std::to_string(value);
  });
}

std::string print_shown(const setting& s, const settings& from) {
  auto text = print(s, from);
  if (s.secret && !text.empty())
    return "***";
  return s.holds_secret ? redact_url(std::move(text)) : text;
}

std::string quote_shown(const setting& s, std::string_view text) {
  if (s.secret)
    return "\"***\"";
  auto shown =
      s.holds_secret ? redact_url(std::string(text)) : std::string(text);
  constexpr std::size_t longest = 200;
  if (shown.size() > longest)
    shown = shown.substr(0, longest) + "...";
  return '"' + shown + '"';
}

bool is_text(const setting& s) {
  return std::holds_alternative<std::string& (*)(settings&)>(s.value);
}

bool is_in_seconds(const setting& s) {
  return std::holds_alternative<seconds& (*)(settings&)>(s.value);
}

}  // namespace larder::config
