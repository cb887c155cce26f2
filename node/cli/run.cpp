#include "node/cli/command_line.hpp"
#include "node/cli/commands.hpp"
#include "node/cli/exit_code.hpp"

#include <csignal>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

namespace larder::cli {

int run(int argc, char** argv) {
  // A closed pipe or socket is an error that a write returns, not an end.
  std::signal(SIGPIPE, SIG_IGN);
  command_line line{"larder " LARDER_VERSION};
  add_get(line);
  add_put(line);
  add_delete(line);
  add_mget(line);
  add_list(line);
  add_search(line);
  add_load(line);
  add_invalidate(line);
  add_stats(line);
  add_nodes(line);
  add_warm(line);
  add_clear(line);
  add_top(line);
  add_explain(line);
  add_verify(line);
  add_packages(line);
  add_node(line);
  add_migrate(line);
  add_config(line);
  add_version(line);
  try {
    return line.run({argv + 1, argv + argc}, std::cout, std::cerr);
  } catch (const std::exception& e) {
    // A defect, but nobody is helped by a core file.
    std::cerr << "larder: internal error: " << e.what() << '\n';
    return exit_unavailable;
  }
}

}  // namespace larder::cli
