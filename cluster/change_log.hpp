// The change log: one ordered, durable record of what changed, shared by every
// node. A JetStream stream bound to `template.updated.>`,
// `template.invalidate.>` and the log's own `larder.log.>` (fences).
//
// This is the port; jetstream_log is the real one, tests/support has the
// simulated one. What to do about a gap is decided by the invalidation actor,
// not here.
//
// Thread rule: as in storage/kv_store.hpp.
#pragma once

#include <caf/expected.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>

namespace larder {

/// A place in the log. After a loss the log reuses sequences, so a place is
/// known by its sequence together with the time stamp that the server gave the
/// record there (nanoseconds since 1970), which no later record shares.
struct log_position {
  std::uint64_t sequence = 0;
  std::int64_t stored_at = 0;
  bool operator==(const log_position&) const = default;
};

/// What tells a record from every other: its place, and the `Nats-Msg-Id` that
/// it was published with (empty: none).
struct log_identity {
  log_position at;
  std::string message_id;
};

struct log_record {
  log_position at;
  std::string subject;
  std::string payload;
};

struct log_info {
  /// When the stream was created (nanoseconds since 1970).
  std::int64_t created = 0;
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;
};

/// Where reading starts: at a sequence, or at the first record no older than a
/// duration.
using log_start = std::variant<std::uint64_t, std::chrono::milliseconds>;

class change_log {
 public:
  template <class T>
  using on = std::function<void(caf::expected<T>)>;

  struct reader {
    /// Records in order, none left out, none twice.
    std::function<void(log_record)> on_record;
    /// Reading has ended (connection, consumer or stream lost; heartbeat
    /// missing). Nothing more comes; open again.
    std::function<void(caf::error)> on_lost;
  };

  virtual ~change_log() = default;

  /// Appends; completes with the record's sequence once it is stored. A
  /// `msg_id` seen within the stream's duplicate window is stored once.
  virtual void publish(std::string subject, std::string msg_id,
                       std::string payload, std::chrono::milliseconds timeout,
                       on<std::uint64_t> done) = 0;

  /// Makes the stream if it is missing, then says what it holds.
  virtual void info(std::chrono::milliseconds timeout, on<log_info> done) = 0;

  /// What stands at this sequence now, or nothing if nothing does.
  virtual void at(std::uint64_t sequence, std::chrono::milliseconds timeout,
                  on<std::optional<log_identity>> done) = 0;

  /// Starts to read, instead of what was read before.
  virtual void read(log_start start, reader to) = 0;

  virtual void stop() = 0;
};

}  // namespace larder
