// What operators' tools read over HTTP: /healthz, /readyz, /metrics. Nothing
// can be changed through it.
//
// Used by node.cpp. Thread rule: `start` and `stop` from one thread; the
// callbacks run on two threads of the plane's, at once, and must not block for
// long.
#pragma once

#include "config/settings.hpp"

#include <caf/expected.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace larder {

class http_plane {
 public:
  struct readiness {
    bool ready = false;
    /// Detail of each tier, a JSON object.
    std::string body;
  };

  struct sources {
    /// False: /healthz says 503, so that a supervisor restarts the process.
    std::function<bool()> alive;
    std::function<readiness()> ready;
    /// The text of /metrics (see exposition.hpp).
    std::function<std::string()> metrics;
  };

  explicit http_plane(sources from);
  /// Stops.
  ~http_plane();
  http_plane(const http_plane&) = delete;
  http_plane& operator=(const http_plane&) = delete;

  /// Serves from now on; answers with the port (which `settings.port` 0 leaves
  /// to the system). Fails with `configuration`, naming host and port, when
  /// that cannot be bound. Once a plane.
  caf::expected<std::uint16_t> start(const config::http_settings& settings);

  /// No request is served after it returns; takes a second at most.
  void stop();

 private:
  struct server;
  std::unique_ptr<server> server_;
};

}  // namespace larder
