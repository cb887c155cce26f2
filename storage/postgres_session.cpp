#include "storage/postgres_session.hpp"

#include "config/redact.hpp"
#include "storage/error.hpp"
#include "storage/migrations.hpp"
#include "storage/postgres_failure.hpp"

// libpqxx 6 marks as deprecated what libpqxx 7 removed, and 7.10 what 8 will:
// the one place that bridges them needs no warning.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#include <pqxx/pqxx>

#include <charconv>
#include <chrono>
#include <poll.h>
#include <set>
#include <thread>
#include <utility>

namespace larder {

// -- results -----------------------------------------------------------------

struct postgres_result::rows {
  pqxx::result result;
};

postgres_result::postgres_result(std::shared_ptr<const rows> rows)
    : rows_(std::move(rows)) {}

static pqxx::field field_of(const pqxx::result& result, int row, int column) {
  return result[static_cast<pqxx::result::size_type>(row)]
               [static_cast<pqxx::row::size_type>(column)];
}

int postgres_result::size() const {
  return static_cast<int>(rows_->result.size());
}

bool postgres_result::is_null(int row, int column) const {
  return field_of(rows_->result, row, column).is_null();
}

std::string_view postgres_result::text(int row, int column) const {
  // The bytes belong to the result, not to the field.
  auto field = field_of(rows_->result, row, column);
  return {field.c_str(), static_cast<std::size_t>(field.size())};
}

std::int64_t postgres_result::number(int row, int column) const {
  std::int64_t value = 0;
  auto digits = text(row, column);
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

// -- connecting --------------------------------------------------------------

struct postgres_session::connection {
  explicit connection(const std::string& address) : pq(address) {
#if PQXX_VERSION_MAJOR < 7
    // Version 6 would reconnect behind our back, without our settings.
    pq.inhibit_reactivation(true);
#endif
  }

  /// The server says nothing unasked: a readable socket means that it has gone
  /// (or is about to say so). Found here, the loss costs nobody a failed call.
  bool looks_alive() {
    pollfd fd{pq.sock(), POLLIN | POLLRDHUP, 0};
    return pq.is_open() && fd.fd >= 0 && ::poll(&fd, 1, 0) == 0;
  }

  pqxx::result exec(const std::string& sql) {
    pqxx::nontransaction session{pq};
    return session.exec(sql);
  }

  pqxx::result exec(const postgres_statement& statement,
                    const postgres_parameters& parameters) {
    if (!prepared.contains(statement.name))
      pq.prepare(statement.name, statement.sql);
    prepared.insert(statement.name);
    pqxx::nontransaction session{pq};
#if PQXX_VERSION_MAJOR < 7
    std::vector<const char*> pointers;
    for (auto& p : parameters)
      pointers.push_back(p ? p->c_str() : nullptr);
    return session.exec_prepared(statement.name,
                                 pqxx::prepare::make_dynamic_params(pointers));
#else
    pqxx::params params;
    for (auto& p : parameters)
      if (p)
        params.append(pqxx::zview{p->c_str(), p->size()});
      else
        params.append();
    return session.exec_prepared(statement.name, params);
#endif
  }

  pqxx::connection pq;
  std::set<std::string, std::less<>> prepared;
};

postgres_session::postgres_session(config::postgres_settings settings,
                                   schema needs)
    : settings_(std::move(settings)), needs_(needs) {}

postgres_session::~postgres_session() = default;

std::string postgres_session::address() const {
  return "PostgreSQL (" + config::redact_url(settings_.url) + ")";
}

larder::epoch postgres_session::epoch_of(std::int64_t counter) {
  if (counter != epoch_counter_) {
    epoch_ = larder::epoch{history_ + '-' + std::to_string(counter)};
    epoch_counter_ = counter;
  }
  return epoch_;
}

/// Runs `call` on the connection, with every exception made an error.
template <class F>
caf::expected<postgres_result> postgres_session::guarded(F&& call) {
  sqlstate_.clear();
  std::string message;
  ec code = ec::unavailable;
  try {
    return postgres_result{std::make_shared<const postgres_result::rows>(
        postgres_result::rows{call(*connection_)})};
  } catch (const pqxx::broken_connection& e) {
    connection_.reset();
    message = e.what();
  } catch (const pqxx::sql_error& e) {
    // libpqxx before 7.10.4 leaves this one's state out.
    auto rights = dynamic_cast<const pqxx::insufficient_privilege*>(&e);
    sqlstate_ = rights ? "42501" : e.sqlstate();
    message = e.what();
    // A lost connection is an error without a state, or the server's last
    // words: shutdown, crash, idle_in_transaction_session_timeout.
    if (!connection_->looks_alive() || sqlstate_.empty()
        || sqlstate_.starts_with("57P") || sqlstate_.starts_with("25P03"))
      connection_.reset();
    code = sqlstate_.empty() ? ec::unavailable : code_for(sqlstate_);
  } catch (const std::exception& e) {
    connection_.reset();
    message = e.what();
    code = ec::internal;
  }
  auto sentence = address() + ": " + one_line(message);
  sentence += advice_for(sqlstate_);
  return fail(code, std::move(sentence));
}

caf::expected<void> postgres_session::connect() {
  if (connection_ && connection_->looks_alive())
    return caf::unit;
  connection_.reset();
  if (settings_.url.empty())
    return fail(
        ec::configuration,
        "no PostgreSQL is configured: set postgres.url or DATABASE_URL");
  auto result = open();
  if (result)
    result = check();
  if (!result)
    connection_.reset();
  return result;
}

caf::expected<void> postgres_session::open() {
  try {
    connection_ =
        std::make_unique<connection>(with_defaults(settings_.url, settings_));
    return caf::unit;
  } catch (const std::exception& e) {
    auto reason = one_line(e.what());
    return fail(code_for_refusal(reason),
                "cannot connect to " + address() + ": " + reason
                    + "; check DATABASE_URL, and that the server runs");
  }
}

caf::expected<void> postgres_session::check() {
  auto ms = [](auto duration) { return std::to_string(duration.count()); };
  auto prologue = guarded([&](connection& c) {
    // Every statement of ours goes by key. A plan made while the tables were
    // empty must not scan them when they are not.
    return c.exec("SET client_encoding = 'UTF8';"
                  "SET client_min_messages = error;"
                  "SET default_transaction_isolation = 'read committed';"
                  "SET jit = off; SET plan_cache_mode = force_generic_plan;"
                  "SET enable_seqscan = off; SET enable_hashjoin = off;"
                  "SET enable_mergejoin = off;"
                  "SET statement_timeout = "
                  + ms(settings_.statement_timeout)
                  + "; SET lock_timeout = " + ms(settings_.lock_timeout)
                  + "; SET idle_in_transaction_session_timeout = "
                  + ms(settings_.idle_in_transaction_timeout)
                  + "; SELECT current_setting('server_encoding'),"
                    " current_setting('synchronous_commit'),"
                    " current_setting('fsync'), pg_is_in_recovery(),"
                    " pg_backend_pid(),"
                    " EXISTS (SELECT FROM pg_class c"
                    "   JOIN pg_namespace n ON n.oid = c.relnamespace"
                    "  WHERE n.nspname = 'larder'"
                    "    AND c.relname = 'schema_migrations'),"
                    " (SELECT backend_start FROM pg_stat_activity"
                    "   WHERE pid = pg_backend_pid())");
  });
  if (!prologue)
    return prologue.error();
  auto& facts = *prologue;
  backend_ = static_cast<int>(facts.number(0, 4));
  backend_start_ = std::string{facts.text(0, 6)};
  if (facts.text(0, 0) != "UTF8")
    return fail(ec::configuration,
                address() + ": the database's encoding is "
                    + std::string{facts.text(0, 0)}
                    + "; Larder needs a database with ENCODING 'UTF8'");
  if (facts.flag(0, 3))
    return fail(ec::unavailable,
                address()
                    + ": the server is a standby (in recovery); Larder "
                      "needs the primary: name it in DATABASE_URL, or "
                      "add target_session_attrs=read-write");
  for (auto [column, name] :
       {std::pair{1, "synchronous_commit"}, std::pair{2, "fsync"}})
    if (facts.text(0, column) == "off" && !settings_.allow_asynchronous_commit)
      return fail(ec::configuration,
                  address() + ": " + name
                      + " is off, so acknowledged writes may be lost; turn it "
                        "on, or accept that with "
                        "postgres.allow_asynchronous_commit: true");
  if (needs_ == schema::any)
    return caf::unit;
  if (!facts.flag(0, 5))
    return fail(ec::configuration, address()
                                       + ": the database has no Larder "
                                         "schema; run `larder migrate`");
  auto known = guarded([](connection& c) {
    return c.exec("SELECT coalesce(max(version), 0), larder.history()"
                  " FROM larder.schema_migrations");
  });
  if (!known)
    return known.error();
  if (known->number(0, 0) < newest_migration())
    return fail(ec::configuration, address() + ": the schema is at migration "
                                       + std::string{known->text(0, 0)}
                                       + ", this binary needs "
                                       + std::to_string(newest_migration())
                                       + "; run `larder migrate`");
  history_ = std::string{known->text(0, 1)};
  epoch_counter_ = -1;
  return caf::unit;
}

caf::expected<void> postgres_session::ready() {
  sqlstate_.clear();
  if (in_transaction_ && connection_)
    return caf::unit;
  if (in_transaction_)
    return fail(ec::unavailable, address()
                                     + ": the connection was lost in the "
                                       "middle of a transaction");
  auto result = connect();
  if (!result)
    return as_unavailable(result.error());
  return result;
}

// -- running -----------------------------------------------------------------

caf::expected<postgres_result>
postgres_session::run(const postgres_statement& statement,
                      const postgres_parameters& parameters) {
  if (auto r = ready(); !r)
    return r.error();
  auto result =
      guarded([&](connection& c) { return c.exec(statement, parameters); });
  if (!result)
    return as_unavailable(result.error());
  return result;
}

caf::expected<postgres_result>
postgres_session::run_script(const std::string& sql) {
  if (auto r = ready(); !r)
    return r.error();
  return guarded([&](connection& c) { return c.exec(sql); });
}

caf::expected<postgres_result>
postgres_session::begin(const std::string& script) {
  auto result = run_script(script);
  in_transaction_ = true;
  return result;
}

caf::expected<void> postgres_session::register_writer() {
  // Committed before the first batch, so that a look-up finds a row to lock.
  // It need not survive a crash: then the look-up says "unknown".
  static constexpr postgres_statement statement{
      "larder_register",
      "WITH s AS (SELECT set_config('synchronous_commit', 'off', true)),"
      " gone AS (DELETE FROM larder.writers"
      "           WHERE seen_at < now() - interval '7 days')"
      " INSERT INTO larder.writers (batch) SELECT 0 FROM s RETURNING session"};
  auto row = run(statement, {});
  if (!row)
    return row.error();
  writer_ = std::string{row->text(0, 0)};
  return caf::unit;
}

caf::expected<postgres_result>
postgres_session::commit(const postgres_statement& statement,
                         postgres_parameters parameters) {
  if (auto r = ready(); !r)
    return r.error();
  if (writer_.empty())
    if (auto r = register_writer(); !r)
      return r.error();
  auto batch = ++batch_;
  parameters.emplace_back(writer_);
  parameters.emplace_back(std::to_string(batch));

  auto begun = guarded([](connection& c) { return c.exec("BEGIN"); });
  if (!begun)
    return begun.error();
  auto result =
      guarded([&](connection& c) { return c.exec(statement, parameters); });
  if (!result) {
    auto state = sqlstate_;
    if (connection_)
      std::ignore = guarded([](connection& c) { return c.exec("ROLLBACK"); });
    sqlstate_ = state;
    return as_unavailable(result.error());
  }
  auto history = history_;
  auto backend = backend_;
  auto backend_start = backend_start_;
  auto done = guarded([](connection& c) { return c.exec("COMMIT"); });
  if (done)
    return result;
  if (connection_)
    return done.error();  // The server said no (a deferred constraint).
  // The connection died with COMMIT on its way: in doubt.
  switch (look_up(batch, history, backend, backend_start)) {
  case outcome::committed:
    return result;
  case outcome::lost:
    return fail(ec::unavailable,
                address()
                    + ": the connection was lost before the commit; "
                      "nothing was written, try again");
  default:
    return fail(ec::unavailable,
                address()
                    + ": the connection was lost during the commit and "
                      "its outcome is unknown; read the key before you "
                      "try again");
  }
}

postgres_session::outcome
postgres_session::look_up(std::int64_t batch, const std::string& history,
                          int backend, const std::string& backend_start) {
  using clock = std::chrono::steady_clock;
  auto deadline = clock::now() + std::chrono::seconds{1};
  while (!ready()) {
    if (clock::now() > deadline)
      return outcome::unknown;
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  // Another server, or another history of it: what it says of our batch would
  // not be about our batch.
  if (history_ != history)
    return outcome::unknown;
  // The old backend may sit there with the transaction open, waiting for the
  // COMMIT that was lost: end it, so that the row below is not locked for long.
  static constexpr postgres_statement end{
      "larder_end", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE pid = $1::int"
                    "   AND backend_start = $2::timestamptz"};
  // The lock waits until the old transaction has ended, one way or the other.
  static constexpr postgres_statement read{
      "larder_outcome",
      "SELECT batch FROM larder.writers WHERE session = $1::uuid FOR UPDATE"};
  if (!run(end, {std::to_string(backend), backend_start}))
    return outcome::unknown;
  auto row = run(read, {writer_});
  if (!row || row->size() == 0)
    return outcome::unknown;
  return row->number(0, 0) == batch ? outcome::committed : outcome::lost;
}

}  // namespace larder
