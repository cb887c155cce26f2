// Requests under way in the pumps of the command line (load, import, collect):
// completed on any thread, taken by the pump's own; what was not worth giving
// up waits here for its next try. An item counts its `attempts` itself.
//
// For .cpp files. Thread rule: one thread, but for the functions that begin()
// returns, which may be called on any, each once, and after the pump has gone
// too.
#pragma once

#include "node/cli/pump_limits.hpp"
#include "storage/error.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace larder::cli {

/// A node that is busy, away or late may not be so the next time.
inline bool worth_another_try(const caf::error& why) {
  auto code = code_of(why);
  return code == ec::busy || code == ec::unavailable
         || code == ec::deadline_exceeded;
}

template <class Item, class Result>
class in_flight {
 public:
  using item_ptr = std::shared_ptr<Item>;

  explicit in_flight(const pump_limits& limits) : limits_(limits) {}

  /// Keeps the window full until nothing is under way any more; how long that
  /// took. `send` sends an item, `send_next` one that is new, or says that
  /// there is none; `settle` takes what came of one; `on_round` is called now
  /// and then.
  template <class Send, class SendNext, class Settle, class OnRound>
  std::chrono::nanoseconds run(Send send, SendNext send_next, Settle settle,
                               OnRound on_round) {
    auto started = clock::now();
    for (;;) {
      while (auto again = due())
        send(std::move(again));
      while (size() < limits_.window && send_next())
        ;
      if (size() == 0)
        return clock::now() - started;
      for (auto& [of, result] : take())
        settle(of, std::move(result));
      on_round();
    }
  }

  /// To be called with the result.
  auto begin(item_ptr item) {
    ++sent_;
    return [done = done_, item = std::move(item)](Result result) {
      std::lock_guard guard{done->mutex};
      done->waiting.push_back({item, std::move(result)});
      done->ready.notify_one();
    };
  }

  /// To be sent again after a pause, if that is of any use; false: it is not.
  bool try_again(const item_ptr& item, const caf::error& why) {
    if (!worth_another_try(why) || item->attempts >= limits_.attempts)
      return false;
    // Each pause is twice the one before.
    send_after(limits_.first_pause * (1u << (item->attempts - 1)), item);
    return true;
  }

  void send_after(std::chrono::milliseconds pause, item_ptr item) {
    retries_.emplace(clock::now() + pause, std::move(item));
  }

  /// Those that wait for another try; they do so no more.
  std::vector<item_ptr> forget_retries() {
    std::vector<item_ptr> items;
    for (auto& [when, item] : std::exchange(retries_, {}))
      items.push_back(item);
    return items;
  }

 private:
  using clock = std::chrono::steady_clock;
  struct completion {
    item_ptr of;
    Result result;
  };

  /// Those sent and those that wait for another try: a node that is busy is not
  /// offered more, and memory stays bounded.
  std::size_t size() const { return sent_ + retries_.size(); }

  /// Whose time has come; null: nobody's.
  item_ptr due() {
    auto first = retries_.begin();
    if (first == retries_.end() || first->first > clock::now())
      return nullptr;
    auto item = std::move(first->second);
    retries_.erase(first);
    return item;
  }

  /// What has been completed: waits for it, or for what is due, but so that
  /// progress can be shown.
  std::vector<completion> take() {
    auto until = clock::now() + std::chrono::milliseconds{100};
    if (!retries_.empty())
      until = std::min(until, retries_.begin()->first);
    std::unique_lock guard{done_->mutex};
    done_->ready.wait_until(guard, until,
                            [this] { return !done_->waiting.empty(); });
    auto taken = std::exchange(done_->waiting, {});
    sent_ -= taken.size();
    return taken;
  }

  struct completions {
    std::mutex mutex;
    std::condition_variable ready;
    std::vector<completion> waiting;
  };

  const pump_limits limits_;
  std::shared_ptr<completions> done_ = std::make_shared<completions>();
  std::multimap<clock::time_point, item_ptr> retries_;
  std::size_t sent_ = 0;
};

}  // namespace larder::cli
