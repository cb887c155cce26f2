// Whether the nodes of a cluster can be one: a node with an embedded store has
// its truth to itself, so it must be the only one. Every node answers when the
// cluster's roll is called, and calls it itself before it serves.
//
// Used by node.cpp. Thread rule: call() blocks; answers come on NATS' threads.
#pragma once

#include "storage/nats_client.hpp"

#include <caf/expected.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace larder {

struct roll_member {
  std::string node;
  /// Of the process: a node that is started again is another one.
  std::string incarnation;
  /// truth_source::name().
  std::string truth;
  bool is_shared = true;
  /// It has called the roll, and stays.
  bool settled = false;
  /// Nanoseconds since 1970; decides between two that start together.
  std::int64_t since = 0;
};

/// Why `mine` cannot be there beside the others: `configuration`, naming one of
/// them; no error if it can. Of two that have not settled, the first stays.
caf::error refusal_of(const roll_member& mine,
                      const std::vector<roll_member>& others);

class roll_call {
 public:
  roll_call(std::shared_ptr<nats::client> client, std::string cluster,
            roll_member mine);
  ~roll_call();
  roll_call(const roll_call&) = delete;
  roll_call& operator=(const roll_call&) = delete;

  /// Asks who is there. Fails as refusal_of(), or with `unavailable` when NATS
  /// cannot be reached within `patience`: nobody could ask this node, either.
  caf::expected<void> call(std::chrono::milliseconds patience);

 private:
  std::shared_ptr<nats::client> client_;
  std::string subject_;
  std::shared_ptr<std::atomic<bool>> settled_;
  roll_member mine_;
  nats::subscription answering_;
};

}  // namespace larder
