#include "tests/support/postgres_server.hpp"

#include "storage/error.hpp"
#include "storage/migrations.hpp"
#include "tests/support/ports.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

namespace larder::test {

namespace {

namespace fs = std::filesystem;

std::string find_binaries() {
  std::string best;
  int newest = 0;
  std::error_code ignored;
  for (auto& entry : fs::directory_iterator{"/usr/lib/postgresql", ignored}) {
    auto version = std::atoi(entry.path().filename().c_str());
    if (version > newest && fs::exists(entry.path() / "bin/initdb")) {
      newest = version;
      best = entry.path() / "bin";
    }
  }
  if (best.empty())
    throw std::runtime_error{"no /usr/lib/postgresql/*/bin/initdb: install "
                             "the package postgresql"};
  return best;
}

/// Starts a program as an unprivileged user, its output in `log`; it dies with
/// this process, however that ends.
pid_t launch(std::vector<std::string> command, const std::string& log) {
  auto* user = ::geteuid() == 0 ? ::getpwnam("postgres") : nullptr;
  if (::geteuid() == 0 && !user)
    throw std::runtime_error{"there is no user postgres to run it as"};
  std::vector<char*> arguments;
  for (auto& part : command)
    arguments.push_back(part.data());
  arguments.push_back(nullptr);
  auto parent = ::getpid();
  auto pid = ::fork();
  if (pid != 0)
    return pid;
  if (user
      && (::setgid(user->pw_gid) != 0 || ::setgroups(0, nullptr) != 0
          || ::setuid(user->pw_uid) != 0))
    ::_exit(126);
  // After setuid, which would clear it.
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
  if (::getppid() != parent)
    ::_exit(126);
  auto out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(out, 1);
  ::dup2(out, 2);
  if (::chdir("/") == 0)
    ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR)
    ;
  return status;
}

}  // namespace

postgres_server::postgres_server() : binaries_(find_binaries()) {
  std::string pattern = "/tmp/larder-postgres-XXXXXX";
  if (!::mkdtemp(pattern.data()))
    throw std::runtime_error{"mkdtemp failed"};
  directory_ = pattern;
  if (::geteuid() == 0)
    if (auto* user = ::getpwnam("postgres"))
      if (::chown(directory_.c_str(), user->pw_uid, user->pw_gid) != 0)
        throw std::runtime_error{"chown failed"};
  init();
  start();
}

postgres_server::~postgres_server() {
  // Without a checkpoint, which takes many seconds after many databases: the
  // data goes away anyhow.
  if (pid_ > 0) {
    ::kill(pid_, SIGQUIT);
    wait_for(pid_);
  }
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

postgres_server& postgres_server::shared() {
  static postgres_server server;
  return server;
}

void postgres_server::init() {
  auto password = directory_ + "/password";
  std::ofstream{password} << "secret\n";
  fs::permissions(password, fs::perms::owner_all | fs::perms::others_read);
  auto pid =
      launch({binaries_ + "/initdb", "-D", directory_ + "/data", "-U", "larder",
              "--encoding=UTF8", "--locale=C.UTF-8", "--auth-local=trust",
              "--auth-host=scram-sha-256", "--pwfile=" + password},
             directory_ + "/log");
  if (wait_for(pid) != 0)
    throw std::runtime_error{"initdb failed: " + log_text()};
}

void postgres_server::start() {
  if (port_ == 0)
    port_ = free_port();
  pid_ = launch({binaries_ + "/postgres", "-D", directory_ + "/data", "-p",
                 std::to_string(port_), "-k", directory_, "-h", "127.0.0.1"},
                directory_ + "/log");
  auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (true) {
    postgres_session session{settings("postgres"),
                             postgres_session::schema::any};
    if (session.connect())
      return;
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_
        || std::chrono::steady_clock::now() > deadline)
      throw std::runtime_error{"PostgreSQL does not start: " + log_text()};
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
}

void postgres_server::stop() {
  if (pid_ <= 0)
    return;
  ::kill(pid_, SIGINT);  // fast: ends the sessions
  wait_for(pid_);
  pid_ = -1;
}

std::string postgres_server::log_text() const {
  std::ostringstream text;
  text << std::ifstream{directory_ + "/log"}.rdbuf();
  return text.str();
}

std::string postgres_server::create_empty_database(const std::string& options) {
  postgres_program program{settings("postgres")};
  auto name = "test_" + std::to_string(++databases_);
  program("CREATE DATABASE " + name + ' ' + options);
  return name;
}

std::string postgres_server::create_database() {
  static constexpr auto pattern = "larder_template";
  postgres_program program{settings("postgres")};
  if (program("SELECT count(*) FROM pg_database WHERE datname = '"
              + std::string{pattern} + "'")
      == "0") {
    program(std::string{"CREATE DATABASE "} + pattern);
    if (auto done = migrate(settings(pattern)); !done)
      throw std::runtime_error{message_of(done.error())};
  }
  return create_empty_database(std::string{"TEMPLATE "} + pattern);
}

std::string postgres_server::url(const std::string& database) const {
  return "postgresql:///" + database + "?host=" + directory_
         + "&port=" + std::to_string(port_) + "&user=larder";
}

std::string postgres_server::tcp_url(const std::string& database) const {
  return tcp_url(database, port_);
}

std::string postgres_server::tcp_url(const std::string& database,
                                     std::uint16_t port,
                                     const std::string& password) const {
  return "postgresql://larder:" + password + "@127.0.0.1:"
         + std::to_string(port) + '/' + database + "?sslmode=disable";
}

config::postgres_settings
postgres_server::settings(const std::string& database) const {
  config::postgres_settings result;
  result.url = url(database);
  return result;
}

// -- a program ---------------------------------------------------------------

namespace {

config::postgres_settings patient(config::postgres_settings settings) {
  settings.statement_timeout = std::chrono::seconds{30};
  settings.lock_timeout = std::chrono::seconds{30};
  settings.idle_in_transaction_timeout = std::chrono::seconds{30};
  return settings;
}

}  // namespace

postgres_program::postgres_program(config::postgres_settings settings)
    : session_(patient(std::move(settings)), postgres_session::schema::any) {}

std::string postgres_program::operator()(const std::string& sql) {
  auto rows = session_.run_script(sql);
  if (!rows)
    throw std::runtime_error{message_of(rows.error())};
  if (rows->size() == 0)
    return {};
  return std::string{rows->text(0, 0)};
}

std::string postgres_program::state_of(const std::string& sql) {
  if (session_.run_script(sql))
    return {};
  return session_.sqlstate();
}

std::string quoted(const std::string& text) {
  std::string result = "'";
  for (auto c : text)
    result += c == '\'' ? std::string{"''"} : std::string(1, c);
  return result + '\'';
}

}  // namespace larder::test
