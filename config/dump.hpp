// Settings as YAML: the effective ones for `larder config dump`, and the
// documented defaults that are config/larder.yaml.
//
// Thread rule: pure functions.
#pragma once

#include "config/settings.hpp"

#include <string>

namespace larder::config {

/// Every effective value, without secrets: passwords and tokens, alone or
/// inside an address, are `***`.
std::string dump(const settings& s);

/// The text of config/larder.yaml: every setting with its default, its bounds,
/// a sentence, its usual environment name and whether a reload applies it.
std::string document();

}  // namespace larder::config
