#include "node/cli/command_line.hpp"
#include "node/cli/commands.hpp"

namespace larder::cli {

void add_packages(command_line& to) {
  auto packages = to.add(
      "packages", "Packages of registries: find, read, collect.", "Packages");
  add_packages_collect(packages);
}

}  // namespace larder::cli
