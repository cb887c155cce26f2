#include "config/quantity.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <limits>

namespace larder::config {

namespace {

struct unit {
  std::string_view suffix;
  std::uint64_t size;
};

// Largest first: printing takes the first unit that divides the number.
constexpr std::array<unit, 5> byte_units{{{"TiB", 1ull << 40},
                                          {"GiB", 1ull << 30},
                                          {"MiB", 1ull << 20},
                                          {"KiB", 1ull << 10},
                                          {"B", 1}}};
constexpr std::array<unit, 5> time_units{{{"d", 86'400'000},
                                          {"h", 3'600'000},
                                          {"m", 60'000},
                                          {"s", 1'000},
                                          {"ms", 1}}};

// The number before one of `units`, in the smallest unit; plain numbers are in
// the smallest unit already.
template <std::size_t N>
std::optional<std::uint64_t> parse_scaled(std::string_view text,
                                          const std::array<unit, N>& units) {
  const auto digits =
      std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = parse_count(text.substr(0, digits));
  const auto suffix = text.substr(digits);
  if (!number)
    return std::nullopt;
  if (suffix.empty())
    return number;
  for (const auto& [name, size] : units) {
    if (name != suffix)
      continue;
    if (*number > std::numeric_limits<std::uint64_t>::max() / size)
      return std::nullopt;
    return *number * size;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> parse_count(std::string_view text) {
  // "010" is eight to some YAML readers and ten to others: neither, here.
  if (text.empty() || (text.size() > 1 && text.front() == '0'))
    return std::nullopt;
  std::uint64_t value = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end)
    return std::nullopt;
  return value;
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  return parse_scaled(text, byte_units);
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto value = parse_scaled(text, time_units);
  if (!value || *value > std::numeric_limits<std::int64_t>::max())
    return std::nullopt;
  return std::chrono::milliseconds{static_cast<std::int64_t>(*value)};
}

std::optional<bool> parse_flag(std::string_view text) {
  std::string word(text);
  std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  if (word == "true" || word == "yes" || word == "on" || word == "1")
    return true;
  if (word == "false" || word == "no" || word == "off" || word == "0")
    return false;
  return std::nullopt;
}

std::string print_bytes(std::uint64_t bytes) {
  if (bytes != 0)
    for (const auto& [suffix, size] : byte_units)
      if (size > 1 && bytes % size == 0)
        return std::to_string(bytes / size) + std::string(suffix);
  return std::to_string(bytes);
}

std::string print_duration(std::chrono::milliseconds duration) {
  const auto count = static_cast<std::uint64_t>(duration.count());
  if (count == 0)
    return "0s";
  for (const auto& [suffix, size] : time_units)
    if (count % size == 0)
      return std::to_string(count / size) + std::string(suffix);
  return std::to_string(count) + "ms";
}

}  // namespace larder::config
