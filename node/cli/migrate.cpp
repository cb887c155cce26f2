#include "storage/migrations.hpp"

#include "node/cli/commands.hpp"
#include "node/cli/exit_code.hpp"
#include "node/cli/local_settings.hpp"
#include "node/cli/output.hpp"
#include "storage/error.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <memory>

namespace larder::cli {

namespace {

struct migrate_command : local_options {
  bool dry_run = false;
  bool alter = false;
};

int run_migrations(const migrate_command& o) {
  auto settings = settings_of(o);
  if (!settings)
    return report(settings.error(), o.json);
  if (settings->postgres.url.empty())
    return report(fail(ec::configuration,
                       "there is no database to migrate: without DATABASE_URL "
                       "(postgres.url) a node keeps everything in its embedded "
                       "store, which needs no migration"),
                  o.json);
  auto done = migrate(settings->postgres, {o.dry_run, o.alter});
  if (!done)
    return report(done.error(), o.json);
  if (o.json)
    return print_line(nlohmann::json{
        {"from", done->from},
        {"to", done->to},
        {"pending", done->pending},
        {"adopted", done->adopted},
        {"dry_run",
         o.dry_run}}.dump());
  for (auto& name : done->pending)
    std::fprintf(stderr, "%s %s\n", o.dry_run ? "would apply" : "applied",
                 name.c_str());
  if (done->adopted)
    std::fprintf(stderr, "%s the table knowledge_artifacts that was there\n",
                 o.dry_run ? "would adopt" : "adopted");
  std::fprintf(stderr, "the schema %s at %d%s\n", o.dry_run ? "would be" : "is",
               done->to, done->pending.empty() ? ", nothing to do" : "");
  return exit_done;
}

}  // namespace

void add_migrate(command_line& to) {
  auto o = std::make_shared<migrate_command>();
  auto command = to.add("migrate", "Bring the schema in PostgreSQL up to date.",
                        "This machine");
  command.flag("--dry-run", o->dry_run, "say what would be done, do nothing")
      .flag("--alter", o->alter,
            "may add columns and an index to a table that another program made")
      .flag("--json", o->json, "JSON, for scripts")
      .example("  DATABASE_URL=postgresql:///larder larder migrate --dry-run")
      .action([o] { return run_migrations(*o); });
  add_settings_options(command, *o);
}

}  // namespace larder::cli
