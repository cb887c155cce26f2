#include "node/node.hpp"

#include "node/cli/commands.hpp"
#include "node/cli/exit_code.hpp"
#include "node/cli/local_settings.hpp"

#include <memory>
#include <utility>

namespace larder::cli {

namespace {

int node(const local_options& o) {
  auto settings = settings_of(o);
  if (!settings)
    return report(settings.error());
  return run_node(std::move(*settings), [o] { return settings_of(o); });
}

}  // namespace

void add_node(command_line& to) {
  auto o = std::make_shared<local_options>();
  auto command = to.add("node", "Run a node, until SIGTERM.", "This machine");
  command
      .example("  DATABASE_URL=postgresql:///larder larder node\n"
               "  larder node --config larder.yaml --set http.port=0")
      .action([o] { return node(*o); });
  add_settings_options(command, *o);
}

}  // namespace larder::cli
