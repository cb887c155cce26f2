#include "config/text_checks.hpp"

#include "config/quantity.hpp"

#include <algorithm>
#include <cctype>

namespace larder::config {

namespace {

bool is_port(std::string_view text) {
  const auto port = parse_count(text);
  return port && *port >= 1 && *port <= 65'535;
}

// host, host:port or [IPv6]:port.
bool is_host_and_port(std::string_view text) {
  const auto bracket = text.rfind(']');
  if (!text.empty() && text.front() == '[') {
    if (bracket == std::string_view::npos || bracket == 1)
      return false;
    const auto rest = text.substr(bracket + 1);
    return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
  }
  const auto colon = text.find(':');
  const auto host = text.substr(0, colon);
  if (host.empty() || host.find_first_of("/?#@") != std::string_view::npos)
    return false;
  return colon == std::string_view::npos || is_port(text.substr(colon + 1));
}

bool is_nats_server(std::string_view text) {
  const auto separator = text.find("://");
  if (separator != std::string_view::npos) {
    const auto scheme = text.substr(0, separator);
    if (scheme != "nats" && scheme != "tls")
      return false;
    text.remove_prefix(separator + 3);
  }
  if (const auto at = text.rfind('@'); at != std::string_view::npos)
    text.remove_prefix(at + 1);
  if (!text.empty() && text.back() == '/')
    text.remove_suffix(1);
  return is_host_and_port(text);
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ')
    text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ')
    text.remove_suffix(1);
  return text;
}

}  // namespace

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return (u < 0x80 && std::isalnum(u)) || c == '-' || c == '_';
  });
}

bool is_name_or_empty(std::string_view text) {
  return text.empty() || is_name(text);
}

bool is_not_empty(std::string_view text) {
  return !text.empty();
}

bool is_nats_url(std::string_view text) {
  while (true) {
    const auto comma = text.find(',');
    if (!is_nats_server(trim(text.substr(0, comma))))
      return false;
    if (comma == std::string_view::npos)
      return true;
    text.remove_prefix(comma + 1);
  }
}

bool is_postgres_url(std::string_view text) {
  return text.empty() || text.starts_with("postgres://")
         || text.starts_with("postgresql://")
         || (text.find("://") > text.find('=')
             && text.find('=') != std::string_view::npos);
}

bool is_http_url_or_empty(std::string_view text) {
  if (text.empty())
    return true;
  for (const std::string_view scheme : {"http://", "https://"})
    if (text.starts_with(scheme)) {
      text.remove_prefix(scheme.size());
      return !text.empty() && text.front() != '/' && text.front() != ':'
             && text.find(' ') == std::string_view::npos;
    }
  return false;
}

bool is_context_name(std::string_view text) {
  return text.find('/') == std::string_view::npos
         && text.find("..") == std::string_view::npos;
}

}  // namespace larder::config
