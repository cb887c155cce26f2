#include "node/cli/stats_sum.hpp"

#include "node/cli/commands.hpp"
#include "node/cli/exit_code.hpp"
#include "node/cli/output.hpp"
#include "node/cli/remote.hpp"

#include <unistd.h>

#include <memory>
#include <thread>

namespace larder::cli {

namespace {

struct stats_options : client_options {
  bool watch = false;
  std::chrono::milliseconds interval{2'000};
};

int print_stats(const stats_options& o, remote& through) {
  auto answers = through.poll_nodes("stats");
  if (!answers)
    return report(answers.error(), o.json);
  int code = exit_done;
  std::vector<node_stats> nodes;
  for (auto& one : *answers) {
    if (one.error)
      code = worse_of(code, report(one.error, o.json));
    else
      nodes.push_back({one.node, one.body});
  }
  if (nodes.empty())
    return code;
  if (o.json)
    return worse_of(code, print_line(sum_of(nodes)));
  // Home and wipe, so that the table stays where it is.
  std::string screen = o.watch && isatty(STDOUT_FILENO) ? "\x1b[H\x1b[2J" : "";
  return worse_of(code, print(screen + stats_table(nodes)));
}

int stats(const stats_options& o) {
  auto through = remote::open(o);
  if (!through)
    return report(through.error(), o.json);
  for (;;) {
    auto code = print_stats(o, *through);
    if (!o.watch || code != exit_done)
      return code;
    std::this_thread::sleep_for(o.interval);
  }
}

}  // namespace

void add_stats(command_line& to) {
  auto o = std::make_shared<stats_options>();
  auto command =
      to.add("stats", "Hits, misses and sizes of every node.", "Cluster");
  command.flag("--watch,-w", o->watch, "again and again, until Ctrl-C")
      .option("--interval", o->interval, "how often, with --watch (2s)")
      .example("  larder stats --watch\n"
               "  larder stats --json | jq .hits.memory")
      .action([o] { return stats(*o); });
  add_client_options(command, *o);
}

}  // namespace larder::cli
