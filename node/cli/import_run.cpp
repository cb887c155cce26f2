#include "node/cli/import_run.hpp"

#include "storage/error.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace larder::cli {

namespace {

using clock = std::chrono::steady_clock;
using nlohmann::json;

// Below the server's usual limit of one message.
constexpr std::size_t batch_bytes = 512 << 10;
constexpr std::size_t batch_documents = 500;
constexpr int most_attempts = 8;
constexpr std::chrono::milliseconds first_pause{50};
constexpr std::size_t most_failures = 100;

struct batch {
  std::string lines;
  std::vector<std::string> origins;
  int attempts = 0;
};
using batch_ptr = std::shared_ptr<batch>;

/// Filled by whatever thread completes a batch. Shared with the completions, so
/// that a late one never meets a queue that has gone.
struct completions {
  std::mutex mutex;
  std::condition_variable ready;
  std::deque<std::pair<batch_ptr, caf::expected<std::string>>> waiting;
};

bool worth_another_try(const caf::error& err) {
  auto code = code_of(err);
  return code == ec::busy || code == ec::unavailable
         || code == ec::deadline_exceeded;
}

class pump {
 public:
  pump(document_source& source, const store_batch& store, std::uint32_t window)
      : source_(source), store_(store), window_(window) {}

  import_report
  run(const std::function<void(const import_report&)>& on_progress) {
    auto started = clock::now();
    for (;;) {
      send_what_fits();
      if (in_flight_ == 0 && retries_.empty())
        break;
      settle_some();
      on_progress(report_);
    }
    report_.elapsed = clock::now() - started;
    return std::move(report_);
  }

 private:
  void send_what_fits() {
    while (in_flight_ < window_ && !report_.stopped) {
      if (!retries_.empty()) {
        if (retries_.begin()->first > clock::now())
          return;
        auto again = std::move(retries_.begin()->second);
        retries_.erase(retries_.begin());
        send(std::move(again));
      } else if (auto next = read_batch()) {
        send(std::move(next));
      } else {
        return;
      }
    }
  }

  batch_ptr read_batch() {
    auto out = std::make_shared<batch>();
    while (out->origins.size() < batch_documents) {
      if (!kept_) {
        std::string document, origin;
        if (!source_.next(document, origin))
          break;
        kept_.emplace(std::move(document), std::move(origin));
      }
      auto& [document, origin] = *kept_;
      if (!out->origins.empty()
          && out->lines.size() + document.size() + 1 > batch_bytes)
        break;
      out->lines += document;
      out->lines += '\n';
      out->origins.push_back(std::move(origin));
      kept_.reset();
    }
    return out->origins.empty() ? nullptr : out;
  }

  void send(batch_ptr one) {
    ++in_flight_;
    ++one->attempts;
    store_(one->lines, [done = done_, one](caf::expected<std::string> reply) {
      std::lock_guard guard{done->mutex};
      done->waiting.emplace_back(one, std::move(reply));
      done->ready.notify_one();
    });
  }

  void settle_some() {
    auto until = clock::now() + std::chrono::milliseconds{100};
    if (!retries_.empty())
      until = std::min(until, retries_.begin()->first);
    decltype(done_->waiting) ready;
    {
      std::unique_lock guard{done_->mutex};
      done_->ready.wait_until(guard, until,
                              [this] { return !done_->waiting.empty(); });
      ready.swap(done_->waiting);
    }
    for (auto& [of, reply] : ready) {
      --in_flight_;
      if (reply)
        count(*of, *reply);
      else
        failed(of, reply.error());
    }
    if (report_.stopped)
      retries_.clear();
  }

  void count(const batch& of, const std::string& reply) {
    auto outcome = json::parse(reply, nullptr, false);
    if (!outcome.is_object()) {
      report_.stopped = fail(ec::internal, "the node's reply is no JSON "
                                           "object");
      return;
    }
    report_.stored += outcome.value("stored", 0ull);
    report_.unchanged += outcome.value("unchanged", 0ull);
    report_.bytes += of.lines.size();
    for (auto& one : outcome.value("failed", json::array())) {
      ++report_.failed;
      auto line = one.value("line", std::size_t{0});
      if (report_.failures.size() < most_failures && line >= 1
          && line <= of.origins.size())
        report_.failures.push_back({of.origins[line - 1],
                                    one.value("error", ""),
                                    one.value("message", "")});
    }
  }

  void failed(const batch_ptr& of, const caf::error& why) {
    if (worth_another_try(why) && of->attempts < most_attempts) {
      retries_.emplace(clock::now() + first_pause * (1 << (of->attempts - 1)),
                       of);
      return;
    }
    if (code_of(why) == ec::too_large)
      return take_apart(*of, why);
    report_.stopped = why;
  }

  /// What is too large for a message is so by itself, or as a whole.
  void take_apart(const batch& whole, const caf::error& why) {
    if (whole.origins.size() == 1) {
      ++report_.failed;
      if (report_.failures.size() < most_failures)
        report_.failures.push_back({whole.origins.front(),
                                    std::string{name_of(ec::too_large)},
                                    message_of(why)});
      return;
    }
    auto middle = whole.origins.begin()
                  + static_cast<std::ptrdiff_t>(whole.origins.size() / 2);
    std::size_t end = 0;
    for (auto i = whole.origins.begin(); i != middle; ++i)
      end = whole.lines.find('\n', end) + 1;
    auto first = std::make_shared<batch>(
        batch{whole.lines.substr(0, end), {whole.origins.begin(), middle}});
    auto second = std::make_shared<batch>(
        batch{whole.lines.substr(end), {middle, whole.origins.end()}});
    for (auto& half : {first, second})
      retries_.emplace(clock::now(), half);
  }

  document_source& source_;
  const store_batch& store_;
  std::uint32_t window_;
  import_report report_;
  std::uint32_t in_flight_ = 0;
  std::multimap<clock::time_point, batch_ptr> retries_;
  /// Read, but too large for the batch before: document and origin.
  std::optional<std::pair<std::string, std::string>> kept_;
  std::shared_ptr<completions> done_ = std::make_shared<completions>();
};

}  // namespace

import_report
run_import(document_source& source, const store_batch& store,
           std::uint32_t window,
           const std::function<void(const import_report&)>& on_progress) {
  return pump{source, store, window}.run(on_progress);
}

}  // namespace larder::cli
