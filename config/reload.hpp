// What SIGHUP changes in a running node, and what waits for a restart.
//
// Thread rule: no state.
#pragma once

#include "config/result.hpp"
#include "config/settings.hpp"

#include <string>
#include <vector>

namespace larder::config {

/// The settings that differ and that only a restart applies, by name.
std::vector<std::string> needs_restart(const settings& before,
                                       const settings& after);

/// The settings that differ and that a reload applies, by name.
std::vector<std::string> reload_applies(const settings& before,
                                        const settings& after);

/// `running` with the values of `loaded` that a reload applies: what a node
/// runs with after one. An error, and nothing is to be applied, when the
/// mixture breaks a rule between two settings of which one needs a restart.
result<settings> after_reload(const settings& running, const settings& loaded);

}  // namespace larder::config
