#include "storage/embedded_text.hpp"

#include "storage/json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <string_view>

namespace larder::embedded {

namespace {

using nlohmann::json;

// What the recursion below can take; far beyond what a node accepts.
constexpr std::uint32_t deepest = 1'000;

/// Keeps a phrase from reaching from one string into the next.
constexpr std::string_view between = " \xe2\x80\xa6 ";

void append(std::string& to, std::string_view text) {
  if (text.empty())
    return;
  if (!to.empty())
    to += between;
  to += text;
}

void append_strings(std::string& to, const json& value) {
  if (value.is_string())
    append(to, value.get_ref<const std::string&>());
  else if (value.is_structured())
    for (auto& part : value)
      append_strings(to, part);
}

bool is_one_of(std::string_view name, auto& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

search_document document_of(const key& k, const value_row& value) {
  static constexpr std::array<std::string_view, 2> names{"name", "title"};
  static constexpr std::array<std::string_view, 2> descriptions{"description",
                                                                "summary"};
  static constexpr std::array<std::string_view, 2> keywords{"tags", "keywords"};
  search_document d;
  d.id = encode(key_view{k});
  d.name = k.id;
  d.filters = {type_filter(k.type)};
  // Some JSON is beyond the parser: numbers without bounds, half a surrogate.
  auto parsed = check_json(value.content, deepest)
                    ? json::parse(value.content, nullptr, false)
                    : json(json::value_t::discarded);
  std::string said;
  if (!parsed.is_object())
    d.body = value.content;
  else
    for (auto& [name, part] : parsed.items())
      if (is_one_of(name, names))
        append_strings(d.keywords, part);
      else if (is_one_of(name, descriptions))
        append_strings(d.description, part);
      else
        append_strings(is_one_of(name, keywords) ? said : d.body, part);
  // A name counts twice, and so for more than what is said of the artifact.
  append(d.description, d.keywords);
  append(d.description, said);
  for (auto& tag : value.tags)
    append(d.description, tag);
  append(d.description, k.type);
  return d;
}

std::string readable(const search_document& document) {
  auto text = document.description;
  append(text, document.body);
  return text;
}

std::string type_filter(std::string_view type) {
  return "t:" + std::string{type};
}

}  // namespace larder::embedded
