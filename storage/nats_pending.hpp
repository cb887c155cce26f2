// The requests whose reply is awaited, and what is to be called later: by
// token, by deadline.
//
// Used by storage/nats_core.cpp, under its mutex. No NATS in here.
//
// Thread rule: one thread at a time. It calls nothing: what is due is handed
// out, to be called without the mutex.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <unordered_map>
#include <vector>

namespace larder::nats {

/// `Completion` waits for a reply; must be movable.
template <class Completion>
class pending_requests {
 public:
  using clock = std::chrono::steady_clock;

  /// Registers; the token names the request from now on.
  std::uint64_t add(Completion done, clock::time_point deadline,
                    std::size_t bytes, clock::time_point now) {
    if (entries_.empty())
      waiting_since_ = now;
    auto token = ++last_token_;
    auto at = by_deadline_.emplace(deadline, token);
    entries_.emplace(token, entry{std::move(done), at, bytes});
    bytes_ += bytes;
    return token;
  }

  /// Takes one out into `out`; false if it is not (or no longer) there.
  bool take(std::uint64_t token, Completion& out) {
    auto i = entries_.find(token);
    if (i == entries_.end())
      return false;
    out = std::move(i->second.done);
    bytes_ -= i->second.bytes;
    by_deadline_.erase(i->second.at);
    entries_.erase(i);
    return true;
  }

  /// Takes all out whose deadline is not after `now`, the earliest first.
  std::vector<Completion> take_due(clock::time_point now) {
    std::vector<Completion> out;
    while (!by_deadline_.empty() && by_deadline_.begin()->first <= now) {
      Completion done;
      take(by_deadline_.begin()->second, done);
      out.push_back(std::move(done));
    }
    return out;
  }

  std::vector<Completion> take_all() {
    return take_due(clock::time_point::max());
  }

  /// The earliest deadline, or the end of time.
  clock::time_point next_deadline() const {
    return by_deadline_.empty() ? clock::time_point::max()
                                : by_deadline_.begin()->first;
  }

  /// The other side has spoken.
  void heard(clock::time_point now) { waiting_since_ = now; }

  /// Since when requests wait without a word from the other side, if any do.
  clock::time_point waiting_since() const { return waiting_since_; }

  /// Bytes of the requests that wait.
  std::size_t bytes() const { return bytes_; }
  std::size_t size() const { return entries_.size(); }

 private:
  struct entry {
    Completion done;
    std::multimap<clock::time_point, std::uint64_t>::iterator at;
    std::size_t bytes;
  };

  std::unordered_map<std::uint64_t, entry> entries_;
  std::multimap<clock::time_point, std::uint64_t> by_deadline_;
  clock::time_point waiting_since_{};
  std::size_t bytes_ = 0;
  std::uint64_t last_token_ = 0;
};

}  // namespace larder::nats
