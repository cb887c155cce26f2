// A NATS connection driven by an event loop of our own: one thread reads what
// has arrived, answers all of it, and writes once. No thread of the library's,
// no wait before a write, two system calls a batch.
//
// Used by the front door (node/front_door.cpp).
//
// Thread rule: everything belongs to the thread that calls turn(), except
// wake(), connected() and the counters.
#pragma once

#include "config/settings.hpp"
#include "storage/nats_message.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace larder::nats {

class loop {
 public:
  /// Returns at once; the connection is made in the background, and again
  /// whenever it is lost. Fails with `configuration`.
  static caf::expected<std::unique_ptr<loop>>
  open(const config::nats_settings& settings, const std::string& name);

  ~loop();
  loop(const loop&) = delete;
  loop& operator=(const loop&) = delete;

  /// Hands each message of `subject` to `handle` in turn(). Survives
  /// reconnects. With a queue, one member of the queue gets each message.
  /// Subjects are served in the order in which they were added.
  caf::expected<void> subscribe(const std::string& subject,
                                const std::string& queue,
                                std::function<void(message&)> handle);

  /// Stops the subscriptions: the server sends no more requests. Go on with
  /// turn() until drained(); from any thread.
  void drain();

  /// Everything that the server had sent when it heard of drain() has been
  /// handed out; from any thread.
  bool drained() const;

  /// Writes what is still unwritten, for at most `patience`.
  void flush(std::chrono::milliseconds patience);

  /// Waits until something has arrived, wake() was called or `longest` has
  /// passed; hands out all that has arrived; writes what was published.
  /// `before_wait` runs if it is going to wait. True if anything arrived.
  bool turn(std::chrono::milliseconds longest,
            const std::function<void()>& before_wait = {});

  /// A header.
  struct line {
    const char* name;
    const char* value;
  };

  /// Publishes a message; it is written when the next turn begins. False if
  /// it is larger than the server takes.
  bool publish(const char* subject, const line* lines, std::size_t count,
               std::string_view data);

  /// Makes turn() return soon; from any thread.
  void wake();

  bool connected() const;
  std::uint64_t reconnects() const;

  /// Bytes that one message may have, headers included; from any thread.
  std::uint64_t max_payload() const;

 private:
  loop();
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace larder::nats
