// Waiting for what other threads do, in tests with real servers: for the event
// itself, with a deadline.
//
// Thread rule: `mailbox` from any thread; `eventually` blocks.
#pragma once

#include <caf/expected.hpp>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace larder::test {

using namespace std::chrono_literals;

/// Takes what callbacks bring; whoever waits gets it in order.
template <class T>
class mailbox {
 public:
  void put(T x) {
    std::lock_guard lock{mutex_};
    all_.push_back(std::move(x));
    news_.notify_all();
  }
  /// The next one, or nothing if none came in time.
  std::optional<T> next(std::chrono::milliseconds timeout = 5s) {
    std::unique_lock lock{mutex_};
    if (!news_.wait_for(lock, timeout, [this] { return !all_.empty(); }))
      return std::nullopt;
    std::optional<T> out{std::move(all_.front())};
    all_.pop_front();
    return out;
  }
  std::size_t size() const {
    std::lock_guard lock{mutex_};
    return all_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable news_;
  std::deque<T> all_;
};

/// Calls `start` with a completion and waits for what it brings; an empty
/// optional if it does not run within 10 s.
template <class T>
std::optional<caf::expected<T>>
outcome_of(std::function<void(std::function<void(caf::expected<T>)>)> start) {
  auto box = std::make_shared<mailbox<caf::expected<T>>>();
  start([box](caf::expected<T> x) { box->put(std::move(x)); });
  return box->next(10s);
}

/// True once `holds` is; false if it is not within the time.
template <class F>
bool eventually(F holds, std::chrono::milliseconds timeout = 5s) {
  auto deadline = std::chrono::steady_clock::now() + timeout;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline)
      return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

}  // namespace larder::test
