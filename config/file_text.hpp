// A small file as one string: the configuration, a secret, a NATS context.
//
// Thread rule: no state; blocks on the file system.
#pragma once

#include "config/result.hpp"

#include <string>

namespace larder::config {

/// All of `path`. An error names the path and says why: absent, not permitted,
/// a directory, or over 1 MiB, which none of these files is.
result<std::string> file_text(const std::string& path);

}  // namespace larder::config
