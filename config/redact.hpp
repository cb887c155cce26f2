// Addresses without the secrets in them, for logs, error sentences and `dump`.
//
// Thread rule: pure functions.
#pragma once

#include <string>

namespace larder::config {

/// `address` with every password and token replaced by `***`. Knows NATS URLs
/// (a list too, and the token form `nats://TOKEN@host`), PostgreSQL URIs with
/// their `?password=`, and key=value connection strings. In doubt it hides too
/// much rather than too little.
std::string redact_url(std::string address);

}  // namespace larder::config
