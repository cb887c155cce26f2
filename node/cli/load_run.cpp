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
  pump(load_source& source, const put_async& put, const pump_limits& limits)
      : source_(source), put_(put), in_flight_(limits) {}

  load_report run(const std::function<void(std::uint64_t)>& on_progress) {
    report_.elapsed = in_flight_.run(
        [this](pending_ptr again) { send(std::move(again)); },
        [this] { return read_one(); },
        [this](const pending_ptr& of, caf::error why) {
          settle(of, std::move(why));
        },
        [&] { on_progress(report_.loaded + report_.failures.size()); });
    return std::move(report_);
  }

 private:
  bool read_one() {
    if (exhausted_ || report_.stopped)
      return false;
    auto next = source_.next();
    if (!next) {
      exhausted_ = true;
      return false;
    }
    if (!next->item) {
      report_.failures.push_back(
          {std::move(next->origin), std::move(next->item.error())});
      return true;
    }
    auto one = std::make_shared<pending>();
    one->item = std::move(*next->item);
    one->loaded_before = report_.loaded;
    send(std::move(one));
    return true;
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
    if (!report_.stopped && in_flight_.try_again(of, why)) {
      ++report_.retries;
      return;
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
  load_report report_;
  in_flight<pending, caf::error> in_flight_;
  bool exhausted_ = false;
};

}  // namespace

load_report run_load(load_source& source, const put_async& put,
                     const pump_limits& limits,
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
