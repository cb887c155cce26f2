// What readers in the process share with their node: its memory, and the way
// to the tiers behind it for as long as the node runs.
//
// Used by node/local_reader.hpp and node/node.cpp.
//
// Thread rule: any thread.
#pragma once

#include "node/gateway.hpp"
#include "storage/read_view.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

namespace larder {

/// What a read that memory could not answer came to.
struct local_answer {
  artifact_ptr value;
  larder::tier tier = larder::tier::memory;
  bool stale = false;
  /// Why there is no value.
  caf::error failure;
};

class local_source {
 public:
  local_source(std::shared_ptr<hot_tier> memory,
               std::vector<gateway_actor> gateways,
               std::chrono::milliseconds deadline);

  const std::shared_ptr<hot_tier>& memory() const { return memory_; }

  /// Blocks until a gateway has answered. Fails with `invalid_request` for a
  /// key that cannot be one, with `unavailable` once the node has stopped.
  std::unique_ptr<local_answer> ask(std::string_view type, std::string_view id);

  /// The node stops: from here on there is only memory.
  void close();
  bool closed() const;

 private:
  const std::shared_ptr<hot_tier> memory_;
  const std::chrono::milliseconds deadline_;
  mutable std::mutex mutex_;
  std::vector<gateway_actor> gateways_;
  std::size_t next_ = 0;
  bool closed_ = false;
};

}  // namespace larder
