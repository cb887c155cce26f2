#include "storage/registry_gate.hpp"

#include <algorithm>

namespace larder {

registry_gate::registry_gate(double rate, unsigned burst)
    : interval_(rate > 0 ? std::chrono::duration_cast<duration>(
                    std::chrono::duration<double>(1 / rate))
                         : duration::zero()),
      tolerance_(interval_ * (std::max(burst, 1u) - 1)) {}

registry_gate::time_point registry_gate::take_turn(time_point now,
                                                   time_point latest) {
  std::lock_guard guard{mutex_};
  auto at = std::max({now, closed_until_, due_ - tolerance_});
  if (at <= latest)
    due_ = std::max(due_, at) + interval_;
  return at;
}

void registry_gate::close_until(time_point until) {
  std::lock_guard guard{mutex_};
  closed_until_ = std::max(closed_until_, until);
}

}  // namespace larder
