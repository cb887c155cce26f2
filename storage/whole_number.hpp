// Whole numbers in texts of others: header lines, subjects, addresses. What a
// person configures is read by config/quantity.hpp, and JSON by its library.
//
// Thread rule: free function, no state.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace larder {

/// All of `text` as a decimal: digits alone, after a minus where a T may have
/// one. Nothing if there is no text, anything else in it, or no T so large.
template <class T>
std::optional<T> whole_number(std::optional<std::string_view> text) {
  if (!text)
    return std::nullopt;
  T number{};
  auto end = text->data() + text->size();
  auto read = std::from_chars(text->data(), end, number);
  if (read.ec != std::errc{} || read.ptr != end)
    return std::nullopt;
  return number;
}

}  // namespace larder
