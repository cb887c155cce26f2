// The environment variables of a process, as a value: tests hand in their own.
//
// Thread rule: values; `process_environment` is for start-up, before threads.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::config {

class draft;

/// "NAME=value" each.
using environment = std::vector<std::string>;

/// That of this process.
environment process_environment();

/// The value of a variable; nothing when it is absent.
std::optional<std::string> variable(const environment& env,
                                    std::string_view name);

/// Sets what the environment says: first the usual names (`NATS_URL` …), then
/// `LARDER_SECTION__KEY` over them. A `LARDER_` name with `__` that is no
/// setting is a problem that names the nearest one; without `__` it is not
/// ours (`LARDER_HTTP` is for clients), but for keys of the top level.
void apply_environment(const environment& env, draft& into);

}  // namespace larder::config
