#include "node/cli/load_run.hpp"

#include "node/cli/exit_code.hpp"
#include "node/cli/in_flight.hpp"
#include "storage/error.hpp"

#include <memory>
#include <utility>

namespace larder::cli {

namespace {

struct pending {
  load_item item;
  std::uint32_t attempts = 0;
  /// How many puts had succeeded when this one was first tried.
  std::uint64_t loaded_before = 0;
};

using pending_ptr = std::shared_ptr<pending>;

class pump {
 public:
  pump(load_source& source, const put_async& put, const load_limits& limits)
      : source_(source), put_(put), limits_(limits) {}

  load_report run(const std::function<void(std::uint64_t)>& on_progress) {
    auto started = std::chrono::steady_clock::now();
    for (;;) {
      send_what_fits();
      if (in_flight_.size() == 0 && (exhausted_ || stopped()))
        break;
      for (auto& [of, why] : in_flight_.take())
        settle(of, std::move(why));
      on_progress(report_.loaded + report_.failures.size());
    }
    report_.elapsed = std::chrono::steady_clock::now() - started;
    return std::move(report_);
  }

 private:
  bool stopped() const { return report_.stopped; }

  void send_what_fits() {
    while (auto again = in_flight_.due())
      send(std::move(again));
    while (in_flight_.size() < limits_.window && !exhausted_ && !stopped())
      read_one();
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
    ++one->attempts;
    put_(one->item, in_flight_.begin(one));
  }

  void settle(const pending_ptr& of, caf::error why) {
    auto& what = *of;
    if (!why) {
      ++report_.loaded;
      report_.bytes += what.item.content.size();
      return;
    }
    if (!stopped() && worth_another_try(why)
        && what.attempts < limits_.attempts) {
      ++report_.retries;
      return in_flight_.retry(of, limits_.first_pause, what.attempts);
    }
    if (worth_another_try(why) && report_.loaded == what.loaded_before)
      give_up(why);
    report_.failures.push_back({std::move(what.item.origin), std::move(why)});
  }

  // Whatever waits would fail the same way, each after as long.
  void give_up(const caf::error& why) {
    report_.stopped = true;
    for (auto& one : in_flight_.forget_retries())
      report_.failures.push_back({std::move(one->item.origin), why});
  }

  load_source& source_;
  const put_async& put_;
  load_limits limits_;
  load_report report_;
  in_flight<pending, caf::error> in_flight_;
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
