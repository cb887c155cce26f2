#include "node/json_body.hpp"

#include "storage/error.hpp"

#include <nlohmann/json.hpp>

namespace larder {

using nlohmann::json;

caf::expected<json> object_in(std::string_view body,
                              const config::limit_settings& limits) {
  if (auto ok = check_json_object(body, limits.max_json_depth); !ok)
    return ok.error();
  // Valid JSON that this parser cannot represent: a number out of range.
  auto parsed = json::parse(body, nullptr, false);
  if (!parsed.is_object())
    return fail(ec::invalid_request,
                "the body has a number that is out of range");
  return parsed;
}

caf::expected<key> key_of(const json& object) {
  auto text = [&](const char* name) -> const std::string* {
    auto i = object.find(name);
    return i != object.end() && i->is_string()
               ? i->get_ptr<const std::string*>()
               : nullptr;
  };
  if (!object.is_object())
    return fail(ec::invalid_request, "a key is an object {\"type\", \"id\"}");
  auto* type = text("type");
  auto* id = text("id");
  if (type == nullptr || id == nullptr)
    return fail(ec::invalid_request,
                std::string{"\""} + (type == nullptr ? "type" : "id")
                    + "\" is missing or no string; expected "
                      "{\"type\": text, \"id\": text}");
  return make_key(*type, *id);
}

caf::expected<std::vector<caf::expected<key>>>
keys_in_body(std::string_view body, const config::limit_settings& limits) {
  auto object = object_in(body, limits);
  if (!object)
    return object.error();
  auto list = object->find("keys");
  if (list == object->end() || !list->is_array())
    return fail(ec::invalid_request,
                "\"keys\" is missing or no list; expected {\"keys\": "
                "[{\"type\", \"id\"}, ...]}");
  if (list->size() > limits.max_mget_keys)
    return fail(ec::invalid_request, std::to_string(list->size())
                                         + " keys; at most "
                                         + std::to_string(limits.max_mget_keys)
                                         + " may be asked for at once");
  std::vector<caf::expected<key>> keys;
  keys.reserve(list->size());
  for (auto& one : *list)
    keys.push_back(key_of(one));
  return keys;
}

caf::expected<page_request> page_in_body(std::string_view body,
                                         const config::limit_settings& limits,
                                         std::uint32_t default_limit,
                                         std::uint32_t largest_limit) {
  page_request page{default_limit, {}};
  if (body.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return page;
  auto object = object_in(body, limits);
  if (!object)
    return object.error();
  if (auto i = object->find("limit"); i != object->end() && !i->is_null()) {
    if (!i->is_number_unsigned() || i->get<std::uint64_t>() == 0
        || i->get<std::uint64_t>() > largest_limit)
      return fail(ec::invalid_request,
                  "\"limit\" is " + i->dump()
                      + "; expected a whole number from 1 to "
                      + std::to_string(largest_limit));
    page.limit = i->get<std::uint32_t>();
  }
  if (auto i = object->find("after"); i != object->end() && !i->is_null()) {
    if (!i->is_string())
      return fail(ec::invalid_request,
                  "\"after\" is no string; expected the \"next\" of the page "
                  "before");
    page.after = i->get<std::string>();
  }
  return page;
}

namespace {

constexpr std::uint64_t most_matches = 100;
constexpr std::uint64_t deepest_offset = 10'000;
constexpr std::size_t longest_query = 1'024;

/// Leaves `number` as it is where the member is absent or null.
caf::error take_number(const json& object, const char* name,
                       std::uint64_t least, std::uint64_t most,
                       std::uint32_t& number) {
  auto i = object.find(name);
  if (i == object.end() || i->is_null())
    return {};
  if (!i->is_number_unsigned() || i->get<std::uint64_t>() < least
      || i->get<std::uint64_t>() > most)
    return fail(ec::invalid_request,
                '"' + std::string{name} + "\" is " + i->dump()
                    + "; expected a whole number from " + std::to_string(least)
                    + " to " + std::to_string(most));
  number = i->get<std::uint32_t>();
  return {};
}

caf::expected<std::string> words_in_tokens(std::string_view tokens) {
  std::string words;
  while (!tokens.empty()) {
    auto end = tokens.find_first_of(".-_");
    if (auto part = tokens.substr(0, end); !part.empty()) {
      auto word = parse_token(part);
      if (!word)
        return fail(ec::invalid_request,
                    '"' + std::string{part}
                        + "\" in the subject is no word; expected letters, "
                          "digits and =XX escapes, at most 64 bytes: the body "
                          "takes anything");
      words += (words.empty() ? "" : " ") + *word;
    }
    tokens.remove_prefix(end == std::string_view::npos ? tokens.size()
                                                       : end + 1);
  }
  return words;
}

caf::error take_members(const json& object, artifact_query& query) {
  for (auto* name : {"query", "type"}) {
    auto i = object.find(name);
    if (i == object.end() || i->is_null())
      continue;
    if (!i->is_string())
      return fail(ec::invalid_request,
                  '"' + std::string{name} + "\" is no string; expected text");
    if (name[0] == 't')
      query.type = i->get<std::string>();
    else if (query.words.empty())
      query.words = i->get<std::string>();
    else
      return fail(ec::invalid_request,
                  "there is a query in the subject and another one in the "
                  "body; expected one of them");
  }
  if (auto err = take_number(object, "limit", 1, most_matches, query.limit))
    return err;
  return take_number(object, "offset", 0, deepest_offset, query.offset);
}

}  // namespace

caf::expected<artifact_query>
search_in_body(std::string_view body, std::string_view tokens,
               const config::limit_settings& limits) {
  artifact_query query;
  auto words = words_in_tokens(tokens);
  if (!words)
    return words.error();
  query.words = std::move(*words);
  if (body.find_first_not_of(" \t\r\n") != std::string_view::npos) {
    auto object = object_in(body, limits);
    if (!object)
      return object.error();
    if (auto err = take_members(*object, query))
      return err;
  }
  if (query.words.find_first_not_of(" \t\r\n") == std::string::npos)
    return fail(ec::invalid_request,
                "there is nothing to search for; expected words in \"query\", "
                "or in the subject: template.search.{words}");
  if (query.words.size() > longest_query)
    return fail(ec::invalid_request,
                "the query has " + std::to_string(query.words.size())
                    + " bytes; at most " + std::to_string(longest_query)
                    + " are allowed");
  return query;
}

std::string error_body(const caf::error& why) {
  std::string body = "{\"error\":";
  append_json_string(body, name_of(code_of(why)));
  body += ",\"message\":";
  append_json_string(body, message_of(why));
  if (auto current = current_revision_of(why); current >= 0)
    body += ",\"revision\":" + std::to_string(current);
  return body + "}";
}

std::string with_node(std::string_view id, std::string_view object) {
  std::string result = "{\"node\":";
  append_json_string(result, id);
  if (object.size() > 2)
    result += ',';
  result += object.substr(1);
  return result;
}

}  // namespace larder
