// One connection to PostgreSQL: makes it, prepares statements on it, notices
// its loss, and makes it again. The only file that knows libpqxx; exceptions
// end here.
//
// Used by postgres_store, postgres_outbox and migrations.
//
// Thread rule: one thread at a time. Nothing connects before the first call.
#pragma once

#include "config/settings.hpp"
#include "storage/artifact.hpp"

#include <caf/expected.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

/// Rows in text form. Views stay valid while the result, or a copy, lives.
class postgres_result {
 public:
  struct rows;
  explicit postgres_result(std::shared_ptr<const rows> rows);
  int size() const;
  bool is_null(int row, int column) const;
  std::string_view text(int row, int column) const;
  /// 0 for NULL.
  std::int64_t number(int row, int column) const;
  bool flag(int row, int column) const { return text(row, column) == "t"; }

 private:
  std::shared_ptr<const rows> rows_;
};

/// A statement that is prepared when a connection first needs it.
struct postgres_statement {
  const char* name;
  const char* sql;
};

using postgres_parameters = std::vector<std::optional<std::string>>;

class postgres_session {
 public:
  enum class schema {
    /// Refuse a database whose schema is older than this binary needs.
    required,
    /// Take any database.
    any,
  };

  explicit postgres_session(config::postgres_settings settings,
                            schema needs = schema::required);
  ~postgres_session();

  /// Does nothing if there is a connection that looks alive. Fails with
  /// `configuration` where only an operator can help, else `unavailable`. The
  /// calls below report either as `unavailable`.
  caf::expected<void> connect();

  /// Runs one prepared statement. Fails with `unavailable` (the connection is
  /// gone; the next call makes a new one), `deadline_exceeded` (statement or
  /// lock time-out), `invalid_request` (the server refuses the data),
  /// `internal` (anything else the server says).
  caf::expected<postgres_result> run(const postgres_statement& statement,
                                     const postgres_parameters& parameters);

  /// The same for text of one or more statements without parameters; fails
  /// with `configuration` too.
  caf::expected<postgres_result> run_script(const std::string& sql);

  /// Runs a script that begins a transaction. From here on the session never
  /// connects again: what follows happens in this transaction or fails.
  caf::expected<postgres_result> begin(const std::string& script);

  /// Runs `statement` in a transaction and commits. Its last two parameters,
  /// added here, are this session's id and the number of the batch, which it
  /// must note in larder.writers. If the connection dies during the commit,
  /// connects again and looks there; fails with `unavailable`, "outcome
  /// unknown", where that cannot be.
  caf::expected<postgres_result> commit(const postgres_statement& statement,
                                        postgres_parameters parameters);

  /// The epoch of the connected server with this counter.
  larder::epoch epoch_of(std::int64_t counter);

  /// The SQLSTATE of the last failure; empty if the server did not say one.
  const std::string& sqlstate() const { return sqlstate_; }

 private:
  struct connection;
  enum class outcome { committed, lost, unknown };

  caf::expected<void> ready();
  caf::expected<void> open();
  caf::expected<void> check();
  template <class F>
  caf::expected<postgres_result> guarded(F&& call);
  caf::expected<void> register_writer();
  outcome look_up(std::int64_t batch, const std::string& history, int backend,
                  const std::string& backend_start);
  std::string address() const;

  config::postgres_settings settings_;
  schema needs_;
  std::unique_ptr<connection> connection_;
  /// "<system identifier>-<timeline>" of the connected server.
  std::string history_;
  int backend_ = 0;
  std::string backend_start_;
  std::string sqlstate_;
  bool in_transaction_ = false;
  /// This session in larder.writers, and its last batch there.
  std::string writer_;
  std::int64_t batch_ = 0;
  std::int64_t epoch_counter_ = -1;
  larder::epoch epoch_;
};

}  // namespace larder
