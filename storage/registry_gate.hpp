// How fast one registry may be asked: so many requests a second with a small
// burst, and none before the time at which the registry said to come back.
//
// Used by registry_client, one gate a registry for all threads. The arithmetic
// is that of the generic cell rate algorithm (ITU-T I.371): one time, before
// which the next request may not begin.
//
// Thread rule: any thread. No clock: the caller passes the time and waits.
#pragma once

#include <chrono>
#include <mutex>

namespace larder {

class registry_gate {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::steady_clock::duration;

  /// `rate` requests a second, 0: as many as you like; `burst` at once.
  registry_gate(double rate, unsigned burst);

  /// When the caller may ask; not before `now`. The turn is the caller's: it
  /// asks then or has wasted it. A turn after `latest` is not taken, and the
  /// time answered is when to try again.
  time_point take_turn(time_point now, time_point latest);

  /// The registry said to ask no more before `until`.
  void close_until(time_point until);

 private:
  std::mutex mutex_;
  duration interval_;
  duration tolerance_;
  /// When the next request would be due at exactly the rate.
  time_point due_;
  time_point closed_until_;
};

}  // namespace larder
