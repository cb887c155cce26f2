// The headers that a request may carry, and those that a reply carries.
//
// Thread rule: functions of their arguments.
#pragma once

#include "config/settings.hpp"
#include "storage/nats_request.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace larder {

namespace header {
inline constexpr const char* tier = "Larder-Tier";
inline constexpr const char* revision = "Larder-Revision";
inline constexpr const char* epoch = "Larder-Epoch";
inline constexpr const char* version = "Larder-Version";
inline constexpr const char* stale = "Larder-Stale";
inline constexpr const char* stale_ms = "Larder-Stale-Ms";
inline constexpr const char* node = "Larder-Node";
inline constexpr const char* min_revision = "Larder-Min-Revision";
inline constexpr const char* expect_revision = "Larder-Expect-Revision";
inline constexpr const char* allow_stale = "Larder-Allow-Stale";
inline constexpr const char* deadline_ms = "Larder-Deadline-Ms";
inline constexpr const char* metadata = "Larder-Metadata";
inline constexpr const char* tags = "Larder-Tags";
/// Between nodes: a change event.
inline constexpr const char* change = "Larder-Change";
inline constexpr const char* service_error = "Nats-Service-Error";
inline constexpr const char* service_error_code = "Nats-Service-Error-Code";
}  // namespace header

struct request_headers {
  std::int64_t min_revision = 0;
  std::optional<std::int64_t> expect_revision;
  bool allow_stale = true;
  std::chrono::milliseconds deadline;
  std::optional<std::int32_t> version;
  std::optional<std::string> metadata;
  std::optional<std::vector<std::string>> tags;
};

/// Headers that are not ours are ignored. Fails with `invalid_request`, naming
/// the header, for a value that is not what it must be.
caf::expected<request_headers>
parse_headers(const nats::request& from, const config::limit_settings& limits);

}  // namespace larder
