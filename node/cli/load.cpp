#include "cluster/subjects.hpp"
#include "node/cli/commands.hpp"
#include "node/cli/exit_code.hpp"
#include "node/cli/load_run.hpp"
#include "node/cli/output.hpp"
#include "node/cli/remote.hpp"
#include "node/progress.hpp"
#include "storage/error.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <memory>

namespace larder::cli {

namespace {

struct load_options : client_options {
  std::string path;
  std::uint32_t window = 256;
};

void send(remote& to, const load_item& item, put_done done) {
  nats::headers lines;
  if (!item.metadata.empty())
    lines.push_back({"Larder-Metadata", item.metadata});
  if (!item.tags.empty())
    lines.push_back({"Larder-Tags", item.tags});
  to.ask_later(collection_subjects{}.of(request_op::put, item.key),
               std::move(lines), item.content,
               [done = std::move(done)](caf::expected<nats::message> reply) {
                 done(reply ? caf::error{} : std::move(reply.error()));
               });
}

double seconds_of(const load_report& report) {
  return std::chrono::duration<double>(report.elapsed).count();
}

double rate_of(const load_report& report) {
  auto seconds = seconds_of(report);
  return seconds > 0 ? static_cast<double>(report.loaded) / seconds : 0;
}

void say(const load_report& done) {
  for (auto& failure : done.failures)
    std::fprintf(stderr, "larder: %s: %s\n", failure.origin.c_str(),
                 message_of(failure.error).c_str());
  std::fprintf(stderr, "%llu templates in %s (%.0f/s)",
               static_cast<unsigned long long>(done.loaded),
               duration_text(done.elapsed).c_str(), rate_of(done));
  if (!done.failures.empty())
    std::fprintf(stderr, ", %zu failed", done.failures.size());
  if (done.stopped)
    std::fputs("; gave up before the end", stderr);
  std::fputc('\n', stderr);
}

int print_report(const load_report& done) {
  nlohmann::json failures = nlohmann::json::array();
  for (auto& failure : done.failures)
    failures.push_back({{"origin", failure.origin},
                        {"error", name_of(code_of(failure.error))},
                        {"message", message_of(failure.error)}});
  nlohmann::json body{{"loaded", done.loaded},
                      {"bytes", done.bytes},
                      {"retries", done.retries},
                      {"seconds", seconds_of(done)},
                      {"rate", rate_of(done)},
                      {"complete", !done.stopped && done.failures.empty()},
                      {"failures", std::move(failures)}};
  // A file's name may be no UTF-8.
  return print_line(
      body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

int load(const load_options& o) {
  if (o.window == 0)
    return report(fail(ec::invalid_request, "--window has to be at least 1"),
                  o.json);
  auto source = open_load(o.path);
  if (!source)
    return report(source.error(), o.json);
  auto node = remote::open(o);
  if (!node)
    return report(node.error(), o.json);
  auto limits = load_limits;
  limits.window = o.window;
  progress bar{"load", (*source)->total()};
  auto done = run_load(
      **source,
      [&](const load_item& item, put_done finished) {
        send(*node, item, std::move(finished));
      },
      limits, [&](std::uint64_t count) { bar.update(count); });
  bar.clear();
  if (o.json)
    return worse_of(exit_code_of(done), print_report(done));
  say(done);
  return exit_code_of(done);
}

}  // namespace

void add_load(command_line& to) {
  auto o = std::make_shared<load_options>();
  auto command =
      to.add("load", "Store many templates from files.", "Templates");
  command
      .required("DIR|FILE", o->path,
                "DIR/TYPE/ID.json, or a FILE with one {\"type\",\"id\","
                "\"content\"} a line; - is standard input")
      .option("--window", o->window, "puts in flight at once (256)")
      .example("  larder load templates/\n"
               "  larder load templates.jsonl --json")
      .action([o] { return load(*o); });
  add_client_options(command, *o);
}

}  // namespace larder::cli
