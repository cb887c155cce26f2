#include "storage/registry_json.hpp"

#include "storage/error.hpp"
#include "storage/json.hpp"

namespace larder {

namespace {

using nlohmann::json;

constexpr std::uint32_t max_depth = 64;

const json& nothing() {
  static const json value;
  return value;
}

const json& member_of(const json& object, std::string_view member) {
  if (!object.is_object())
    return nothing();
  auto found = object.find(std::string{member});
  return found == object.end() ? nothing() : *found;
}

}  // namespace

caf::expected<json>
parse_document(std::string_view body, const std::string& where,
               const std::function<bool(int, const std::string&)>& kept) {
  auto bad = [&](const std::string& why) {
    return fail(ec::unavailable,
                where + " does not serve what a registry serves: " + why);
  };
  if (auto ok = check_json_object(body, max_depth); !ok)
    return bad(message_of(ok.error()));
  // A number that no double holds is the one thing left that it throws for.
  try {
    if (!kept)
      return json::parse(body);
    return json::parse(
        body, [&](int depth, json::parse_event_t event, json& parsed) {
          return event != json::parse_event_t::key
                 || kept(depth, parsed.get_ref<const std::string&>());
        });
  } catch (const std::exception& e) {
    return bad(e.what());
  }
}

std::string text_of(const json& object, const char* member) {
  auto& value = member_of(object, member);
  return value.is_string() ? value.get<std::string>() : std::string{};
}

const json& object_of(const json& object, std::string_view member) {
  auto& value = member_of(object, member);
  return value.is_object() ? value : nothing();
}

const json& list_of(const json& object, std::string_view member) {
  auto& value = member_of(object, member);
  return value.is_array() ? value : nothing();
}

std::vector<std::string> texts_of(const json& list) {
  std::vector<std::string> result;
  if (list.is_array())
    for (auto& item : list)
      if (item.is_string())
        result.push_back(item.get<std::string>());
  return result;
}

}  // namespace larder
