#include "node/cli/load_run.hpp"

#include "node/cli/exit_code.hpp"
#include "storage/error.hpp"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace larder::cli {

namespace {

using clock = std::chrono::steady_clock;

struct pending {
  load_item item;
  std::uint32_t attempts = 0;
  /// How many puts had succeeded when this one was first tried.
  std::uint64_t loaded_before = 0;
};

using pending_ptr = std::shared_ptr<pending>;

struct completion {
  pending_ptr of;
  caf::error error;
};

/// Filled by whatever thread completes a put. Shared with the completions, so
/// that a late one never meets a queue that has gone.
struct completions {
  std::mutex mutex;
  std::condition_variable ready;
  std::vector<completion> waiting;

  void push(completion one) {
    std::lock_guard guard{mutex};
    waiting.push_back(std::move(one));
    ready.notify_one();
  }

  std::vector<completion> take_until(clock::time_point deadline) {
    std::unique_lock guard{mutex};
    ready.wait_until(guard, deadline, [this] { return !waiting.empty(); });
    return std::exchange(waiting, {});
  }
};

bool worth_another_try(const caf::error& err) {
  auto code = code_of(err);
  return code == ec::busy || code == ec::unavailable
         || code == ec::deadline_exceeded;
}

class pump {
 public:
  pump(load_source& source, const put_async& put, const load_limits& limits)
      : source_(source), put_(put), limits_(limits) {}

  load_report run(const std::function<void(std::uint64_t)>& on_progress) {
    auto started = clock::now();
    for (;;) {
      send_what_fits();
      if (in_flight_ == 0 && retries_.empty() && (exhausted_ || stopped()))
        break;
      for (auto& one : done_->take_until(next_wake_up()))
        settle(std::move(one));
      on_progress(report_.loaded + report_.failures.size());
    }
    report_.elapsed = clock::now() - started;
    return std::move(report_);
  }

 private:
  bool stopped() const { return report_.stopped; }

  void send_what_fits() {
    while (in_flight_ < limits_.window) {
      if (!retries_.empty() && retries_.begin()->first <= clock::now()) {
        auto first = retries_.begin();
        auto item = std::move(first->second);
        retries_.erase(first);
        send(std::move(item));
      } else if (exhausted_ || stopped()
                 || in_flight_ + retries_.size() >= limits_.window) {
        // What waits for another try counts too: a node that is busy is not
        // offered more, and memory stays bounded.
        return;
      } else {
        read_one();
      }
    }
  }

  void read_one() {
    auto next = source_.next();
    if (!next) {
      exhausted_ = true;
      return;
    }
    if (!next->item) {
      report_.failures.push_back(
          {std::move(next->origin), std::move(next->item.error())});
      return;
    }
    auto one = std::make_shared<pending>();
    one->item = std::move(*next->item);
    one->loaded_before = report_.loaded;
    send(std::move(one));
  }

  void send(pending_ptr one) {
    ++in_flight_;
    ++one->attempts;
    put_(one->item, [done = done_, one](caf::error err) {
      done->push({one, std::move(err)});
    });
  }

  void settle(completion one) {
    --in_flight_;
    auto& what = *one.of;
    if (!one.error) {
      ++report_.loaded;
      report_.bytes += what.item.content.size();
      return;
    }
    if (!stopped() && worth_another_try(one.error)
        && what.attempts < limits_.attempts) {
      ++report_.retries;
      auto pause = limits_.first_pause * (1u << (what.attempts - 1));
      retries_.emplace(clock::now() + pause, std::move(one.of));
      return;
    }
    if (worth_another_try(one.error) && report_.loaded == what.loaded_before)
      give_up(one.error);
    report_.failures.push_back(
        {std::move(what.item.origin), std::move(one.error)});
  }

  // Whatever waits would fail the same way, each after as long.
  void give_up(const caf::error& why) {
    report_.stopped = true;
    for (auto& [when, one] : retries_)
      report_.failures.push_back({std::move(one->item.origin), why});
    retries_.clear();
  }

  clock::time_point next_wake_up() const {
    auto latest = clock::now() + std::chrono::milliseconds{100};
    return retries_.empty() ? latest
                            : std::min(latest, retries_.begin()->first);
  }

  load_source& source_;
  const put_async& put_;
  load_limits limits_;
  load_report report_;
  std::shared_ptr<completions> done_ = std::make_shared<completions>();
  std::multimap<clock::time_point, pending_ptr> retries_;
  std::uint32_t in_flight_ = 0;
  bool exhausted_ = false;
};

}  // namespace

load_report run_load(load_source& source, const put_async& put,
                     const load_limits& limits,
                     const std::function<void(std::uint64_t)>& on_progress) {
  return pump{source, put, limits}.run(on_progress);
}

int exit_code_of(const load_report& report) {
  int code = exit_done;
  for (auto& failure : report.failures)
    code = worse_of(code, exit_code_of(failure.error));
  return code;
}

}  // namespace larder::cli
