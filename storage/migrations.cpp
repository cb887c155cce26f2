#include "storage/migrations.hpp"

#include "storage/error.hpp"
#include "storage/postgres_session.hpp"

#include <algorithm>
#include <utility>

namespace larder {

namespace {

// Any number that nobody else uses; "larder" in ASCII.
constexpr auto advisory_lock = "119174424880498";

/// What the database holds now.
struct survey {
  bool has_schema = false;
  bool has_table = false;
};

caf::expected<survey> look(postgres_session& session) {
  // By the catalogs, not by to_regclass: that answers from a cache, which the
  // wait for the advisory lock does not refresh.
  auto rows = session.run_script(
      "SELECT count(*) FILTER (WHERE n.nspname = 'larder'),"
      "       count(*) FILTER (WHERE n.nspname = 'public')"
      "  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
      " WHERE (n.nspname, c.relname) IN (('larder', 'schema_migrations'),"
      "                                  ('public', 'knowledge_artifacts'))");
  if (!rows)
    return rows.error();
  return survey{rows->number(0, 0) > 0, rows->number(0, 1) > 0};
}

caf::expected<int> number_of(postgres_session& session, const survey& found) {
  if (!found.has_schema)
    return 0;
  auto rows = session.run_script(
      "SELECT coalesce(max(version), 0) FROM larder.schema_migrations");
  if (!rows)
    return rows.error();
  return static_cast<int>(rows->number(0, 0));
}

caf::error apply(postgres_session& session, const migration& m, bool adopting) {
  // The time-outs of requests are not for this; but a table that somebody
  // holds is not waited for without end, since all other writers queue up
  // behind us.
  auto sql = std::string{"SET LOCAL larder.adopting = "}
             + (adopting ? "'on';\n" : "'off';\n") + std::string{m.sql};
  if (auto r = session.run_script(sql); !r)
    return fail(code_of(r.error()), "migration " + std::string{m.name} + ": "
                                        + message_of(r.error()));
  auto note = session.run_script(
      "INSERT INTO larder.schema_migrations (version, name) VALUES ("
      + std::to_string(m.number) + ", '" + std::string{m.name} + "')");
  return note ? caf::error{} : note.error();
}

caf::error apply_all(postgres_session& session, const migrate_options& options,
                     migrate_report& report) {
  auto run = [&](const std::string& sql) {
    auto r = session.run_script(sql);
    return r ? caf::error{} : r.error();
  };
  if (auto err = run("CREATE SCHEMA IF NOT EXISTS larder;"
                     "CREATE TABLE IF NOT EXISTS larder.schema_migrations ("
                     "  version INTEGER PRIMARY KEY, name TEXT NOT NULL,"
                     "  applied_at TIMESTAMPTZ NOT NULL DEFAULT now())"))
    return err;
  for (auto& m : migrations())
    if (m.number > report.from)
      if (auto err = apply(session, m, report.adopted))
        return err;
  if (report.pending.empty() && !options.alter_existing)
    return {};
  return run(std::string{"SELECT larder.attach_artifacts("}
             + (options.alter_existing ? "true)" : "false)"));
}

}  // namespace

int newest_migration() {
  return migrations().back().number;
}

caf::expected<migrate_report> migrate(const config::postgres_settings& settings,
                                      const migrate_options& options) {
  postgres_session session{settings, postgres_session::schema::any};
  if (auto r = session.connect(); !r)
    return r.error();
  auto begun = session.begin(
      "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '60s';"
      "SET LOCAL idle_in_transaction_session_timeout = 0;"
      "SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on;"
      "SET LOCAL search_path = pg_catalog, public;"
      "SELECT pg_advisory_xact_lock("
      + std::string{advisory_lock} + "); SET LOCAL lock_timeout = '10s'");
  if (!begun)
    return begun.error();
  auto found = look(session);
  if (!found)
    return found.error();
  auto number = number_of(session, *found);
  if (!number)
    return number.error();
  if (*number > newest_migration())
    return fail(ec::configuration, "the database's schema is at migration "
                                       + std::to_string(*number)
                                       + ", newer than this binary knows ("
                                       + std::to_string(newest_migration())
                                       + "): use the newer larder");
  migrate_report report;
  report.from = *number;
  report.to = newest_migration();
  report.adopted = report.from == 0 && found->has_table;
  for (auto& m : migrations())
    if (m.number > report.from)
      report.pending.emplace_back(m.name);
  if (options.dry_run)
    return report;  // The transaction ends with the session.
  if (auto err = apply_all(session, options, report))
    return err;
  auto done = session.run_script("COMMIT");
  if (!done)
    return done.error();
  return report;
}

}  // namespace larder
