#include "config/redact.hpp"

#include <cctype>
#include <string_view>

namespace larder::config {

namespace {

constexpr std::string_view hidden = "***";

bool is_scheme_character(char c) {
  const auto u = static_cast<unsigned char>(c);
  return std::isalnum(u) || c == '+' || c == '-' || c == '.';
}

// Where the scheme in front of the "://" at `colon` begins.
std::size_t scheme_start(std::string_view text, std::size_t colon) {
  while (colon > 0 && is_scheme_character(text[colon - 1]))
    --colon;
  return colon;
}

// One URL after its "://". All from the first ':' to the *last* '@' is hidden:
// a password may hold an unescaped '@', '/' or '?', and the tail of one in a
// log is a leak.
std::string redact_credentials(std::string_view rest, bool user_is_secret) {
  const auto at = rest.rfind('@');
  if (at == std::string_view::npos)
    return std::string(rest);
  const auto colon = rest.find(':');
  std::string out;
  if (colon < at)
    out = std::string(rest.substr(0, colon + 1)) + std::string(hidden);
  else
    out =
        user_is_secret ? std::string(hidden) : std::string(rest.substr(0, at));
  return out + std::string(rest.substr(at));
}

std::string redact_urls(const std::string& text) {
  std::string out;
  std::size_t start = 0;
  auto separator = text.find("://");
  out += text.substr(0, scheme_start(text, separator));
  start = scheme_start(text, separator);
  while (start < text.size()) {
    const auto next = text.find("://", separator + 3);
    const auto end =
        next == std::string::npos ? text.size() : scheme_start(text, next);
    const auto scheme = text.substr(start, separator - start);
    // The user of a NATS URL without a password is a token.
    const bool postgres = scheme == "postgres" || scheme == "postgresql";
    out += scheme + "://";
    out += redact_credentials(
        std::string_view(text).substr(separator + 3, end - separator - 3),
        !postgres);
    start = end;
    separator = next;
  }
  return out;
}

bool is_password_key(std::string_view text, std::size_t at) {
  constexpr std::string_view key = "password";
  if (text.size() - at < key.size())
    return false;
  for (std::size_t i = 0; i < key.size(); ++i)
    if (std::tolower(static_cast<unsigned char>(text[at + i])) != key[i])
      return false;
  return true;
}

bool is_space(char c) {
  return std::isspace(static_cast<unsigned char>(c));
}

// Past the value that begins at `at`, as libpq reads it: quoted with
// backslash escapes, else up to a space (in a URI, up to '&').
std::size_t value_end(std::string_view text, std::size_t at, bool uri) {
  const bool quoted = !uri && at < text.size() && text[at] == '\'';
  if (quoted)
    ++at;
  while (at < text.size()) {
    const char c = text[at];
    if (!uri && c == '\\')
      ++at;
    else if (quoted && c == '\'')
      return at + 1;
    else if (!quoted && (uri ? c == '&' : is_space(c)))
      return at;
    ++at;
  }
  return text.size();
}

// Hides the value of every `password=` and `sslpassword=`.
std::string redact_password_keys(const std::string& text, bool uri) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    if (!is_password_key(text, i)) {
      out += text[i++];
      continue;
    }
    auto value = i + 8;
    while (value < text.size() && is_space(text[value]))
      ++value;
    if (value == text.size() || text[value] != '=') {
      out += text[i++];
      continue;
    }
    ++value;
    while (!uri && value < text.size() && is_space(text[value]))
      ++value;
    out += text.substr(i, value - i);
    out += hidden;
    i = value_end(text, value, uri);
  }
  return out;
}

}  // namespace

std::string redact_url(std::string address) {
  const auto equals = address.find('=');
  const auto colon = address.find(':');
  const auto scheme_end = address.find("://");
  // Only a key=value string has its first '=' before any ':'.
  if (equals != std::string::npos && equals < colon)
    return redact_password_keys(address, false);
  // A NATS server may be named without a scheme: user:password@host.
  if (scheme_end == std::string::npos || scheme_end > colon)
    return redact_credentials(address, true);
  // Keys first: they end at '&', which redacting credentials may swallow.
  return redact_urls(redact_password_keys(address, true));
}

}  // namespace larder::config
