// How long an actor waits for answers, with one timer for all of them. CAF's
// own limit on a request wakes the clock's thread for each, which costs more
// than most requests take.
//
// For the .cpp files of actors with many requests in flight; their interface
// has `caf::reacts_to<continuation>`, their behavior runs it.
//
// Thread rule: the actor's.
#pragma once

#include "actors/messages.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

namespace larder {

template <class Pointer>
class patience {
 public:
  /// The moment it ends, and a number: two may end at once.
  using ticket = std::pair<time_point, std::uint64_t>;

  explicit patience(Pointer self) : self_(self) {}

  /// Runs `given_up` at `until`, unless kept() comes first.
  ticket wait(time_point until, std::function<void()> given_up) {
    ticket t{until, ++last_};
    waiting_.emplace(t, std::move(given_up));
    arm();
    return t;
  }

  /// The answer has come; false: too late, it was given up.
  bool kept(const ticket& t) { return waiting_.erase(t) != 0; }

 private:
  // A timer that came too early for what still waits is set again then, so
  // that one is enough for any number of answers that come in time.
  void arm() {
    if (waiting_.empty())
      return;
    auto next = waiting_.begin()->first.first;
    if (armed_ && armed_for_ <= next)
      return;
    armed_ = true;
    armed_for_ = next;
    self_->delayed_send(self_, next - self_->clock().now(),
                        continuation{[this, next] { ring(next); }});
  }

  void ring(time_point set_for) {
    if (set_for == armed_for_)
      armed_ = false;
    auto now = self_->clock().now();
    while (!waiting_.empty() && waiting_.begin()->first.first <= now) {
      // It may wait anew.
      auto over = waiting_.extract(waiting_.begin());
      over.mapped()();
    }
    arm();
  }

  Pointer self_;
  std::map<ticket, std::function<void()>> waiting_;
  std::uint64_t last_ = 0;
  bool armed_ = false;
  time_point armed_for_{};
};

}  // namespace larder
