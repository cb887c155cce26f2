// A certificate that signs itself, for a test server on loopback.
//
// Used by tests of TLS. Thread rule: a function of its arguments.
#pragma once

#include <string>

namespace larder::test {

/// Writes `directory`/cert.pem, valid for an hour for localhost and 127.0.0.1,
/// and `directory`/key.pem.
void write_certificate(const std::string& directory);

}  // namespace larder::test
