#include "node/request_headers.hpp"

#include "storage/error.hpp"
#include "storage/json.hpp"
#include "storage/whole_number.hpp"

#include <limits>

namespace larder {

namespace {

constexpr std::size_t max_tags = 64;
constexpr std::size_t max_tag_bytes = 128;

caf::error refused(const char* name, std::string_view value,
                   std::string_view expected) {
  std::string shown{value.substr(0, 40)};
  return fail(ec::invalid_request, std::string{name} + " is \"" + shown
                                       + "\"; expected "
                                       + std::string{expected});
}

/// A decimal of digits alone, at most `most`.
caf::expected<std::optional<std::int64_t>> number(const nats::request& from,
                                                  const char* name,
                                                  std::int64_t least,
                                                  std::int64_t most) {
  auto text = from.header(name);
  if (!text)
    return std::optional<std::int64_t>{};
  auto value = whole_number<std::int64_t>(text);
  if (!value || *value < least || *value > most)
    return refused(name, *text,
                   "a whole number from " + std::to_string(least) + " to "
                       + std::to_string(most));
  return value;
}

std::string_view trimmed(std::string_view text) {
  auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

caf::expected<std::vector<std::string>> tags_of(std::string_view text) {
  std::vector<std::string> tags;
  while (!text.empty()) {
    auto end = text.find(',');
    auto tag = trimmed(text.substr(0, end));
    if (tag.size() > max_tag_bytes || tags.size() == max_tags)
      return refused(header::tags, tag, "at most 64 tags of at most 128 bytes");
    if (!tag.empty())
      tags.emplace_back(tag);
    text = end == std::string_view::npos ? std::string_view{}
                                         : text.substr(end + 1);
  }
  return tags;
}

}  // namespace

caf::expected<request_headers>
parse_headers(const nats::request& from, const config::limit_settings& limits) {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  request_headers h;
  h.deadline = limits.default_deadline;
  if (!from.has_headers())
    return h;
  auto min = number(from, header::min_revision, 0, most);
  if (!min)
    return min.error();
  h.min_revision = min->value_or(0);
  auto expect = number(from, header::expect_revision, 0, most);
  if (!expect)
    return expect.error();
  h.expect_revision = *expect;
  auto deadline =
      number(from, header::deadline_ms, 1, limits.max_deadline.count());
  if (!deadline)
    return deadline.error();
  if (*deadline)
    h.deadline = std::chrono::milliseconds{**deadline};
  auto version = number(from, header::version, 1,
                        std::numeric_limits<std::int32_t>::max());
  if (!version)
    return version.error();
  if (*version)
    h.version = static_cast<std::int32_t>(**version);
  if (auto text = from.header(header::allow_stale)) {
    if (*text != "true" && *text != "false")
      return refused(header::allow_stale, *text, "true or false");
    h.allow_stale = *text == "true";
  }
  if (auto text = from.header(header::metadata)) {
    if (!check_json_object(*text, limits.max_json_depth))
      return refused(header::metadata, *text, "a JSON object");
    h.metadata = std::string{*text};
  }
  if (auto text = from.header(header::tags)) {
    auto tags = tags_of(*text);
    if (!tags)
      return tags.error();
    h.tags = std::move(*tags);
  }
  return h;
}

}  // namespace larder
