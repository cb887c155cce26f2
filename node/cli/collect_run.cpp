#include "node/cli/collect_run.hpp"

#include "node/cli/exit_code.hpp"
#include "storage/error.hpp"
#include "storage/package.hpp"
#include "storage/registry_json.hpp"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace larder::cli {

namespace {

using clock = std::chrono::steady_clock;

struct pending {
  wanted_package package;
  std::uint32_t attempts = 0;
};
using pending_ptr = std::shared_ptr<pending>;

struct completion {
  pending_ptr of;
  caf::expected<collect_result> result;
};

/// Shared with the calls' completions: a late one never meets a queue that has
/// gone.
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
  pump(const std::vector<wanted_package>& packages, const collect_calls& calls,
       const collect_limits& limits)
      : packages_(packages), calls_(calls), limits_(limits) {}

  collect_report run(const std::function<void(std::uint64_t)>& on_progress) {
    auto started = clock::now();
    for (;;) {
      send_what_fits();
      if (in_flight_ == 0 && retries_.empty())
        break;
      for (auto& one : done_->take_until(next_wake_up()))
        settle(std::move(one));
      on_progress(report_.done());
    }
    report_.elapsed = clock::now() - started;
    return std::move(report_);
  }

 private:
  void send_what_fits() {
    while (in_flight_ < limits_.window) {
      if (!retries_.empty() && retries_.begin()->first <= clock::now()) {
        auto first = retries_.begin();
        auto one = std::move(first->second);
        retries_.erase(first);
        collect(std::move(one));
      } else if (next_ == packages_.size()
                 || in_flight_ + retries_.size() >= limits_.window) {
        return;
      } else {
        begin(packages_[next_++]);
      }
    }
  }

  /// A package of a certain version that is there is not asked for again.
  void begin(const wanted_package& package) {
    auto one = std::make_shared<pending>(pending{package});
    if (package.version.empty())
      return collect(std::move(one));
    ++in_flight_;
    calls_.stored(
        package, [done = done_, one](caf::expected<std::string> document) {
          auto stored = document ? parse_stored(*document) : std::nullopt;
          done->push({one, stored ? std::move(*stored) : collect_result{}});
        });
  }

  void collect(pending_ptr one) {
    ++in_flight_;
    ++one->attempts;
    calls_.collect(one->package,
                   [done = done_, one](caf::expected<collect_result> result) {
                     done->push({one, std::move(result)});
                   });
  }

  void settle(completion one) {
    --in_flight_;
    auto& what = *one.of;
    if (one.result) {
      if (one.result->outcome.empty())
        return collect(std::move(one.of));
      return count(*one.result);
    }
    if (worth_another_try(one.result.error())
        && what.attempts < limits_.attempts) {
      ++report_.retries;
      auto pause = limits_.first_pause * (1u << (what.attempts - 1));
      retries_.emplace(clock::now() + pause, std::move(one.of));
      return;
    }
    report_.failures.push_back(
        {std::move(what.package), std::move(one.result.error())});
  }

  void count(const collect_result& r) {
    auto& counter = r.outcome == "present"     ? report_.present
                    : r.outcome == "unchanged" ? report_.unchanged
                    : r.outcome == "stale"     ? report_.stale
                                               : report_.collected;
    ++counter;
    report_.verified += r.verified ? 1 : 0;
    report_.snippets += r.snippets;
    report_.archive_bytes += r.archive_bytes;
    report_.downloaded_bytes += r.downloaded_bytes;
  }

  clock::time_point next_wake_up() const {
    auto latest = clock::now() + std::chrono::milliseconds{100};
    return retries_.empty() ? latest
                            : std::min(latest, retries_.begin()->first);
  }

  const std::vector<wanted_package>& packages_;
  const collect_calls& calls_;
  collect_limits limits_;
  collect_report report_;
  std::shared_ptr<completions> done_ = std::make_shared<completions>();
  std::multimap<clock::time_point, pending_ptr> retries_;
  std::size_t next_ = 0;
  std::uint32_t in_flight_ = 0;
};

std::uint64_t number_of(const nlohmann::json& object, const char* member) {
  auto found = object.find(member);
  return found != object.end() && found->is_number_unsigned()
             ? found->get<std::uint64_t>()
             : 0;
}

}  // namespace

caf::expected<collect_result> parse_collect_reply(std::string_view body) {
  auto parsed = parse_document(body, "the node");
  if (!parsed)
    return parsed.error();
  collect_result result;
  result.outcome = text_of(*parsed, "outcome");
  if (result.outcome.empty())
    return fail(ec::internal,
                "the node's answer to a collect has no \"outcome\"; is it of "
                "the same version as this command?");
  result.version = text_of(*parsed, "version");
  result.verified =
      parsed->value("verified", nlohmann::json{}) == nlohmann::json(true);
  result.snippets = number_of(*parsed, "snippets");
  result.archive_bytes = number_of(*parsed, "archive_bytes");
  result.downloaded_bytes = number_of(*parsed, "downloaded_bytes");
  result.failure = text_of(*parsed, "failure");
  return result;
}

std::optional<collect_result> parse_stored(std::string_view document) {
  auto stored = parse_package(document);
  if (!stored || !stored->archive.verified)
    return std::nullopt;
  return collect_result{"present",
                        stored->version,
                        true,
                        stored->snippets.size(),
                        stored->archive.bytes,
                        0,
                        {}};
}

collect_report
run_collect(const std::vector<wanted_package>& packages,
            const collect_calls& calls, const collect_limits& limits,
            const std::function<void(std::uint64_t)>& on_progress) {
  return pump{packages, calls, limits}.run(on_progress);
}

int exit_code_of(const collect_report& report) {
  int code = report.stale > 0 ? exit_try_again : exit_done;
  for (auto& failure : report.failures)
    code = worse_of(code, exit_code_of(failure.error));
  return code;
}

}  // namespace larder::cli
