// Asks one registry, politely and with patience: under its rate limit, again
// after a failure that may pass, later and later, never after the deadline, and
// not before the registry said to come back (Retry-After).
//
// Used by the registries (registry_npm.cpp …), one client a download. Thread
// rule: one thread; the gate is shared.
#pragma once

#include "storage/registry_gate.hpp"
#include "storage/registry_http.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace larder {

/// What sends one request: registry_http::get in a node, a script in tests.
using http_get =
    std::function<caf::expected<http_response>(const http_request&)>;

/// The passing of time, so that tests need none.
struct registry_patience {
  std::function<std::chrono::steady_clock::time_point()> now;
  /// Waits; false if it was told to stop instead.
  std::function<bool(std::chrono::steady_clock::time_point)> wait_until;
  /// From 0 to 1: spreads the repetitions of many.
  std::function<double()> chance;
};

/// The real time; `stop` ends a wait within 50 ms.
registry_patience real_patience(std::shared_ptr<const std::atomic<bool>> stop);

struct retry_limits {
  /// The first included.
  std::uint32_t attempts = 4;
  std::chrono::milliseconds first_pause{250};
  std::chrono::milliseconds longest_pause{8'000};
  /// Of one attempt.
  std::chrono::milliseconds timeout{30'000};
};

/// The validators that came with what is kept.
struct validators {
  std::string etag;
  std::string last_modified;
  bool operator==(const validators&) const = default;
};

struct registry_request {
  std::string url;
  std::string accept;
  std::uint64_t max_bytes = 32ull << 20;
  /// Sent along: "answer only if it changed".
  validators known;
  /// See http_request.
  bool as_it_is = false;
};

class registry_client {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// `authorization`: the value of that header for the origin of `base`, and
  /// for no other; empty: none.
  registry_client(http_get get, std::shared_ptr<registry_gate> gate,
                  registry_patience time, retry_limits limits,
                  time_point deadline, std::string base,
                  std::string authorization);

  /// An answer with status 200, or 304 if `known` was sent. Fails with
  /// `not_found` (404, 410), `unavailable` (after all attempts, or a status
  /// that a retry does not mend), `busy` (it said to come back after the
  /// deadline), `deadline_exceeded`, and what registry_http::get says.
  caf::expected<http_response> get(const registry_request& request);

  /// Bytes that came over the wire so far.
  std::uint64_t wire_bytes() const { return wire_bytes_; }

 private:
  caf::expected<http_response> attempt(const registry_request& request);

  http_get get_;
  std::shared_ptr<registry_gate> gate_;
  registry_patience time_;
  retry_limits limits_;
  time_point deadline_;
  std::string base_;
  std::string authorization_;
  std::uint64_t wire_bytes_ = 0;
};

}  // namespace larder
