// The other nodes, and this one as the others see it, for those who check what
// nodes answer.
//
// This is the port; nats_peers is the real one. Thread rule: as in
// storage/kv_store.hpp.
#pragma once

#include "cluster/consistency.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace larder {

/// What one node would answer from memory.
struct node_holdings {
  std::string node;
  /// In the order of the keys that were asked for; nothing where the node
  /// would ask the tiers below.
  std::vector<std::optional<answer_mark>> held;
  /// Some keys that it holds: those read most, and some at random.
  std::vector<key> sample;
};

class peers {
 public:
  template <class T>
  using on = std::function<void(caf::expected<T>)>;

  virtual ~peers() = default;

  /// Asks every living node what it would answer from memory for `keys`, and
  /// for about `sample` keys that it holds. Counts as no read and changes
  /// nothing. Completes after `patience` with what has come until then.
  virtual void holdings(std::vector<key> keys, std::uint32_t sample,
                        std::chrono::milliseconds patience,
                        on<std::vector<node_holdings>> done) = 0;

  /// Reads through one node, as its clients do. A key that is not there is an
  /// answer; any other failure is one.
  virtual void read(const std::string& node, const key& k,
                    std::chrono::milliseconds timeout,
                    on<answer_mark> done) = 0;
};

}  // namespace larder
