#include "node/cli/import_run.hpp"

#include "node/cli/in_flight.hpp"
#include "storage/error.hpp"
#include "storage/registry_json.hpp"

#include <memory>
#include <optional>
#include <utility>

namespace larder::cli {

namespace {

// Below the server's usual limit of one message.
constexpr std::size_t batch_bytes = 512 << 10;
constexpr std::size_t batch_documents = 500;
constexpr std::size_t most_failures = 100;

struct batch {
  std::string lines;
  std::vector<std::string> origins;
  std::uint32_t attempts = 0;
};
using batch_ptr = std::shared_ptr<batch>;

class pump {
 public:
  pump(document_source& source, const store_batch& store,
       const pump_limits& limits)
      : source_(source), store_(store), in_flight_(limits) {}

  import_report
  run(const std::function<void(const import_report&)>& on_progress) {
    report_.elapsed = in_flight_.run(
        [this](batch_ptr again) { send(std::move(again)); },
        [this] { return send_next(); },
        [this](const batch_ptr& of, const caf::expected<std::string>& reply) {
          if (reply)
            count(*of, *reply);
          else
            failed(of, reply.error());
        },
        [&] {
          if (report_.stopped)
            in_flight_.forget_retries();
          on_progress(report_);
        });
    return std::move(report_);
  }

 private:
  bool send_next() {
    auto next = report_.stopped ? nullptr : read_batch();
    if (!next)
      return false;
    send(std::move(next));
    return true;
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
    ++one->attempts;
    store_(one->lines, in_flight_.begin(one));
  }

  void count(const batch& of, const std::string& reply) {
    auto outcome = parse_document(reply, "the node");
    if (!outcome || !outcome->contains("stored")) {
      report_.stopped =
          fail(ec::internal, "the node's answer to an import does not say how "
                             "many were stored; is it of the same version as "
                             "this command?");
      return;
    }
    report_.stored += number_of(*outcome, "stored");
    report_.unchanged += number_of(*outcome, "unchanged");
    report_.bytes += of.lines.size();
    for (auto& one : list_of(*outcome, "failed")) {
      ++report_.failed;
      auto line = number_of(one, "line");
      if (report_.failures.size() < most_failures && line >= 1
          && line <= of.origins.size())
        report_.failures.push_back({of.origins[line - 1], text_of(one, "error"),
                                    text_of(one, "message")});
    }
  }

  void failed(const batch_ptr& of, const caf::error& why) {
    if (in_flight_.try_again(of, why))
      return;
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
      in_flight_.send_after({}, half);
  }

  document_source& source_;
  const store_batch& store_;
  import_report report_;
  in_flight<batch, caf::expected<std::string>> in_flight_;
  /// Read, but too large for the batch before: document and origin.
  std::optional<std::pair<std::string, std::string>> kept_;
};

}  // namespace

import_report
run_import(document_source& source, const store_batch& store,
           const pump_limits& limits,
           const std::function<void(const import_report&)>& on_progress) {
  return pump{source, store, limits}.run(on_progress);
}

}  // namespace larder::cli
