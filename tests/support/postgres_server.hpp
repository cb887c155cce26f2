// A PostgreSQL server for tests: made by initdb in a fresh directory, on a free
// port and a Unix socket, with fsync on, stopped when the process ends. As
// root, it runs as the user `postgres`.
//
// Used by tests of what stands on PostgreSQL. Thread rule: one thread.
#pragma once

#include "config/settings.hpp"
#include "storage/postgres_session.hpp"

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace larder::test {

class postgres_server {
 public:
  /// Throws std::runtime_error, with what the server said, if it cannot start.
  postgres_server();
  ~postgres_server();
  postgres_server(const postgres_server&) = delete;
  postgres_server& operator=(const postgres_server&) = delete;

  /// One for all tests of the executable, started when first asked for.
  static postgres_server& shared();

  /// A database of its own, copied from one that is migrated.
  std::string create_database();
  /// The same, with nothing in it.
  std::string create_empty_database(const std::string& options = "");

  /// By the Unix socket, without a password.
  std::string url(const std::string& database) const;
  /// By TCP, with the password `secret`.
  std::string tcp_url(const std::string& database) const;
  std::string tcp_url(const std::string& database, std::uint16_t port,
                      const std::string& password = "secret") const;
  config::postgres_settings settings(const std::string& database) const;

  void stop();
  void start();
  std::uint16_t port() const { return port_; }
  const std::string& directory() const { return directory_; }

 private:
  void init();
  std::string log_text() const;

  std::string binaries_;
  std::string directory_;
  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
  int databases_ = 0;
};

/// A program that knows nothing of Larder: SQL on a connection of its own.
class postgres_program {
 public:
  explicit postgres_program(config::postgres_settings settings);
  /// Runs SQL; the first column of the first row, or "". Throws
  /// std::runtime_error if the server refuses.
  std::string operator()(const std::string& sql);
  /// The SQLSTATE with which the server refuses the SQL, or "".
  std::string state_of(const std::string& sql);

 private:
  postgres_session session_;
};

/// `text` as an SQL literal.
std::string quoted(const std::string& text);

}  // namespace larder::test
