// The schema in PostgreSQL, as numbered migrations compiled into the binary
// (storage/migrations/NNNN_*.sql), and what applies them.
//
// Used by `larder migrate`, by a node at start (postgres.migrate), and by
// tests.
//
// Thread rule: blocking; any thread. Two programs that migrate one database at
// a time are safe: an advisory lock lets one wait for the other.
#pragma once

#include "config/settings.hpp"

#include <caf/expected.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

struct migration {
  int number = 0;
  /// The file's stem, for example "0001_knowledge_artifacts".
  std::string_view name;
  std::string_view sql;
};

/// Every migration of this binary, by number: 1, 2, 3 … without a gap.
std::span<const migration> migrations();

/// The number of the newest one: the schema that this binary needs.
int newest_migration();

struct migrate_options {
  /// Change nothing; report what would be done.
  bool dry_run = false;
  /// Permits additions to a `knowledge_artifacts` that Larder did not make:
  /// missing columns and the unique index over (artifact_type, artifact_id).
  bool alter_existing = false;
};

struct migrate_report {
  /// The schema's number before and after (dry run: as it would be).
  int from = 0;
  int to = 0;
  /// Names of the pending migrations, in order.
  std::vector<std::string> pending;
  /// A `knowledge_artifacts` that Larder did not make is (or would be) adopted.
  bool adopted = false;
};

/// Applies what is pending, all or nothing, in one transaction. Fails with
/// `configuration` (the schema is newer than this binary; an existing table
/// lacks what Larder needs and altering it was not allowed; rights are
/// missing), `unavailable`, `deadline_exceeded` (somebody holds the table).
caf::expected<migrate_report> migrate(const config::postgres_settings& settings,
                                      const migrate_options& options = {});

}  // namespace larder
