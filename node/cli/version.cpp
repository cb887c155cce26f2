#include "node/cli/command_line.hpp"
#include "node/cli/commands.hpp"
#include "node/cli/output.hpp"
#include "storage/migrations.hpp"

#include <nlohmann/json.hpp>

#include <memory>

namespace larder::cli {

void add_version(command_line& to) {
  auto json = std::make_shared<bool>(false);
  auto url = std::make_shared<std::string>();
  auto command = to.add("version", "Print the version.", "This machine");
  command.flag("--json", *json, "JSON, for scripts")
      .option("--nats-url", *url, "as everywhere; not needed here")
      .example("  larder version")
      .action([json, url] {
        if (!*json)
          return print_line("larder " LARDER_VERSION);
        return print_line(nlohmann::json{{"version", LARDER_VERSION},
                                         {"schema", newest_migration()}}
                              .dump());
      });
}

}  // namespace larder::cli
