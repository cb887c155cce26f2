// A connection to NATS that comes back by itself, and everything but the front
// door's loop that is done over it: publish, subscribe, and requests that block
// nobody (nats.c has none), over one inbox for all of them.
//
// Used by storage/jetstream_*, cluster/ and node/; nats.h is not seen here.
//
// Thread rule: every function may be called from any thread. Handlers,
// completions and watchers run on threads of the client, never inside the call
// that they belong to; they must not block, and must not call the functions
// marked "blocks". What is pending when a client ends fails with `unavailable`
// before its destructor returns.
//
// Failures, as errors of storage/error.hpp: `unavailable` (not connected, or
// the connection broke while the reply was awaited: whether the server acted is
// unknown then), `deadline_exceeded`, `too_large` (over the server's limit),
// `invalid_request` (not a subject).
#pragma once

#include "config/settings.hpp"
#include "storage/nats_message.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace larder::nats {

using std::chrono::milliseconds;

class client_core;

/// Ends what it stands for when destroyed or reset: a subscription, a watcher.
/// Afterwards the handler neither runs nor will run, unless it is the handler
/// that does this. Do not end one while holding a lock that its handler takes.
class subscription {
 public:
  subscription() = default;
  explicit subscription(std::function<void()> end) : end_(std::move(end)) {}
  subscription(subscription&& other) noexcept
      : end_(std::exchange(other.end_, nullptr)) {}
  subscription& operator=(subscription&& other) noexcept {
    reset();
    end_ = std::exchange(other.end_, nullptr);
    return *this;
  }
  ~subscription() { reset(); }
  void reset() {
    if (auto end = std::exchange(end_, nullptr))
      end();
  }
  explicit operator bool() const { return end_ != nullptr; }

 private:
  std::function<void()> end_;
};

struct client_counters {
  std::uint64_t requests = 0;
  std::uint64_t replies = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t failures = 0;
  std::uint64_t late_replies = 0;
  std::uint64_t published = 0;
  std::uint64_t disconnects = 0;
  std::uint64_t pending = 0;
};

class client {
 public:
  using completion = std::function<void(caf::expected<message>)>;
  using handler = std::function<void(message)>;

  /// A client that connects in the background, and again whenever the
  /// connection is lost, for as long as it lives. Fails with `configuration`
  /// if the settings can never work.
  static caf::expected<std::shared_ptr<client>>
  connect(const config::nats_settings& settings, const std::string& name);

  /// For the command line: blocks, tries each server once. Fails with
  /// `configuration` (wrong URL, credentials refused, TLS trouble) or
  /// `unavailable` (nobody answers), in a sentence for the operator.
  static caf::expected<std::shared_ptr<client>>
  connect_now(const config::nats_settings& settings, const std::string& name);

  ~client();
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  /// Ends everything as the destructor does, while others still hold the
  /// client: what is pending fails, later calls fail with `unavailable`.
  void close();

  bool connected() const;

  /// Blocks until connected. Fails with `unavailable` and the reason of the
  /// last attempt.
  caf::expected<void> wait_connected(milliseconds timeout);

  /// Hands one message to the connection; says nothing of its arrival.
  caf::expected<void> publish(const std::string& subject, const headers& lines,
                              std::string_view data,
                              const std::string& reply = {});

  /// Blocks until the server has seen all that was published before.
  caf::expected<void> flush(milliseconds timeout);

  /// Completes with the first reply, which may be the server's "no
  /// responders" (see message::is_no_responders), or with a failure; exactly
  /// once. Fails at once while disconnected.
  void request(const std::string& subject, const headers& lines,
               std::string_view data, milliseconds timeout, completion done);

  /// The same; blocks.
  caf::expected<message> request_sync(const std::string& subject,
                                      const headers& lines,
                                      std::string_view data,
                                      milliseconds timeout);

  /// Blocks; every reply until `max_wait` is over, `stall` has passed since the
  /// last one, or `last` says that this was it. Empty if nobody listens.
  caf::expected<std::vector<message>>
  request_many(const std::string& subject, const headers& lines,
               std::string_view data, milliseconds max_wait, milliseconds stall,
               std::function<bool(const message&)> last = {});

  /// Calls `on_message` for each message, one at a time, in order; across
  /// reconnects. With a queue, one member of the queue gets each message.
  caf::expected<subscription> subscribe(const std::string& subject,
                                        const std::string& queue,
                                        handler on_message);

  /// Calls `on_change` with true after each (re)connect and with false after
  /// each disconnect, not with the state as it is now.
  subscription watch(std::function<void(bool connected)> on_change);

  /// Calls `what` once after `delay`, or never if the client ends before.
  void run_after(milliseconds delay, std::function<void()> what);

  /// A subject nobody else has, to receive replies on.
  std::string new_inbox() const;

  /// The URL connected to, without credentials; empty while disconnected.
  std::string server() const;

  /// Bytes that one message may have, headers included; 0 while disconnected.
  std::uint64_t max_payload() const;

  client_counters counters() const;

 private:
  explicit client(std::shared_ptr<client_core> core);
  std::shared_ptr<client_core> core_;
};

}  // namespace larder::nats
