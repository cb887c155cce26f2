#include "cluster/fence.hpp"

#include "storage/error.hpp"

#include <nlohmann/json.hpp>

namespace larder {

std::string to_body(const fence& f) {
  return nlohmann::json{{"epoch", f.epoch},
                        {"nonces", f.nonces},
                        {"after", f.after},
                        {"after_id", f.after_id},
                        {"bucket", f.bucket}}
      .dump();
}

caf::expected<fence> parse_fence(std::string_view body) {
  // Anybody may publish to the log: a nesting that no fence has is refused
  // before it is parsed.
  auto no_fence = [] {
    return fail(ec::invalid_request,
                "a fence is {\"epoch\": text, \"nonces\": [text, ...]}");
  };
  if (body.empty() || body.find('{', 1) != std::string_view::npos
      || body.find("[[") != std::string_view::npos)
    return no_fence();
  auto json = nlohmann::json::parse(body, nullptr, false);
  if (!json.is_object() || !json.contains("epoch") || !json["epoch"].is_string()
      || !json.contains("nonces") || !json["nonces"].is_array())
    return no_fence();
  fence f{json["epoch"].get<std::string>(), {}};
  for (auto& nonce : json["nonces"])
    if (nonce.is_string())
      f.nonces.push_back(nonce.get<std::string>());
  if (auto i = json.find("after"); i != json.end() && i->is_number_unsigned())
    f.after = i->get<std::uint64_t>();
  if (auto i = json.find("after_id"); i != json.end() && i->is_string())
    f.after_id = i->get<std::string>();
  if (auto i = json.find("bucket"); i != json.end() && i->is_number_unsigned())
    f.bucket = i->get<std::uint32_t>();
  return f;
}

}  // namespace larder
