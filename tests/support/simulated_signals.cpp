#include "tests/support/simulated_signals.hpp"

namespace larder::test {

void simulated_signal_bus::tell(
    const std::string& what,
    const std::function<void(const listener_ptr&)>& deliver) {
  world_.note("signal: " + what);
  std::erase_if(listeners_, [](auto& weak) { return weak.expired(); });
  for (auto& weak : listeners_) {
    auto times = world_.random().chance(lose) ? 0 : 1;
    if (world_.random().chance(repeat))
      ++times;
    for (; times > 0; --times)
      deliver(weak.lock());
  }
}

simulated_signals::simulated_signals(simulated_signal_bus& bus, world& w,
                                     process where)
    : bus_(bus), wire_(w, where, "signals"),
      listener_(
          std::make_shared<std::shared_ptr<simulated_signal_bus::listener>>()) {
  wire_.on_end([weak = std::weak_ptr{listener_}] {
    if (auto l = weak.lock())
      l->reset();
  });
}

void simulated_signals::ask_fence(const std::string& nonce) {
  wire_.tell([bus = &bus_, nonce] {
    bus->tell("fence " + nonce, [nonce](auto& l) {
      l->to.stream([weak = std::weak_ptr{l}, nonce] {
        if (auto l = weak.lock())
          l->on_fence(nonce);
      });
    });
  });
}

void simulated_signals::wake_relay() {
  wire_.tell([bus = &bus_] {
    bus->tell("wake", [](auto& l) {
      l->to.stream([weak = std::weak_ptr{l}] {
        if (auto l = weak.lock())
          l->on_wake();
      });
    });
  });
}

void simulated_signals::tell(const change_notice& change) {
  wire_.tell([bus = &bus_, change] {
    bus->tell("committed " + to_tokens(change.key), [change](auto& l) {
      l->to.stream([weak = std::weak_ptr{l}, change] {
        if (auto l = weak.lock(); l && l->on_change)
          l->on_change(change);
      });
    });
  });
}

void simulated_signals::listen_to_changes(
    std::function<void(change_notice)> on_change) {
  (*listener_)->on_change = std::move(on_change);
}

void simulated_signals::listen(std::function<void(std::string)> on_fence,
                               std::function<void()> on_wake) {
  *listener_ = std::make_shared<simulated_signal_bus::listener>(
      simulated_signal_bus::listener{
          wire_, std::move(on_fence), std::move(on_wake), {}});
  // Known to the server at once, and again by itself after a reconnect.
  bus_.listeners_.push_back(*listener_);
}

}  // namespace larder::test
