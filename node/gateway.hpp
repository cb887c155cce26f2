// The gateway: an actor that turns what the front door could not answer from
// memory into messages to the actors that can, and their answers into replies.
// Everything that a client may get wrong in a body is found here.
//
// Several of them share the work; each has a view of the memory of its own, so
// that a request for many keys takes from memory what is there in one pass.
#pragma once

#include "actors/handles.hpp"
#include "actors/patience.hpp"
#include "actors/statistics.hpp"
#include "config/settings.hpp"
#include "node/call.hpp"
#include "node/request_headers.hpp"
#include "storage/read_view.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace larder {

using gateway_actor = caf::typed_actor<
    // Answer it, now or later.
    caf::reacts_to<call_ptr>,
    // The limits that hold from now on.
    caf::reacts_to<limits_atom, config::limit_settings>,
    // To itself.
    caf::reacts_to<continuation>>;

struct gateway_context {
  std::shared_ptr<hot_tier> memory;
  std::vector<shard_actor> shards;
  cold_actor cold;
  statistics_actor statistics;
  config::limit_settings limits;
  std::string node_id;
  /// Bytes that one reply may have.
  std::function<std::uint64_t()> max_reply_bytes;
};

class gateway_state {
 public:
  using pointer = gateway_actor::stateful_pointer<gateway_state>;
  static inline const char* name = "gateway";

  explicit gateway_state(pointer self) : self_(self), patience_(self) {}
  void start(gateway_context context);
  void serve(call_ptr c);
  void limit(const config::limit_settings& limits) { context_.limits = limits; }

 private:
  void get(call_ptr c);
  void put(call_ptr c);
  void remove(call_ptr c);
  void mget(call_ptr c);
  void list(call_ptr c);
  void search(call_ptr c);
  void stats(call_ptr c);

  void read(call_ptr c, key k);
  /// Asks the key's shard for as long as the caller waits.
  void ask_shard(const call& c, const request_headers& headers, const key& k,
                 std::function<void(answer&)> found,
                 std::function<void(const caf::error&)> failed);
  void write(call_ptr c, write_request request);
  caf::expected<key> key_in_body(const call& c) const;
  const shard_actor& shard_of_key(const key& k) const;
  std::chrono::milliseconds left(const call& c,
                                 std::chrono::milliseconds deadline) const;

  pointer self_;
  patience<pointer> patience_;
  gateway_context context_;
  std::unique_ptr<read_view> view_;
};

gateway_actor::behavior_type gateway(gateway_state::pointer self,
                                     gateway_context context);

}  // namespace larder

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::config::limit_settings)
