#include "config/dump.hpp"
#include "config/setting_table.hpp"

#include "node/cli/commands.hpp"
#include "node/cli/exit_code.hpp"
#include "node/cli/local_settings.hpp"
#include "node/cli/output.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <memory>

namespace larder::cli {

namespace {

int check_config(const local_options& o) {
  auto settings = settings_of(o);
  if (!settings)
    return report(settings.error(), o.json);
  if (o.json)
    return print_line(R"({"ok":true})");
  std::fputs("the configuration is good\n", stderr);
  return exit_done;
}

// {"section.key": "value as in YAML"}
std::string to_json(const config::settings& from) {
  nlohmann::ordered_json all = nlohmann::ordered_json::object();
  for (auto& setting : config::all_settings())
    all[std::string{setting.name}] = config::print_shown(setting, from);
  return all.dump(-1, ' ', false,
                  nlohmann::ordered_json::error_handler_t::replace);
}

int dump_config(const local_options& o, bool defaults) {
  if (defaults)
    return o.json ? print_line(to_json({})) : print(config::document());
  auto settings = settings_of(o);
  if (!settings)
    return report(settings.error(), o.json);
  if (o.json)
    return print_line(to_json(*settings));
  return print(config::dump(*settings));
}

}  // namespace

void add_config(command_line& to) {
  auto config_command =
      to.add("config", "Look at the configuration.", "This machine");
  config_command.example("  larder config check --config larder.yaml\n"
                         "  larder config dump");
  auto o = std::make_shared<local_options>();
  auto check = config_command.child("check", "Say what is wrong with it.");
  check.flag("--json", o->json, "JSON, for scripts")
      .example("  larder config check --config larder.yaml")
      .action([o] { return check_config(*o); });
  add_settings_options(check, *o);
  auto defaults = std::make_shared<bool>(false);
  auto dump = config_command.child(
      "dump", "Print what is in effect, without secrets, as YAML.");
  dump.flag("--defaults", *defaults,
            "every setting with its default, explained")
      .flag("--json", o->json, "JSON, for scripts")
      .example("  larder config dump --config larder.yaml")
      .action([o, defaults] { return dump_config(*o, *defaults); });
  add_settings_options(dump, *o);
}

}  // namespace larder::cli
