#include "node/cli/exit_code.hpp"
#include "node/cli/output.hpp"
#include "node/cli/packages.hpp"
#include "node/package_reply.hpp"
#include "node/progress.hpp"
#include "storage/error.hpp"
#include "storage/package_store.hpp"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>

namespace larder::cli {

namespace {

using nlohmann::json;

struct care_options : client_options {
  care_options() { timeout = std::chrono::minutes{30}; }
  std::string node;
  /// Of a store that no node has open.
  std::string directory;
  std::string name;
  std::string backup;
  bool repair = false;
};

/// Prints what is wrong with one store; whether something is.
bool say_problems(const std::string& where, const json& found) {
  auto count = found.value("problem_count", std::uint64_t{0});
  std::fprintf(stderr, "%s: %llu packages, %llu versions, %llu snippets: %s\n",
               where.c_str(), found.value("packages", 0ull),
               found.value("versions", 0ull), found.value("snippets", 0ull),
               count == 0 ? "all agree"
                          : (std::to_string(count) + " problems").c_str());
  for (auto& problem : found.value("problems", json::array()))
    std::fprintf(stderr, "  %s\n", problem.get<std::string>().c_str());
  return count != 0;
}

package_progress bar_of(std::unique_ptr<progress>& bar, const char* label) {
  return [&bar, label](std::uint64_t done, std::uint64_t total) {
    if (!bar)
      bar = std::make_unique<progress>(label, total);
    bar->update(done);
  };
}

/// A store that is there: opening makes one otherwise.
caf::expected<std::unique_ptr<package_store>>
open_kept(const std::string& directory) {
  std::error_code failed;
  if (!std::filesystem::exists(directory + "/CURRENT", failed))
    return fail(ec::invalid_request,
                directory
                    + " holds no package store; expected the directory "
                      "packages of a node's data_dir, or packages.path");
  package_store_options options;
  options.directory = directory;
  return package_store::open(std::move(options));
}

int check_directory(const care_options& o) {
  auto store = open_kept(o.directory);
  if (!store)
    return report(store.error(), o.json);
  std::unique_ptr<progress> bar;
  if (o.repair)
    if (auto ok = (*store)->reindex(bar_of(bar, "reindex")); !ok)
      return report(ok.error(), o.json);
  bar.reset();
  auto found = (*store)->check(bar_of(bar, "check"));
  bar.reset();
  if (!found)
    return report(found.error(), o.json);
  auto text = to_json(*found);
  if (o.json)
    print_line(text);
  else
    say_problems(o.directory, json::parse(text));
  return found->problem_count == 0 ? exit_done : exit_inconsistent;
}

int check(const care_options& o) {
  if (!o.directory.empty())
    return check_directory(o);
  if (o.repair)
    return report(fail(ec::invalid_request,
                       "--repair goes with --directory: stop the node first"),
                  o.json);
  auto through = remote::open(o);
  if (!through)
    return report(through.error(), o.json);
  auto answers = through->ask_nodes("packages-check", o.node, "{}");
  if (!answers)
    return report(answers.error(), o.json);
  int code = exit_done;
  json nodes = json::array();
  for (auto& one : *answers) {
    if (one.error) {
      code = worse_of(code, report(one.error, o.json));
      continue;
    }
    auto found = json::parse(one.body, nullptr, false);
    auto wrong = o.json ? found.value("problem_count", 0ull) != 0
                        : say_problems(one.node, found);
    if (wrong && code == exit_done)
      code = exit_inconsistent;
    nodes.push_back(std::move(found));
  }
  if (o.json)
    print_line(text_of({{"nodes", std::move(nodes)}}));
  return code;
}

int backup(const care_options& o) {
  if (!o.directory.empty()) {
    auto store = open_kept(o.directory);
    if (!store)
      return report(store.error(), o.json);
    if (auto ok = (*store)->backup(o.name); !ok)
      return report(ok.error(), o.json);
    return print_line(o.json ? text_of({{"directory", o.name}}) : o.name);
  }
  auto through = remote::open(o);
  if (!through)
    return report(through.error(), o.json);
  auto answers = through->ask_nodes("packages-backup", o.node,
                                    text_of({{"name", o.name}}));
  if (!answers)
    return report(answers.error(), o.json);
  int code = exit_done;
  for (auto& one : *answers) {
    if (one.error) {
      code = worse_of(code, report(one.error, o.json));
      continue;
    }
    auto made = json::parse(one.body, nullptr, false);
    print_line(o.json ? text_of(made)
                      : one.node + ": " + made.value("directory", ""));
  }
  return code;
}

int restore(const care_options& o) {
  if (o.directory.empty())
    return report(fail(ec::invalid_request,
                       "expected --directory: where the store of a node that "
                       "does not run is, or is to be"),
                  o.json);
  if (auto ok = package_store::restore(o.backup, o.directory); !ok)
    return report(ok.error(), o.json);
  if (o.json)
    return print_line(text_of({{"directory", o.directory}}));
  std::fprintf(stderr, "restored to %s\n", o.directory.c_str());
  return exit_done;
}

constexpr const char* directory_help =
    "the store in this directory, which no node has open";

}  // namespace

void add_packages_care(command& to) {
  auto c = std::make_shared<care_options>();
  auto check_command =
      to.child("check", "Compare records, words, tags and snippets.");
  check_command.option("--node", c->node, "only this node (all)")
      .option("--directory", c->directory, directory_help)
      .flag("--repair", c->repair,
            "make words, tags and snippets anew from the records first")
      .example("  larder packages check\n"
               "  larder packages check --directory data/packages --repair")
      .action([c] { return check(*c); });
  add_client_options(check_command, *c);

  auto b = std::make_shared<care_options>();
  auto backup_command =
      to.child("backup", "Copy the store as it is at this moment.");
  backup_command
      .required("NAME", b->name,
                "of the copy, under backups in node.data_dir; with "
                "--directory a path")
      .option("--node", b->node, "only this node (all)")
      .option("--directory", b->directory, directory_help)
      .example("  larder packages backup 2026-11-21")
      .action([b] { return backup(*b); });
  add_client_options(backup_command, *b);

  auto r = std::make_shared<care_options>();
  auto restore_command =
      to.child("restore",
               "Put a backup in the place of a store; the node must not run.");
  restore_command.required("BACKUP", r->backup, "the backup's directory")
      .option("--directory", r->directory,
              "the store's; what is there is kept beside it")
      .flag("--json", r->json, "print JSON for scripts")
      .example("  larder packages restore data/backups/2026-11-21 "
               "--directory data/packages")
      .action([r] { return restore(*r); });
}

}  // namespace larder::cli
