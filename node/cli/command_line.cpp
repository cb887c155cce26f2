#include "node/cli/command_line.hpp"

#include "config/quantity.hpp"
#include "node/cli/exit_code.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <iostream>

namespace larder::cli {

using std::chrono::milliseconds;

command& command::required(std::string name, std::string& to,
                           std::string help) {
  app_->add_option(std::move(name), to, std::move(help))->required();
  return *this;
}

command& command::optional(std::string name, std::string& to,
                           std::string help) {
  app_->add_option(std::move(name), to, std::move(help));
  return *this;
}

command& command::rest(std::string name, std::vector<std::string>& to,
                       std::string help) {
  app_->add_option(std::move(name), to, std::move(help));
  return *this;
}

command& command::option(std::string names, std::string& to, std::string help) {
  app_->add_option(std::move(names), to, std::move(help));
  return *this;
}

command& command::option(std::string names, std::optional<std::string>& to,
                         std::string help) {
  app_->add_option_function<std::string>(
      std::move(names), [&to](const std::string& text) { to = text; },
      std::move(help));
  return *this;
}

command& command::option(std::string names, std::uint32_t& to,
                         std::string help) {
  app_->add_option(std::move(names), to, std::move(help));
  return *this;
}

command& command::option(std::string names, std::optional<std::int64_t>& to,
                         std::string help) {
  app_->add_option_function<std::int64_t>(
      std::move(names), [&to](std::int64_t number) { to = number; },
      std::move(help));
  return *this;
}

command& command::option(std::string names, milliseconds& to,
                         std::string help) {
  auto name = names;
  auto set = [&to, name](const std::string& text) {
    auto parsed = config::parse_duration(text);
    if (!parsed || parsed->count() == 0)
      throw CLI::ValidationError(
          name,
          "\"" + text + "\" is not a duration; write it like 500ms or 2s");
    to = *parsed;
  };
  app_->add_option_function<std::string>(std::move(names), set, std::move(help))
      ->type_name("DURATION");
  return *this;
}

command& command::option(std::string names, std::vector<std::string>& to,
                         std::string help) {
  // One value an option, or it would swallow the arguments that follow.
  app_->add_option(std::move(names), to, std::move(help))
      ->allow_extra_args(false)
      ->delimiter(',');
  return *this;
}

command& command::repeated(std::string names, std::vector<std::string>& to,
                           std::string help) {
  app_->add_option(std::move(names), to, std::move(help))
      ->allow_extra_args(false);
  return *this;
}

command& command::flag(std::string names, bool& to, std::string help) {
  app_->add_flag(std::move(names), to, std::move(help));
  return *this;
}

command& command::example(std::string text) {
  app_->footer("Example:\n" + std::move(text));
  return *this;
}

command& command::action(std::function<int()> run) {
  app_->callback([chosen = chosen_, run = std::move(run)] { *chosen = run; });
  return *this;
}

command command::child(std::string name, std::string help) {
  auto* app = app_->add_subcommand(std::move(name), std::move(help));
  app->group("Commands");
  app_->require_subcommand(1);
  return {app, chosen_};
}

command_line::command_line(std::string version)
    : app_(std::make_unique<CLI::App>(
        "Templates from memory, NATS JetStream and PostgreSQL.\n"
        "`larder node` runs a node; every other command asks a running one, "
        "over "
        "NATS.",
        "larder")),
      chosen_(std::make_unique<std::function<int()>>()) {
  app_->set_version_flag("--version", std::move(version));
  // Exactly one: the words after it are its own, though they be commands too
  // (`larder get list stats`).
  app_->require_subcommand(1);
  app_->get_formatter()->column_width(34);
  app_->footer("Exit codes: 0 done, 1 not found, 2 usage, 69 unavailable, "
               "75 try again, 78 configuration.\n"
               "`larder COMMAND --help` shows an example of each.");
}

command_line::~command_line() = default;

command command_line::add(std::string name, std::string help,
                          std::string group) {
  auto* app = app_->add_subcommand(std::move(name), std::move(help));
  app->group(std::move(group));
  app->footer("");
  return {app, chosen_.get()};
}

int command_line::run(const std::vector<std::string>& arguments,
                      std::ostream& out, std::ostream& err) {
  *chosen_ = nullptr;
  try {
    // The library takes its arguments last first.
    app_->parse(std::vector<std::string>{arguments.rbegin(), arguments.rend()});
  } catch (const CLI::RequiredError& e) {
    // What was not understood explains what is missing.
    auto left = app_->remaining(true);
    if (left.empty())
      return app_->exit(e, out, err), exit_usage;
    err << "there is no " << (left[0].starts_with('-') ? "option" : "command")
        << " \"" << left[0] << "\" here\nRun with --help for more "
        << "information.\n";
    return exit_usage;
  } catch (const CLI::ParseError& e) {
    return app_->exit(e, out, err) == 0 ? exit_done : exit_usage;
  }
  return *chosen_ ? (*chosen_)() : exit_usage;
}

}  // namespace larder::cli
