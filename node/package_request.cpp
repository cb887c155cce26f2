#include "node/package_request.hpp"

#include "node/json_body.hpp"
#include "storage/error.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace larder {

using nlohmann::json;

package_lines package_lines_in(std::string_view text) {
  package_lines found;
  for (std::size_t line = 1; !text.empty(); ++line) {
    auto end = std::min(text.find('\n'), text.size());
    auto one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (one.ends_with('\r'))
      one.remove_suffix(1);
    if (one.find_first_not_of(" \t\r") == std::string_view::npos)
      continue;
    found.documents.emplace_back(one);
    found.lines.push_back(line);
  }
  return found;
}

request_fields::request_fields(std::string_view body,
                               const config::limit_settings& limits)
    : body_(std::make_unique<json>(json::object())) {
  if (body.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return;
  auto parsed = object_in(body, limits);
  if (parsed)
    *body_ = std::move(*parsed);
  else
    failure_ = parsed.error();
}

request_fields::~request_fields() = default;

const json* request_fields::find(const char* name) const {
  auto i = body_->find(name);
  return i == body_->end() || i->is_null() ? nullptr : &*i;
}

void request_fields::refuse(caf::error why) {
  if (!failure_)
    failure_ = std::move(why);
}

void request_fields::wrong(const char* name, const char* expected) {
  auto* value = find(name);
  auto shown = value == nullptr ? std::string{"missing"}
                                : value->dump(-1, ' ', false,
                                              json::error_handler_t::replace);
  if (shown.size() > 80)
    shown = "too long to show";
  refuse(fail(ec::invalid_request, "\"" + std::string{name} + "\" is " + shown
                                       + "; expected " + expected));
}

std::string request_fields::text(const char* name) {
  auto* value = find(name);
  if (value != nullptr && value->is_string()
      && !value->get_ref<const std::string&>().empty())
    return value->get<std::string>();
  wrong(name, "text");
  return {};
}

std::string request_fields::optional_text(const char* name) {
  auto* value = find(name);
  if (value == nullptr)
    return {};
  if (value->is_string())
    return value->get<std::string>();
  wrong(name, "text");
  return {};
}

bool request_fields::flag(const char* name) {
  auto* value = find(name);
  if (value == nullptr)
    return false;
  if (value->is_boolean())
    return value->get<bool>();
  wrong(name, "true or false");
  return false;
}

std::uint32_t request_fields::number(const char* name, std::uint32_t if_absent,
                                     std::uint32_t least, std::uint32_t most) {
  auto* value = find(name);
  if (value == nullptr)
    return if_absent;
  if (value->is_number_unsigned()) {
    auto n = value->get<std::uint64_t>();
    if (n >= least && n <= most)
      return static_cast<std::uint32_t>(n);
  }
  auto expected = "a whole number from " + std::to_string(least) + " to "
                  + std::to_string(most);
  wrong(name, expected.c_str());
  return if_absent;
}

std::vector<std::string> request_fields::texts(const char* name,
                                               std::size_t most) {
  std::vector<std::string> result;
  auto* value = find(name);
  if (value == nullptr)
    return result;
  auto expected = "a list of texts, at most " + std::to_string(most);
  if (!value->is_array() || value->size() > most) {
    wrong(name, expected.c_str());
    return result;
  }
  for (auto& one : *value) {
    if (!one.is_string()) {
      wrong(name, expected.c_str());
      return {};
    }
    result.push_back(one.get<std::string>());
  }
  return result;
}

bool request_fields::is_second(const char* name, const char* first,
                               const char* second) {
  auto word = optional_text(name);
  if (word == second)
    return true;
  if (!word.empty() && word != first) {
    auto expected = std::string{"\""} + first + "\" or \"" + second + "\"";
    wrong(name, expected.c_str());
  }
  return false;
}

bool request_fields::key(const char* name, std::string& ecosystem,
                         std::string& of) {
  auto* value = find(name);
  if (value == nullptr)
    return false;
  auto member = [&](const char* which) {
    auto i = value->find(which);
    return i != value->end() && i->is_string() ? i->get<std::string>()
                                               : std::string{};
  };
  ecosystem = member("ecosystem");
  of = member("name");
  if (ecosystem.empty() || of.empty())
    wrong(name, "{\"ecosystem\": text, \"name\": text}");
  return true;
}

}  // namespace larder
