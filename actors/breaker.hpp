// A circuit breaker: after several failures in a row a tier is not asked any
// more; one probe at a time finds out when it is back.
//
// One thread; the owner passes the time.
#pragma once

#include "actors/messages.hpp"

#include <chrono>

namespace larder {

class breaker {
 public:
  /// True if the tier may be asked. While open, true once every pause: the
  /// caller's attempt is the probe.
  bool allows(time_point now) {
    if (failures_ < threshold)
      return true;
    if (now < next_probe_)
      return false;
    next_probe_ = now + pause;
    return true;
  }

  void succeeded() { failures_ = 0; }

  void failed(time_point now) {
    if (++failures_ >= threshold)
      next_probe_ = now + pause;
  }

  bool closed() const { return failures_ < threshold; }

 private:
  static constexpr int threshold = 3;
  static constexpr std::chrono::milliseconds pause{250};
  int failures_ = 0;
  time_point next_probe_{};
};

}  // namespace larder
