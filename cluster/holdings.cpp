#include "cluster/holdings.hpp"

#include "storage/error.hpp"

#include <nlohmann/json.hpp>

#include <utility>

namespace larder {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// Names and epochs are UTF-8, or the node has not checked them.
std::string text_of(const ordered_json& body) {
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string text_in(const json& object, const char* name) {
  auto i = object.find(name);
  return i != object.end() && i->is_string() ? i->get<std::string>() : "";
}

template <class T>
T number_in(const json& object, const char* name) {
  auto i = object.find(name);
  return i != object.end() && i->is_number_integer() ? i->get<T>() : T{};
}

answer_mark mark_in(const json& object) {
  answer_mark m;
  m.present = !object.contains("absent");
  m.info.revision = number_in<std::int64_t>(object, "revision");
  m.info.version = number_in<std::int32_t>(object, "version");
  m.info.epoch = epoch{text_in(object, "epoch")};
  m.digest = text_in(object, "digest");
  return m;
}

ordered_json to_json(const answer_mark& m) {
  ordered_json object{{"revision", m.info.revision},
                      {"version", m.info.version},
                      {"epoch", m.info.epoch.text()},
                      {"digest", m.digest}};
  if (!m.present)
    object["absent"] = true;
  return object;
}

}  // namespace

ordered_json to_json(const key& k) {
  return {{"type", k.type}, {"id", k.id}};
}

std::string held_request(std::span<const key> keys, std::uint32_t sample,
                         std::string_view tier) {
  ordered_json list = json::array();
  for (auto& k : keys)
    list.push_back(to_json(k));
  return text_of(
      {{"keys", std::move(list)}, {"sample", sample}, {"tier", tier}});
}

ordered_json to_json(const node_holdings& holdings) {
  ordered_json held = json::array();
  for (auto& one : holdings.held)
    held.push_back(one ? to_json(*one) : ordered_json(nullptr));
  ordered_json sample = json::array();
  for (auto& k : holdings.sample)
    sample.push_back(to_json(k));
  return {{"held", std::move(held)}, {"sample", std::move(sample)}};
}

caf::expected<node_holdings> holdings_in(std::string_view reply,
                                         std::size_t keys) {
  auto body = json::parse(reply, nullptr, false);
  auto list = [&](const char* name) {
    auto i = body.is_object() ? body.find(name) : body.end();
    return body.is_object() && i != body.end() && i->is_array() ? *i
                                                                : json(nullptr);
  };
  auto held = list("held");
  auto node = body.is_object() ? text_in(body, "node") : std::string{};
  if (!held.is_array() || held.size() != keys || node.empty())
    return fail(ec::invalid_request, "this is no answer to \"held\"");
  node_holdings result;
  result.node = std::move(node);
  result.held.resize(keys);
  for (std::size_t i = 0; i < keys; ++i)
    if (held[i].is_object())
      result.held[i] = mark_in(held[i]);
  for (auto& one : list("sample"))
    if (one.is_object())
      if (auto k = make_key(text_in(one, "type"), text_in(one, "id")))
        result.sample.push_back(std::move(*k));
  return result;
}

ordered_json to_json(std::span<const fingerprint> all) {
  ordered_json list = json::array();
  for (auto& f : all)
    list.push_back({{"type", f.key.type},
                    {"id", f.key.id},
                    {"revision", f.info.revision},
                    {"version", f.info.version},
                    {"epoch", f.info.epoch.text()},
                    {"present", f.present},
                    {"digest", f.digest},
                    {"age_ms", f.age.count()}});
  return {{"keys", std::move(list)}};
}

caf::expected<std::vector<fingerprint>>
fingerprints_in(std::string_view reply) {
  auto body = json::parse(reply, nullptr, false);
  auto list = body.is_object() ? body.value("keys", json(nullptr)) : json();
  if (!list.is_array())
    return fail(ec::invalid_request, "this is no answer to \"truth\"");
  std::vector<fingerprint> result;
  for (auto& one : list) {
    auto k = one.is_object()
                 ? make_key(text_in(one, "type"), text_in(one, "id"))
                 : caf::expected<key>{make_error(ec::invalid_request)};
    if (!k)
      return fail(ec::invalid_request, "an answer to \"truth\" has no key");
    auto m = mark_in(one);
    result.push_back(
        {std::move(*k), m.info, one.value("present", json(false)) == json(true),
         m.digest,
         std::chrono::milliseconds{number_in<std::int64_t>(one, "age_ms")}});
  }
  return result;
}

}  // namespace larder
