// The one list of settings. YAML keys, environment names, validation, `dump`,
// larder.yaml and what a reload may apply all come from here: a setting that
// is not in it does not exist.
//
// Thread rule: immutable.
#pragma once

#include "config/setting.hpp"

#include <span>
#include <string_view>

namespace larder::config {

struct section {
  std::string_view name;
  std::string_view sentence;
};

/// Every setting, those of one section together, in the order of `sections`;
/// those of the top level first.
std::span<const setting> all_settings();

/// Every section.
std::span<const section> sections();

/// The setting of that dotted name; null when there is none.
const setting* find_setting(std::string_view name);

/// Whether that is the name of a section.
bool is_section(std::string_view name);

/// The setting whose name (or, for a name without its section, whose key) is
/// the fewest edits away from `name`.
const setting& nearest_setting(std::string_view name);

/// The section whose name is the fewest edits away from `name`.
const section& nearest_section(std::string_view name);

}  // namespace larder::config
