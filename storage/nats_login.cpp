#include "storage/nats_login.hpp"

#include "storage/error.hpp"
#include "storage/nats_credentials.hpp"
#include "storage/nats_nkey.hpp"
#include "storage/whole_number.hpp"

#include <nlohmann/json.hpp>

#include <charconv>

namespace larder::nats {

namespace {

using nlohmann::json;

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    if (text[i] == '%' && i + 2 < text.size()) {
      auto [end, error] =
          std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16);
      if (error == std::errc{} && end == text.data() + i + 3) {
        out += static_cast<char>(byte);
        i += 2;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

/// nkey or JWT: what proves that we hold the seed.
caf::error sign(json& to, const std::string& seed, const server_info& info) {
  auto signature = sign_nonce(seed, info.nonce);
  if (!signature)
    return signature.error();
  to["sig"] = *signature;
  return {};
}

caf::error add_credentials(json& to, const config::nats_settings& settings,
                           const server_address& server,
                           const server_info& info) {
  if (!server.user.empty()) {
    // A URL with one word before the @ holds a token.
    if (server.password.empty()) {
      to["auth_token"] = server.user;
    } else {
      to["user"] = server.user;
      to["pass"] = server.password;
    }
    return {};
  }
  auto own = read_credentials(settings);
  if (!own)
    return own.error();
  if (!own->user.empty()) {
    to["user"] = own->user;
    to["pass"] = own->password;
  }
  if (!own->token.empty())
    to["auth_token"] = own->token;
  if (!own->jwt.empty()) {
    to["jwt"] = own->jwt;
    return sign(to, own->seed, info);
  }
  if (!own->seed.empty()) {
    auto half = public_nkey(own->seed);
    if (!half)
      return half.error();
    to["nkey"] = *half;
    return sign(to, own->seed, info);
  }
  return {};
}

}  // namespace

caf::expected<server_address> parse_address(std::string_view url) {
  server_address out;
  auto rest = url;
  if (auto scheme = rest.find("://"); scheme != std::string_view::npos) {
    out.tls = rest.substr(0, scheme) == "tls";
    rest.remove_prefix(scheme + 3);
  }
  if (auto at = rest.rfind('@'); at != std::string_view::npos) {
    auto who = rest.substr(0, at);
    auto colon = who.find(':');
    out.user = decoded(who.substr(0, colon));
    if (colon != std::string_view::npos)
      out.password = decoded(who.substr(colon + 1));
    rest.remove_prefix(at + 1);
  }
  if (auto slash = rest.find('/'); slash != std::string_view::npos)
    rest = rest.substr(0, slash);
  auto port = rest.rfind(':');
  if (rest.starts_with('[')) {
    auto end = rest.find(']');
    if (end == std::string_view::npos)
      return fail(ec::configuration,
                  "nats.url: an IPv6 address ends with \"]\"");
    out.host = rest.substr(1, end - 1);
    port = end + 1 < rest.size() ? end + 1 : std::string_view::npos;
  } else {
    out.host = rest.substr(0, port);
  }
  if (port != std::string_view::npos)
    out.port = rest.substr(port + 1);
  auto number = whole_number<std::uint16_t>(out.port).value_or(0);
  if (out.host.empty() || number == 0)
    return fail(ec::configuration, "nats.url: \"" + out.text()
                                       + "\" is no address; expected "
                                         "nats://host:port");
  return out;
}

caf::expected<server_info> parse_info(std::string_view text) {
  try {
    auto all = json::parse(text);
    server_info out;
    out.max_payload = all.value("max_payload", out.max_payload);
    out.tls_required = all.value("tls_required", false);
    out.tls_available = all.value("tls_available", false);
    out.nonce = all.value("nonce", "");
    if (auto urls = all.find("connect_urls"); urls != all.end())
      out.connect_urls = urls->get<std::vector<std::string>>();
    return out;
  } catch (const std::exception&) {
    return fail(ec::unavailable,
                "what answers there does not speak the protocol of NATS");
  }
}

bool wants_tls(const config::nats_settings& settings,
               const server_address& server) {
  return server.tls || settings.tls_required || settings.tls_insecure
         || !settings.tls_ca_file.empty() || !settings.tls_cert_file.empty();
}

caf::expected<std::string> connect_line(const config::nats_settings& settings,
                                        const server_address& server,
                                        const server_info& info,
                                        const std::string& name) {
  json hello{{"verbose", false},
             {"pedantic", false},
             {"tls_required", wants_tls(settings, server)},
             {"name", name},
             {"lang", "larder"},
             {"version", "1"},
             {"protocol", 1},
             {"echo", true},
             {"headers", true},
             {"no_responders", true}};
  if (auto err = add_credentials(hello, settings, server, info))
    return err;
  // A user name from a file need not be UTF-8; the server says what it thinks.
  return "CONNECT " + hello.dump(-1, ' ', false, json::error_handler_t::replace)
         + "\r\n";
}

}  // namespace larder::nats
