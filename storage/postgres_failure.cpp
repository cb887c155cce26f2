#include "storage/postgres_failure.hpp"

#include <algorithm>
#include <chrono>
#include <initializer_list>

namespace larder {

std::string one_line(std::string_view message) {
  std::string result;
  for (auto c : message)
    if (c == '\n' || c == '\t' || c == ' ') {
      if (!result.empty() && result.back() != ' ')
        result += ' ';
    } else {
      result += c;
    }
  while (!result.empty() && (result.back() == ' ' || result.back() == '.'))
    result.pop_back();
  return result;
}

std::string with_defaults(std::string url,
                          const config::postgres_settings& settings) {
  auto uri = url.starts_with("postgres://") || url.starts_with("postgresql:");
  auto add = [&](const std::string& name, const std::string& value) {
    if (url.find(name + "=") != std::string::npos)
      return;
    if (!uri)
      url += ' ';
    else
      url += url.find('?') == std::string::npos ? '?' : '&';
    url += name + '=' + value;
  };
  // libpq counts seconds and takes 1 for 2.
  auto connect =
      std::chrono::ceil<std::chrono::seconds>(settings.connect_timeout);
  add("connect_timeout", std::to_string(connect.count()));
  add("tcp_user_timeout", std::to_string(settings.tcp_user_timeout.count()));
  add("application_name", "larder");
  return url;
}

ec code_for(std::string_view sqlstate) {
  auto any = [&](std::initializer_list<std::string_view> prefixes) {
    return std::any_of(prefixes.begin(), prefixes.end(),
                       [&](auto p) { return sqlstate.starts_with(p); });
  };
  // query_canceled (statement_timeout), lock_not_available (lock_timeout)
  if (any({"57014", "55P03"}))
    return ec::deadline_exceeded;
  // Connections, resources (disk full), shutdown, system; a standby that takes
  // no writes; a victim of a deadlock; a schema that is not there (any more).
  if (any({"08", "53", "57", "58", "25006", "25P03", "40", "3F", "42P01",
           "42883", "42703", "28", "3D"}))
    return ec::unavailable;
  // Data, constraints, program limits, and what other people's triggers raise.
  if (any({"22", "23", "54", "P0"}))
    return ec::invalid_request;
  // Larder's own migrations.
  if (any({"LD", "42501"}))
    return ec::configuration;
  return ec::internal;
}

ec code_for_refusal(std::string_view message) {
  for (std::string_view words :
       {"authentication failed", "no password supplied", "pg_hba.conf",
        "does not exist", "invalid connection option", "invalid port number",
        "invalid URI", "missing \"=\" after"})
    if (message.find(words) != std::string_view::npos)
      return ec::configuration;
  return ec::unavailable;
}

caf::error as_unavailable(const caf::error& err) {
  if (code_of(err) != ec::configuration)
    return err;
  return fail(ec::unavailable, message_of(err));
}

std::string_view advice_for(std::string_view sqlstate) {
  if (sqlstate == "42P01" || sqlstate == "3F000" || sqlstate == "42883")
    return "; the schema is not as this binary needs it: run `larder migrate`";
  if (sqlstate == "57014")
    return " (postgres.statement_timeout)";
  if (sqlstate == "55P03")
    return " (postgres.lock_timeout)";
  return {};
}

}  // namespace larder
