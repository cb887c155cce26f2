// One reading of the change log: an ephemeral push consumer that acknowledges
// nothing, and the checks that turn anything irregular into `on_lost`.
//
// Used by cluster/jetstream_log.cpp, and by cluster/bucket_contents.cpp for
// another stream than the log.
//
// nats.c's own ordered consumer restarts itself silently where a gap must be
// told, and goes deaf after a server restart; so this one is made by hand.
//
// Thread rule: begin and end from any thread; the reader's functions run on the
// client's threads, never two at a time.
#pragma once

#include "cluster/change_log.hpp"
#include "storage/jetstream_api.hpp"
#include "storage/nats_client.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace larder {

/// What the reply subject of a delivered message says of it.
struct delivery {
  std::string_view consumer;
  std::uint64_t stream_sequence = 0;
  std::uint64_t consumer_sequence = 0;
  std::int64_t stored_at = 0;
};

/// "$JS.ACK.…", in both of its forms; nothing for any other subject.
std::optional<delivery> parse_delivery(std::string_view reply);

class jetstream_reader : public std::enable_shared_from_this<jetstream_reader> {
 public:
  jetstream_reader(std::shared_ptr<nats::client> client,
                   nats::stream_wish stream, std::string filter,
                   change_log::reader to);

  /// Subscribes, then makes the consumer, and the stream if there is none.
  void begin(log_start start);

  /// Reads the last message of each of the stream's subjects, then what comes;
  /// without the payloads. `opened` hears how many there were. A stream that
  /// does not exist is not made: reading has ended.
  void begin_subjects(std::function<void(std::uint64_t pending)> opened);

  /// Nothing is called any more once this has returned, unless it is one of
  /// the reader's functions that calls it.
  void end();

 private:
  using clock = std::chrono::steady_clock;

  void start();
  void make_consumer(bool again);
  void on_made(caf::expected<nats::js_reply> reply, bool again);
  void on_message(nats::message m);
  /// What is wrong with the message, or nothing.
  caf::error take(const nats::message& m);
  caf::error take_control(const nats::message& m);
  void watch_heartbeat();
  void lose(caf::error why);
  void let_go();

  const std::shared_ptr<nats::client> client_;
  const nats::stream_wish stream_;
  /// Only records of this subject; empty: all.
  const std::string filter_;
  const change_log::reader to_;
  const std::string inbox_;

  // Recursive: the reader's functions may call end().
  std::recursive_mutex mutex_;
  log_start start_;
  /// Reads subjects, rather than the log from its start.
  std::function<void(std::uint64_t)> opened_;
  bool over_ = false;
  std::string consumer_;
  std::uint64_t last_delivered_ = 0;
  clock::time_point heard_;
  nats::subscription messages_;
  nats::subscription connection_;
};

}  // namespace larder
