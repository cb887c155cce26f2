// The front door: one event loop on one NATS connection. Reads what has
// arrived, answers every hit from memory itself, hands the rest to the
// gateways, and writes all answers at once. No actor message on a hit, no lock,
// no allocation, no copy of the value but the one into the connection's buffer.
//
// Thread rule: start() and stop() from the owner; the loop is a thread of its
// own. The traffic counters may be read by anybody.
#pragma once

#include "actors/traffic.hpp"
#include "config/settings.hpp"
#include "node/call.hpp"
#include "node/gateway.hpp"
#include "node/memory_mget.hpp"
#include "node/reply_header.hpp"
#include "storage/nats_loop.hpp"
#include "storage/read_view.hpp"

#include <caf/expected.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace larder {

/// What is served beside the collection.
struct door_service {
  std::vector<std::string> subjects;
  std::function<bool(std::string_view subject)> serves;
  /// Answers it, now or later; call::tokens is the subject.
  std::function<void(call_ptr)> take;
};

struct front_door_context {
  config::settings settings;
  std::string node_id;
  collection_subjects collection;
  std::shared_ptr<hot_tier> memory;
  std::shared_ptr<larder::traffic> traffic;
  std::vector<gateway_actor> gateways;
  std::vector<shard_actor> shards;
  /// Answers an operator's or a service request; may answer later and more
  /// than once.
  std::function<void(call_ptr)> control;
  std::vector<door_service> services;
};

class front_door {
 public:
  explicit front_door(front_door_context context);
  ~front_door();
  front_door(const front_door&) = delete;
  front_door& operator=(const front_door&) = delete;

  /// Subscribes and begins to serve. Fails with `configuration`.
  caf::expected<void> start();

  /// Takes no more requests, answers those under way for at most `patience`,
  /// ends the loop.
  void stop(std::chrono::milliseconds patience);

  /// Tells every node of a change that was committed here, before any answer
  /// that is given after this call is written.
  void tell(const change_notice& committed);

  /// The limits that hold from the next turn on.
  void limit(const config::limit_settings& limits);

  bool connected() const { return loop_ && loop_->connected(); }

  /// Bytes that one reply may have.
  std::uint64_t max_reply_bytes() const { return loop_->max_payload(); }

 private:
  struct outgoing {
    call_ptr to;
    reply content;
  };

  void subscribe();
  void subscribe_changes();
  void hear(change heard, const nats::request* told);
  void write_committed(const change_notice& committed);
  void run();
  void get(const nats::request& m, std::string_view tokens);
  void request(const nats::request& m, std::string_view subject);
  bool mget_from_memory(const nats::request& m);
  bool answer_from_memory(const nats::request& m, std::string_view tokens);
  void pass_on(const nats::request& m, const request_address& address);
  void serve(const nats::request& m, std::string_view subject,
             const door_service& by);
  bool admit(const call& c);
  void operate(const nats::request& m, std::string_view operation);
  call_ptr make_call(const nats::request& m);
  void enqueue(call_ptr to, reply content);
  void write_queued();
  void write(const call& to, const reply& content);
  void write_value(std::string_view to, const artifact& value, tier from,
                   const reply* more);
  void write_body(std::string_view to, std::string_view body,
                  const reply* more = nullptr);
  void write_error(std::string_view to, const caf::error& why,
                   std::string_view given_body = {});
  void count(const call& to, const reply& content);

  front_door_context context_;
  std::unique_ptr<nats::loop> loop_;
  std::unique_ptr<read_view> view_;
  std::thread thread_;
  std::atomic<bool> stopping_{false};
  std::size_t next_gateway_ = 0;
  value_header value_header_;
  memory_mget memory_mget_;

  std::mutex mutex_;
  std::vector<outgoing> queue_;
  std::vector<change_notice> committed_;
  std::optional<config::limit_settings> new_limits_;
};

}  // namespace larder
