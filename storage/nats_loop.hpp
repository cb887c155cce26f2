// A NATS connection that one thread drives: it reads what has arrived, answers
// all of it, and writes once. No lock, no other thread, no allocation a
// message; two system calls a batch, and one to wait.
//
// It speaks the protocol itself, over TCP or TLS: nats.c takes ten times the
// CPU of a bare responder for the same work (see node/README.md).
//
// Used by the front door (node/front_door.cpp).
//
// Thread rule: everything belongs to the thread that calls turn(), except what
// says otherwise.
#pragma once

#include "config/settings.hpp"
#include "storage/nats_request.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace larder::nats {

class loop {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Connects to nothing yet: turn() makes the connection, and makes it again
  /// whenever it is lost. Fails with `configuration` for settings that cannot
  /// be used.
  static caf::expected<std::unique_ptr<loop>>
  open(const config::nats_settings& settings, const std::string& name);

  ~loop();
  loop(const loop&) = delete;
  loop& operator=(const loop&) = delete;

  /// Hands each message of `subject` to `handle` in turn(). Survives
  /// reconnects. With a queue, one member of the queue gets each message.
  /// Before the first turn().
  void subscribe(const std::string& subject, const std::string& queue,
                 std::function<void(const request&)> handle);

  /// Stops the subscriptions: the server sends no more requests. Go on with
  /// turn() until drained(). From any thread.
  void drain();

  /// Everything that the server had sent when it heard of drain() has been
  /// handed out; or there is no connection. From any thread.
  bool drained() const;

  /// Writes what is still unwritten, for at most `patience`.
  void flush(std::chrono::milliseconds patience);

  /// Writes what was published; waits until something has arrived, wake() was
  /// called or `longest` has passed; hands out what has arrived and writes the
  /// answers to it. `before_wait` runs before it waits. True if anything
  /// arrived.
  bool turn(std::chrono::milliseconds longest,
            const std::function<void()>& before_wait = {});

  /// When the messages that are being handed out were read.
  time_point received() const;

  /// Publishes a message with the `header` block ("NATS/1.0" to the empty line)
  /// or none. False if it is larger than the server takes. Without a
  /// connection it is lost, and with it whoever waits for it.
  bool publish(std::string_view subject, std::string_view header,
               std::string_view data);

  /// Makes turn() return soon; from any thread.
  void wake();

  /// From any thread.
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
