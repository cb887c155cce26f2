#include "node/cli/collect_run.hpp"

#include "node/cli/exit_code.hpp"
#include "node/cli/in_flight.hpp"
#include "storage/error.hpp"
#include "storage/package.hpp"
#include "storage/registry_json.hpp"

#include <memory>
#include <optional>
#include <utility>

namespace larder::cli {

namespace {

struct pending {
  wanted_package package;
  std::uint32_t attempts = 0;
};
using pending_ptr = std::shared_ptr<pending>;

class pump {
 public:
  pump(const std::vector<wanted_package>& packages, const collect_calls& calls,
       const pump_limits& limits)
      : packages_(packages), calls_(calls), in_flight_(limits) {}

  collect_report run(const std::function<void(std::uint64_t)>& on_progress) {
    report_.elapsed = in_flight_.run(
        [this](pending_ptr again) { collect(std::move(again)); },
        [this] { return begin_next(); },
        [this](const pending_ptr& of, caf::expected<collect_result> result) {
          settle(of, std::move(result));
        },
        [&] { on_progress(report_.done()); });
    return std::move(report_);
  }

 private:
  bool begin_next() {
    if (next_ == packages_.size())
      return false;
    begin(packages_[next_++]);
    return true;
  }

  /// A package of a certain version that is there is not asked for again.
  void begin(const wanted_package& package) {
    auto one = std::make_shared<pending>(pending{package});
    if (package.version.empty())
      return collect(std::move(one));
    calls_.stored(package, [done = in_flight_.begin(one)](
                               const caf::expected<std::string>& document) {
      auto stored = document ? parse_stored(*document) : std::nullopt;
      done(stored ? std::move(*stored) : collect_result{});
    });
  }

  void collect(pending_ptr one) {
    ++one->attempts;
    calls_.collect(one->package, in_flight_.begin(one));
  }

  void settle(const pending_ptr& of, caf::expected<collect_result> result) {
    if (result) {
      if (result->outcome.empty())
        return collect(of);
      return count(*result);
    }
    auto& why = result.error();
    if (in_flight_.try_again(of, why)) {
      ++report_.retries;
      return;
    }
    report_.failures.push_back({std::move(of->package), std::move(why)});
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

  const std::vector<wanted_package>& packages_;
  const collect_calls& calls_;
  collect_report report_;
  in_flight<pending, caf::expected<collect_result>> in_flight_;
  std::size_t next_ = 0;
};

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
            const collect_calls& calls, const pump_limits& limits,
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
