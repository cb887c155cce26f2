// What a command reads: a file, or the standard input.
//
// Used by the commands on packages. Thread rule: no state.
#pragma once

#include <caf/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace larder::cli {

/// The bytes of a file, or of stdin (`-`), and no more than `most` of them.
/// Fails with `invalid_request` for a directory and for what cannot be read.
caf::expected<std::string> read_input(const std::string& path,
                                      std::size_t most = SIZE_MAX);

}  // namespace larder::cli
