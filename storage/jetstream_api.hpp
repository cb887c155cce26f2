// JetStream's own requests: JSON in, JSON or an error code out; and the way a
// stream is found, made or adopted.
//
// Used by storage/jetstream_kv.cpp and cluster/jetstream_log.cpp.
//
// Thread rule: every call returns at once, from any thread; completions as in
// storage/nats_client.hpp. Failures: `unavailable` (not connected, JetStream
// not enabled or without a leader), `deadline_exceeded`.
#pragma once

#include "storage/nats_client.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::nats {

/// Codes of JetStream's that mean something to us.
namespace js {
inline constexpr int stream_not_found = 10059;
inline constexpr int message_not_found = 10037;
inline constexpr int wrong_last_sequence = 10071;
inline constexpr int wrong_last_sequence_constant = 10164;
inline constexpr int stream_name_in_use = 10058;
inline constexpr int subjects_overlap = 10065;
inline constexpr int replicas_not_supported = 10074;
inline constexpr int no_suitable_peers = 10005;
inline constexpr int account_resources_exceeded = 10002;
inline constexpr int insufficient_resources = 10023;
inline constexpr int memory_exceeded = 10028;
inline constexpr int storage_exceeded = 10047;
}  // namespace js

/// A reply of JetStream's: its body, or its error (err_code not 0).
struct js_reply {
  std::string body;
  int err_code = 0;
  std::string description;
};

using on_js = std::function<void(caf::expected<js_reply>)>;

/// Requests `$JS.API.<subject>`.
void js_request(client& on, const std::string& subject, std::string_view json,
                milliseconds timeout, on_js done);

/// Publishes to a subject that a stream captures; the reply is its PubAck.
/// Without such a stream the failure is `not_found`.
void js_publish(client& on, const std::string& subject, const headers& lines,
                std::string_view data, milliseconds timeout,
                std::function<void(caf::expected<std::uint64_t>)> done);

/// What a stream should be.
struct stream_wish {
  std::string name;
  std::vector<std::string> subjects;
  /// memory or file
  std::string storage = "file";
  std::uint32_t replicas = 1;
  /// Zero: no limit.
  milliseconds max_age{0};
  std::uint64_t max_bytes = 0;
  std::uint64_t max_per_subject = 0;
  milliseconds duplicate_window{120'000};
  /// Refuse new messages over the limits, rather than drop the oldest.
  bool discard_new = false;
  /// Roll-ups allowed and deletes denied: what a key-value bucket is.
  bool key_value = false;
  /// Subjects that may be added to a stream that is there: a later release
  /// captures more than the one that made it.
  std::vector<std::string> added;
};

/// What a stream is.
struct stream_facts {
  /// Made just now, and so empty.
  bool made = false;
  bool allow_direct = false;
  /// Nanoseconds since 1970.
  std::int64_t created = 0;
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;
};

/// Finds the stream as it is; makes it only if there is none, with fewer
/// replicas or bytes if the servers cannot hold as many. What differs from the
/// wish is logged as a warning and accepted. A stream of another
/// name that has one of the subjects, or an existing one that lacks one that
/// may not be added, is `unavailable`, in a sentence that names them.
void ensure_stream(std::shared_ptr<client> on, stream_wish wish,
                   milliseconds timeout,
                   std::function<void(caf::expected<stream_facts>)> done);

/// A message as STREAM.MSG.GET tells of it.
struct stored_message {
  std::string subject;
  std::uint64_t sequence = 0;
  /// Nanoseconds since 1970.
  std::int64_t time = 0;
  /// Header lines as they were sent, or empty.
  std::string header_block;
  std::string data;
};
caf::expected<stored_message> parse_stored(const std::string& body);

/// The value of a header in such a block, or nothing.
std::optional<std::string_view> header_in(std::string_view block,
                                          std::string_view name);

/// "2026-01-31T12:00:00.123456789Z" → nanoseconds since 1970; 0 if it is none.
std::int64_t parse_time(std::string_view text);
/// The same, the other way.
std::string format_time(std::int64_t nanoseconds);

}  // namespace larder::nats
