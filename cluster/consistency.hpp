// Whether an answer keeps the promise: every read not marked stale returns a
// committed value at least as new as the newest change committed two seconds
// before the read began.
//
// Used by those who check nodes against the source of truth: actors/sampler.hpp
// and `larder verify`. Time is measured by one monotonic clock, the checker's:
// what it has read of the source of truth was committed by then, and what it
// asks a node for two seconds later must be as new. No other clock is believed;
// the source of truth's own `changed_at` is the time when a transaction began,
// not when it was committed.
//
// Thread rule: values.
#pragma once

#include "storage/fingerprint.hpp"

#include <chrono>
#include <deque>
#include <string_view>

namespace larder {

/// How old a change may be that an answer not marked stale does not show.
inline constexpr std::chrono::milliseconds promised_age{2'000};

/// What somebody answered for a key.
struct answer_mark {
  /// Absent: revision 0 where the answer said no more than that.
  bool present = false;
  version_info info;
  /// Empty: not known.
  std::string digest;
  /// Marked so by whoever answered.
  bool stale = false;
};

enum class verdict {
  fresh,
  /// Not proved fresh, and the answer said so.
  marked,
  /// A change that was old enough is not in it.
  older,
  /// The right revision with other bytes than the source of truth has.
  other_bytes,
  /// A revision that the source of truth does not have.
  from_nowhere,
};

/// "is older", for the log and the operator.
std::string_view name_of(verdict v);
inline bool keeps_promise(verdict v) {
  return v == verdict::fresh || v == verdict::marked;
}

/// `before`: what was known of the key for long enough when the question was
/// asked. `after`: what the source of truth says after the answer came.
verdict judge(const answer_mark& answer, const fingerprint& before,
              const fingerprint& after);

/// What is known of one key, and since when.
class truth_history {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// `at`: when the source of truth had answered.
  void learn(fingerprint f, time_point at);

  /// The newest that was known at `t`, or nullptr.
  const fingerprint* known_at(time_point t) const;
  const fingerprint& latest() const { return known_.back().what; }
  bool empty() const { return known_.empty(); }

  /// Forgets what nobody who asks about `t` or later needs.
  void forget_before(time_point t);

 private:
  struct piece {
    time_point since;
    fingerprint what;
  };
  std::deque<piece> known_;
};

}  // namespace larder
