// How much the pumps of the command line (load, import, collect) do at once,
// and how often they try.
//
// Thread rule: a value.
#pragma once

#include <chrono>
#include <cstdint>

namespace larder::cli {

struct pump_limits {
  /// Requests on their way at once.
  std::uint32_t window = 0;
  /// For one of them, the first included.
  std::uint32_t attempts = 0;
  /// Before the first repetition; twice as long before each further one.
  std::chrono::milliseconds first_pause{};
};

}  // namespace larder::cli
