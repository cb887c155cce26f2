// Signals of a simulated world (cluster/signals.hpp): every listener hears
// everything, sometimes late, sometimes twice, sometimes not at all.
//
// Used by the actors' tests and tests/simulation. Thread rule: one thread.
#pragma once

#include "actors/messages.hpp"
#include "cluster/signals.hpp"
#include "tests/support/wire.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace larder::test {

/// What all processes of one cluster share.
class simulated_signal_bus {
 public:
  explicit simulated_signal_bus(world& w) : world_(w) {}

  /// That one listener misses a signal, or hears it twice.
  double lose = 0;
  double repeat = 0;

 private:
  friend class simulated_signals;
  struct listener {
    larder::test::wire to;
    std::function<void(std::string)> on_fence;
    std::function<void()> on_wake;
    std::function<void(change_notice)> on_change;
  };
  using listener_ptr = std::shared_ptr<listener>;
  void tell(const std::string& what,
            const std::function<void(const listener_ptr&)>& deliver);

  world& world_;
  std::vector<std::weak_ptr<listener>> listeners_;
};

/// One process's view. Keep it as long as the process.
class simulated_signals : public signals {
 public:
  simulated_signals(simulated_signal_bus& bus, world& w, process where);

  larder::test::wire& wire() { return wire_; }

  void ask_fence(const std::string& nonce) override;
  void wake_relay() override;
  /// Every process is told of a change that is committed.
  void tell(const change_notice& change);
  void listen_to_changes(std::function<void(change_notice)> on_change);
  void listen(std::function<void(std::string)> on_fence,
              std::function<void()> on_wake) override;

 private:
  simulated_signal_bus& bus_;
  larder::test::wire wire_;
  /// Held by a pointer of its own, so that the process's end can reach it.
  std::shared_ptr<std::shared_ptr<simulated_signal_bus::listener>> listener_;
};

}  // namespace larder::test
