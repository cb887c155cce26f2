// Request bodies: what JSON a client may send beside values, and how it becomes
// keys and pages.
//
// For .cpp files. Thread rule: functions of their arguments. Failures are
// `invalid_request` in a sentence for the client.
#pragma once

#include "config/settings.hpp"
#include "storage/artifact_search.hpp"
#include "storage/json.hpp"
#include "storage/key.hpp"

#include <caf/expected.hpp>
#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

/// The body as a JSON object, nested no deeper than allowed.
caf::expected<nlohmann::json> object_in(std::string_view body,
                                        const config::limit_settings& limits);

/// The key that `{"type","id"}` names.
caf::expected<key> key_of(const nlohmann::json& object);

/// The keys of an mget; each on its own may be one that is refused.
caf::expected<std::vector<caf::expected<key>>>
keys_in_body(std::string_view body, const config::limit_settings& limits);

struct page_request {
  std::uint32_t limit;
  std::string after;
};

/// `{"limit","after"}`, both optional; so is the body.
caf::expected<page_request> page_in_body(std::string_view body,
                                         const config::limit_settings& limits,
                                         std::uint32_t default_limit,
                                         std::uint32_t largest_limit);

/// `{"query","type","limit","offset"}`, all but the query optional; so is the
/// body if the subject's tokens hold the query (empty tokens: they do not). In
/// tokens, `-` and `_` separate words as `.` does.
caf::expected<artifact_query>
search_in_body(std::string_view body, std::string_view tokens,
               const config::limit_settings& limits);

/// `{"error", "message"}`, and the current revision of a conflict.
std::string error_body(const caf::error& why);

/// `{…}` with `"node": id` put in front.
std::string with_node(std::string_view id, std::string_view object);

}  // namespace larder
