// What nodes tell each other in passing, not logged and free to be lost: a node
// asks for a fence, a writer wakes the relay.
//
// Thread rule: as in storage/kv_store.hpp. The real one is nats_signals, the
// simulated one is in tests/support.
#pragma once

#include <functional>
#include <string>

namespace larder {

class signals {
 public:
  virtual ~signals() = default;

  /// Node → whichever relay is active: publish `nonce` to the log once every
  /// write committed before now is published.
  virtual void ask_fence(const std::string& nonce) = 0;

  /// Writer → relay: there is a new outbox row.
  virtual void wake_relay() = 0;

  /// The relay's side. Both run on a thread of the implementation's.
  virtual void listen(std::function<void(std::string nonce)> on_fence,
                      std::function<void()> on_wake) = 0;
};

}  // namespace larder
