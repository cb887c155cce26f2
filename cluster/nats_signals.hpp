// Signals between nodes as plain NATS messages on `larder.signal.<cluster>.*`.
//
// Spawned by node/. See cluster/signals.hpp for the contract and
// storage/nats_client.hpp for the thread rule. A burst of wakes becomes one
// message a millisecond, the last wake of a burst never being lost to it.
#pragma once

#include "cluster/signals.hpp"
#include "storage/nats_client.hpp"

#include <memory>
#include <string>

namespace larder {

class nats_signals_core;

class nats_signals : public signals {
 public:
  nats_signals(std::shared_ptr<nats::client> client, std::string cluster);
  ~nats_signals() override;

  void ask_fence(const std::string& nonce) override;
  void wake_relay() override;
  void listen(std::function<void(std::string nonce)> on_fence,
              std::function<void()> on_wake) override;

 private:
  std::shared_ptr<nats_signals_core> core_;
  nats::subscription fence_;
  nats::subscription wake_;
};

}  // namespace larder
