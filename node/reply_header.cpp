#include "node/reply_header.hpp"

#include "node/request_headers.hpp"

#include <array>
#include <charconv>

namespace larder {

namespace {

constexpr std::string_view first_line = "NATS/1.0\r\n";
constexpr std::string_view line_end = "\r\n";

void add_line(std::string& to, std::string_view name, std::string_view value) {
  to.append(name).append(": ");
  // One value must not become two headers.
  for (char c : value)
    to += c == '\r' || c == '\n' ? ' ' : c;
  to.append(line_end);
}

void add_number(std::string& to, std::string_view name, std::int64_t value) {
  std::array<char, 24> digits{};
  auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  to.append(name).append(": ");
  to.append(digits.data(), end.ptr).append(line_end);
}

}  // namespace

std::string header_block(const std::vector<header_line>& lines) {
  std::string text{first_line};
  for (const auto& line : lines)
    add_line(text, line.name, line.value);
  text.append(line_end);
  return text;
}

void value_header::begin(tier from, larder::epoch epoch) {
  tier_ = from;
  epoch_ = epoch;
  text_ = first_line;
  add_line(text_, header::tier, name_of(from));
  add_line(text_, header::node, node_id_);
  add_line(text_, header::epoch, epoch.text());
  kept_ = text_.size();
}

std::string_view
value_header::of(const artifact& value, tier from,
                 std::optional<std::chrono::milliseconds> stale_for) {
  if (kept_ == 0 || tier_ != from || epoch_ != value.epoch())
    begin(from, value.epoch());
  text_.resize(kept_);
  add_number(text_, header::revision, value.revision());
  add_number(text_, header::version, value.version());
  if (stale_for) {
    add_line(text_, header::stale, "true");
    add_number(text_, header::stale_ms, stale_for->count());
  }
  text_.append(line_end);
  return text_;
}

}  // namespace larder
