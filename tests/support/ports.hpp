// Ports of the loopback interface, for the servers that tests start and for
// addresses at which nobody answers.
#pragma once

#include <cstdint>

namespace larder::test {

/// A port of the loopback address that nobody listens on.
std::uint16_t free_port();

/// Whether something accepts connections there.
bool accepts_connections(std::uint16_t port);

}  // namespace larder::test
