// The grammar of the command line: commands, their arguments, options and
// examples. The only door to the library that parses them.
//
// Used by cli/*.cpp: each adds its command and is called back when the user
// asked for it. What options are bound to must live as long as the command
// line (commands keep it in a shared_ptr that their action captures).
//
// Thread rule: one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace larder::cli {

/// One (sub)command under construction. A view: copy it freely.
class command {
 public:
  /// Positional arguments, in the order in which they are added.
  command& required(std::string name, std::string& to, std::string help);
  command& optional(std::string name, std::string& to, std::string help);
  command& rest(std::string name, std::vector<std::string>& to,
                std::string help);

  /// `--name VALUE`.
  command& option(std::string names, std::string& to, std::string help);
  command& option(std::string names, std::optional<std::string>& to,
                  std::string help);
  command& option(std::string names, std::uint32_t& to, std::string help);
  command& option(std::string names, std::optional<std::int64_t>& to,
                  std::string help);
  command& option(std::string names, std::chrono::milliseconds& to,
                  std::string help);
  /// Given several times, or once with commas between values.
  command& option(std::string names, std::vector<std::string>& to,
                  std::string help);
  /// Given several times; a comma is part of the value.
  command& repeated(std::string names, std::vector<std::string>& to,
                    std::string help);
  command& flag(std::string names, bool& to, std::string help);

  /// Shown at the end of `--help`.
  command& example(std::string text);

  /// Called when the command line named this command; returns the exit code.
  command& action(std::function<int()> run);

  /// A command below this one ("config check").
  command child(std::string name, std::string help);

 private:
  friend class command_line;
  command(CLI::App* app, std::function<int()>* chosen)
      : app_(app), chosen_(chosen) {}

  CLI::App* app_;
  std::function<int()>* chosen_;
};

class command_line {
 public:
  explicit command_line(std::string version);
  ~command_line();

  /// Commands of one group are listed together.
  command add(std::string name, std::string help, std::string group);

  /// Parses, then runs what was asked for. Help goes to `out`; what is wrong
  /// goes to `err`, with `exit_usage`.
  int run(const std::vector<std::string>& arguments, std::ostream& out,
          std::ostream& err);

 private:
  std::unique_ptr<CLI::App> app_;
  std::unique_ptr<std::function<int()>> chosen_;
};

}  // namespace larder::cli
