// A running node: every part put together, in the order in which they need
// each other, and taken apart in the reverse.
//
// Used by the command `larder node` and by programs that run a node in
// themselves. Thread rule: start and stop from one thread; the rest from any.
#pragma once

#include "actors/statistics.hpp"
#include "config/settings.hpp"
#include "node/http_plane.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace larder {

class local_source;
class local_value;

class node {
 public:
  /// Starts to serve; comes back before the node is ready (see ready()). Fails
  /// with `configuration` where no retry helps, with `unavailable` where the
  /// embedded store could not be opened.
  static caf::expected<std::unique_ptr<node>> start(config::settings settings);

  /// Whether the node may be there beside the others of its cluster, see
  /// roll_call.hpp. Fails with `configuration` if not, with `unavailable` while
  /// NATS cannot be reached. Blocks for a second at most.
  caf::expected<void> settle();

  /// Stops.
  ~node();
  node(const node&) = delete;
  node& operator=(const node&) = delete;

  /// Takes no more requests, answers those under way, gives up the relay's
  /// lease, ends every actor. False if that took longer than
  /// `shutdown_timeout`: some thread still waits for a server, and the process
  /// should leave without it.
  bool stop();

  /// Reads in this process, from any thread: see local_reader::get. The first
  /// call of a thread makes it a reader of its own.
  local_value get(std::string_view type, std::string_view id);

  /// For a local_reader of the caller's own; it may outlive the node.
  std::shared_ptr<local_source> local() const;

  /// Whether it may serve: connected, and the fence was taken once.
  bool ready() const;
  http_plane::readiness readiness() const;
  std::string metrics() const;

  /// Takes over what may change while running.
  void reload(const config::settings& settings);

  const std::string& id() const;
  std::uint16_t http_port() const;

 private:
  node();
  struct parts;
  std::unique_ptr<parts> parts_;
};

/// `larder node`: runs until SIGTERM or SIGINT; SIGHUP loads the settings
/// again. Returns the exit code.
int run_node(config::settings settings,
             std::function<caf::expected<config::settings>()> load_again);

}  // namespace larder
