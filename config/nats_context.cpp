#include "config/nats_context.hpp"

#include "config/draft.hpp"
#include "config/file_text.hpp"
#include "config/setting_table.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace larder::config {

namespace {

std::string home_of(const environment& env) {
  return variable(env, "HOME").value_or("");
}

// Empty when the environment does not tell.
std::string nats_directory(const environment& env) {
  if (const auto xdg = variable(env, "XDG_CONFIG_HOME"); xdg && !xdg->empty())
    return *xdg + "/nats";
  const auto home = home_of(env);
  return home.empty() ? home : home + "/.config/nats";
}

// The `nats` command lets its paths begin with ~.
std::string expand_home(const environment& env, std::string path) {
  return path.starts_with("~/") ? home_of(env) + path.substr(1) : path;
}

struct field {
  const char* key;
  std::string nats_context::*member;
  bool is_path;
};

constexpr std::array<field, 9> fields{{
    {"url", &nats_context::url, false},
    {"user", &nats_context::user, false},
    {"password", &nats_context::password, false},
    {"token", &nats_context::token, false},
    {"creds", &nats_context::creds, true},
    {"nkey", &nats_context::nkey, true},
    {"cert", &nats_context::cert, true},
    {"key", &nats_context::key, true},
    {"ca", &nats_context::ca, true},
}};

result<nats_context> parse_context(const environment& env,
                                   const std::string& path,
                                   const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object())
    return config_error{path
                        + ": not a JSON object; `nats context` writes "
                          "one"};
  nats_context out;
  for (const auto& [key, member, is_path] : fields) {
    const auto found = json.find(key);
    if (found == json.end() || found->is_null())
      continue;
    if (!found->is_string())
      return config_error{path + ": \"" + key + "\" is not text"};
    auto value = found->get<std::string>();
    if (is_path && value.find("://") != std::string::npos)
      return config_error{path + ": \"" + key + "\" is " + value
                          + ", which only the nats command can fetch; write it "
                            "to a file and set nats.creds_file"};
    out.*member =
        is_path ? expand_home(env, std::move(value)) : std::move(value);
  }
  return out;
}

// Sets what the context has and nobody else set.
void fill(draft& into, const char* name, const std::string& value,
          const std::string& where) {
  if (!value.empty() && !into.is_set(name))
    into.set(*find_setting(name), value, where);
}

bool has_credentials(const draft& d) {
  constexpr std::array names{"nats.creds_file",    "nats.nkey_seed_file",
                             "nats.user",          "nats.password",
                             "nats.password_file", "nats.token",
                             "nats.token_file"};
  return std::ranges::any_of(names, [&](const char* name) {
    return !print(*find_setting(name), d.values).empty();
  });
}

}  // namespace

result<nats_context> read_nats_context(const environment& env,
                                       const std::string& name) {
  const auto directory = nats_directory(env);
  if (directory.empty())
    return config_error{"cannot look for the NATS context \"" + name
                        + "\": neither XDG_CONFIG_HOME nor HOME is set"};
  const auto path = directory + "/context/" + name + ".json";
  const auto text = file_text(path);
  if (!text)
    return config_error{"no NATS context \"" + name
                        + "\": " + text.error().message};
  return parse_context(env, path, *text);
}

std::optional<std::string> selected_nats_context(const environment& env) {
  const auto directory = nats_directory(env);
  if (directory.empty())
    return std::nullopt;
  auto name = file_text(directory + "/context.txt");
  if (!name)
    return std::nullopt;
  while (!name->empty()
         && std::isspace(static_cast<unsigned char>(name->back())))
    name->pop_back();
  if (name->empty())
    return std::nullopt;
  return std::move(*name);
}

void apply_nats_context(const environment& env, bool use_selected,
                        draft& into) {
  auto name = into.values.nats.context;
  auto origin = into.origin("nats.context");
  if (name.empty() && use_selected && !into.is_set("nats.url")) {
    name = selected_nats_context(env).value_or("");
    origin = " (chosen with `nats context select`)";
  }
  if (name.empty())
    return;
  const auto context = read_nats_context(env, name);
  if (!context)
    return into.complain("nats.context" + origin + ": "
                         + context.error().message);
  const auto where = "NATS context \"" + name + "\"";
  fill(into, "nats.url", context->url, where);
  // Our user with the context's password would be neither of the two.
  if (!has_credentials(into)) {
    fill(into, "nats.user", context->user, where);
    fill(into, "nats.password", context->password, where);
    fill(into, "nats.token", context->token, where);
    fill(into, "nats.creds_file", context->creds, where);
    fill(into, "nats.nkey_seed_file", context->nkey, where);
  }
  // A certificate and its key go together as well.
  if (!into.is_set("nats.tls_cert_file") && !into.is_set("nats.tls_key_file")) {
    fill(into, "nats.tls_cert_file", context->cert, where);
    fill(into, "nats.tls_key_file", context->key, where);
  }
  fill(into, "nats.tls_ca_file", context->ca, where);
}

}  // namespace larder::config
