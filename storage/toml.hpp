// TOML as JSON: Cargo's manifests, lock files and configuration. The one place
// that knows the library.
//
// Used by the .cpp files that read them. Thread rule: no state. No call throws.
#pragma once

#include <caf/expected.hpp>
#include <nlohmann/json_fwd.hpp>

#include <string_view>

namespace larder {

/// Dates and times become texts. Fails with `invalid_request` and the line for
/// what is no TOML.
caf::expected<nlohmann::json> parse_toml(std::string_view text);

}  // namespace larder
