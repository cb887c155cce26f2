// What the sampler has found so far, for those who show it: it may be waiting
// for the source of truth just when somebody wants to know.
//
// Thread rule: any thread.
#pragma once

#include "actors/messages.hpp"

#include <mutex>

namespace larder {

class sampler_board {
 public:
  void show(const sampler_stats& s) {
    std::lock_guard lock{mutex_};
    stats_ = s;
  }
  sampler_stats read() const {
    std::lock_guard lock{mutex_};
    return stats_;
  }

 private:
  mutable std::mutex mutex_;
  sampler_stats stats_;
};

}  // namespace larder
