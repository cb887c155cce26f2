#include "storage/nats_options.hpp"

#include "storage/error.hpp"
#include "storage/nats_credentials.hpp"
#include "storage/nats_nkey.hpp"

#include <algorithm>

namespace larder::nats {

namespace {

// Messages and bytes that may wait in one subscription before the library
// drops some: a burst of misses fits, a stuck handler cannot take all memory.
constexpr int max_pending_messages = 65'536;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  auto from = text.find_first_not_of(blank);
  if (from == std::string_view::npos)
    return {};
  return text.substr(from, text.find_last_not_of(blank) - from + 1);
}

caf::error refused(const char* setting, const std::string& what,
                   natsStatus status) {
  return fail(ec::configuration,
              std::string{"nats."} + setting + " (\"" + what
                  + "\") cannot be used: " + status_text(status));
}

caf::error set_credentials(natsOptions* o, const config::nats_settings& from) {
  auto own = read_credentials(from);
  if (!own)
    return own.error();
  natsStatus s = NATS_OK;
  if (!own->user.empty()) {
    s = natsOptions_SetUserInfo(o, own->user.c_str(), own->password.c_str());
    if (s != NATS_OK)
      return refused("user", own->user, s);
  }
  if (!own->token.empty()) {
    s = natsOptions_SetToken(o, own->token.c_str());
    if (s != NATS_OK)
      return refused("token", "hidden", s);
  }
  if (!from.creds_file.empty()) {
    // The library reads the file at each connect only, where a missing one
    // would look like a refused login.
    s = natsOptions_SetUserCredentialsFromFiles(o, from.creds_file.c_str(),
                                                nullptr);
    if (s != NATS_OK)
      return refused("creds_file", from.creds_file, s);
  }
  if (!from.nkey_seed_file.empty()) {
    auto pub = public_nkey(own->seed);
    if (!pub)
      return pub.error();
    s = natsOptions_SetNKeyFromSeed(o, pub->c_str(),
                                    from.nkey_seed_file.c_str());
    if (s != NATS_OK)
      return refused("nkey_seed_file", from.nkey_seed_file, s);
  }
  return {};
}

caf::error set_tls(natsOptions* o, const config::nats_settings& from,
                   const std::vector<std::string>& urls) {
  if (from.tls_cert_file.empty() != from.tls_key_file.empty())
    return fail(ec::configuration, "nats.tls_cert_file and nats.tls_key_file "
                                   "go together; set both or none");
  auto by_url = std::any_of(urls.begin(), urls.end(), [](const auto& u) {
    return u.starts_with("tls://");
  });
  if (!by_url && !from.tls_required && !from.tls_insecure
      && from.tls_ca_file.empty() && from.tls_cert_file.empty())
    return {};
  auto s = natsOptions_SetSecure(o, true);
  if (s != NATS_OK)
    return refused("tls_required", "true", s);
  if (!from.tls_ca_file.empty()) {
    s = natsOptions_LoadCATrustedCertificates(o, from.tls_ca_file.c_str());
    if (s != NATS_OK)
      return refused("tls_ca_file", from.tls_ca_file, s);
  }
  if (!from.tls_cert_file.empty()) {
    s = natsOptions_LoadCertificatesChain(o, from.tls_cert_file.c_str(),
                                          from.tls_key_file.c_str());
    if (s != NATS_OK)
      return refused("tls_cert_file", from.tls_cert_file, s);
  }
  if (from.tls_insecure) {
    s = natsOptions_SkipServerVerification(o, true);
    if (s != NATS_OK)
      return refused("tls_insecure", "true", s);
  }
  return {};
}

natsStatus set_timing(natsOptions* o, const config::nats_settings& from) {
  auto ms = [](auto d) { return static_cast<std::int64_t>(d.count()); };
  natsStatus s = natsOptions_SetTimeout(o, ms(from.connect_timeout));
  // The default notices a dead link after 4 to 6 minutes.
  if (s == NATS_OK)
    s = natsOptions_SetPingInterval(o, ms(from.ping_interval));
  if (s == NATS_OK)
    s = natsOptions_SetMaxPingsOut(o, static_cast<int>(from.max_pings_out));
  // The default gives up after 2 minutes.
  if (s == NATS_OK)
    s = natsOptions_SetMaxReconnect(o, -1);
  if (s == NATS_OK)
    s = natsOptions_SetReconnectWait(o, ms(from.reconnect_wait));
  if (s == NATS_OK)
    s = natsOptions_SetReconnectJitter(o, ms(from.reconnect_wait) / 10,
                                       ms(from.reconnect_wait) / 10);
  // The default keeps 8 MB of publishes while disconnected: a put that was
  // answered `unavailable` would land later. Zero means the default.
  if (s == NATS_OK)
    s = natsOptions_SetReconnectBufSize(o, 1);
  if (s == NATS_OK)
    s = natsOptions_SetFailRequestsOnDisconnect(o, true);
  // The default wakes a thread that sleeps 1 ms before each write.
  if (s == NATS_OK)
    s = natsOptions_SetSendAsap(o, true);
  if (s == NATS_OK)
    s = natsOptions_SetMaxPendingMsgs(o, max_pending_messages);
  // A server that reads no more must not hold a caller.
  if (s == NATS_OK)
    s = natsOptions_SetWriteDeadline(o, 2'000);
  return s;
}

}  // namespace

std::string status_text(natsStatus status) {
  natsStatus last = NATS_OK;
  auto text = nats_GetLastError(&last);
  if (last == status && text != nullptr && *text != '\0')
    return text;
  return natsStatus_GetText(status);
}

caf::expected<std::vector<std::string>> split_urls(const std::string& urls) {
  std::vector<std::string> out;
  std::string_view rest{urls};
  while (!rest.empty()) {
    auto comma = std::min(rest.find(','), rest.size());
    auto one = trimmed(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    if (one.empty())
      continue;
    auto scheme = one.find("://");
    auto name =
        scheme == std::string_view::npos ? "nats" : one.substr(0, scheme);
    if (name != "nats" && name != "tls")
      return fail(ec::configuration,
                  "nats.url: \"" + std::string{name}
                      + "://\" is not a scheme that Larder speaks; expected "
                        "nats://host:port or tls://host:port");
    auto where =
        scheme == std::string_view::npos ? one : one.substr(scheme + 3);
    auto host = where.substr(where.rfind('@') + 1);  // npos + 1 is 0
    if (host.empty() || host.starts_with(':')
        || host.find_first_of(" \t") != std::string_view::npos)
      return fail(ec::configuration,
                  "nats.url: \"" + printable_urls(std::string{one})
                      + "\" names no host; expected nats://host:port");
    out.push_back(std::string{name} + "://" + std::string{where});
  }
  if (out.empty())
    return fail(ec::configuration,
                "nats.url is empty; expected nats://host:port");
  return out;
}

std::string printable_urls(const std::string& urls) {
  std::string out;
  std::string_view rest{urls};
  while (!rest.empty()) {
    auto comma = std::min(rest.find(','), rest.size());
    auto one = trimmed(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    if (!out.empty())
      out += ", ";
    auto scheme = one.find("://");
    auto from = scheme == std::string_view::npos ? 0 : scheme + 3;
    auto at = one.rfind('@');
    out += one.substr(0, from);
    out += at == std::string_view::npos || at < from ? one.substr(from)
                                                     : one.substr(at + 1);
  }
  return out;
}

std::string connect_failure(natsStatus status,
                            const config::nats_settings& from) {
  auto where = printable_urls(from.url);
  switch (status) {
  case NATS_NO_SERVER:
    return "no NATS server answers at " + where
           + "; start one (nats-server -js) or correct nats.url";
  case NATS_CONNECTION_AUTH_FAILED:
  case NATS_NOT_PERMITTED:
    return "the NATS server at " + where
           + " refused the credentials; check nats.user and its password, "
             "token, creds or nkey file";
  case NATS_SECURE_CONNECTION_REQUIRED:
    return "the NATS server at " + where
           + " wants TLS; use tls:// in nats.url or set nats.tls_ca_file";
  case NATS_SECURE_CONNECTION_WANTED:
    return "the NATS server at " + where
           + " does not offer TLS, and the configuration asks for it";
  case NATS_SSL_ERROR:
    return "the TLS handshake with the NATS server at " + where + " failed ("
           + status_text(status)
           + "); check nats.tls_ca_file and the server's certificate";
  case NATS_TIMEOUT:
    return "the NATS server at " + where
           + " did not answer within nats.connect_timeout";
  case NATS_ADDRESS_MISSING:
  case NATS_INVALID_ARG:
    return "nats.url \"" + where
           + "\" is not an address; expected nats://host:port";
  default:
    return "cannot connect to NATS at " + where + ": " + status_text(status);
  }
}

caf::expected<options_handle> make_options(const config::nats_settings& from,
                                           const std::string& name) {
  auto urls = split_urls(from.url);
  if (!urls)
    return urls.error();
  natsOptions* raw = nullptr;
  auto s = natsOptions_Create(&raw);
  options_handle o{raw};
  if (s != NATS_OK)
    return fail(ec::internal, "nats.c makes no options: " + status_text(s));
  std::vector<const char*> servers;
  for (const auto& u : *urls)
    servers.push_back(u.c_str());
  s = natsOptions_SetServers(o.get(), servers.data(),
                             static_cast<int>(servers.size()));
  if (s != NATS_OK)
    return refused("url", printable_urls(from.url), s);
  s = natsOptions_SetName(o.get(), name.c_str());
  if (s == NATS_OK)
    s = set_timing(o.get(), from);
  if (s != NATS_OK)
    return fail(ec::configuration,
                "a NATS setting is refused by the library (" + status_text(s)
                    + "): nats.connect_timeout, ping_interval, max_pings_out "
                      "and reconnect_wait must be positive");
  if (auto err = set_credentials(o.get(), from))
    return err;
  if (auto err = set_tls(o.get(), from, *urls))
    return err;
  return o;
}

}  // namespace larder::nats
