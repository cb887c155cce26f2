#include "storage/toml.hpp"

#include "storage/error.hpp"

#include <nlohmann/json.hpp>
#include <toml++/toml.h>

#include <sstream>

namespace larder {

namespace {

using nlohmann::json;

template <class Time>
std::string text_of(const Time& time) {
  std::ostringstream out;
  out << time;
  return out.str();
}

// The library refuses what is nested too deep for it, and for this.
json to_json(const toml::node& node) {
  if (auto table = node.as_table()) {
    auto result = json::object();
    for (auto& [name, value] : *table)
      result[std::string{name.str()}] = to_json(value);
    return result;
  }
  if (auto list = node.as_array()) {
    auto result = json::array();
    for (auto& value : *list)
      result.push_back(to_json(value));
    return result;
  }
  if (auto text = node.as_string())
    return text->get();
  if (auto number = node.as_integer())
    return number->get();
  if (auto number = node.as_floating_point())
    return number->get();
  if (auto flag = node.as_boolean())
    return flag->get();
  if (auto date = node.as_date())
    return text_of(date->get());
  if (auto time = node.as_time())
    return text_of(time->get());
  if (auto both = node.as_date_time())
    return text_of(both->get());
  return nullptr;
}

}  // namespace

caf::expected<json> parse_toml(std::string_view text) {
  try {
    return to_json(toml::parse(text));
  } catch (const toml::parse_error& e) {
    return fail(ec::invalid_request,
                "line " + std::to_string(e.source().begin.line)
                    + " is not TOML: " + std::string{e.description()});
  } catch (const std::exception& e) {
    return fail(ec::invalid_request, std::string{"not TOML: "} + e.what());
  }
}

}  // namespace larder
