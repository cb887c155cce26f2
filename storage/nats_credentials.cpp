#include "storage/nats_credentials.hpp"

#include "storage/error.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string_view>

namespace larder::nats {

namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  auto from = text.find_first_not_of(blank);
  if (from == std::string_view::npos)
    return {};
  return text.substr(from, text.find_last_not_of(blank) - from + 1);
}

caf::expected<std::string> content_of(const std::string& file,
                                      const char* setting) {
  std::ifstream in{file, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  if (!in.good() && !in.eof())
    return fail(ec::configuration, std::string{"nats."} + setting + " names \""
                                       + file + "\", which cannot be read");
  return std::string{trimmed(text)};
}

// The value, else what its file holds, else nothing.
caf::expected<std::string>
secret(const std::string& value, const std::string& file, const char* setting) {
  if (!value.empty() || file.empty())
    return value;
  return content_of(file, setting);
}

/// The first line for which `wanted` says so.
template <class Predicate>
std::string line_of(const std::string& text, Predicate wanted) {
  std::size_t from = 0;
  while (from < text.size()) {
    auto to = std::min(text.find('\n', from), text.size());
    auto line = trimmed(std::string_view{text}.substr(from, to - from));
    if (wanted(line))
      return std::string{line};
    from = to + 1;
  }
  return {};
}

// The seed's own line of a file that may hold comments and `---` fences.
std::string seed_line(const std::string& text) {
  return line_of(text, [](std::string_view line) {
    return line.size() == 58 && line.starts_with('S');
  });
}

// A JWT is three parts of base64 with dots between them.
std::string jwt_line(const std::string& text) {
  return line_of(text, [](std::string_view line) {
    return line.starts_with("ey")
           && std::count(line.begin(), line.end(), '.') == 2;
  });
}

}  // namespace

caf::expected<credentials> read_credentials(const config::nats_settings& from) {
  credentials out;
  out.user = from.user;
  auto password = secret(from.password, from.password_file, "password_file");
  if (!password)
    return password.error();
  out.password = std::move(*password);
  auto token = secret(from.token, from.token_file, "token_file");
  if (!token)
    return token.error();
  out.token = std::move(*token);
  auto kinds = int{!from.user.empty()} + int{!out.token.empty()}
               + int{!from.creds_file.empty()}
               + int{!from.nkey_seed_file.empty()};
  if (kinds > 1)
    return fail(ec::configuration,
                "more than one kind of NATS credentials is set; keep one of "
                "nats.user, nats.token, nats.creds_file, nats.nkey_seed_file");
  if (from.user.empty() && !out.password.empty())
    return fail(ec::configuration,
                "nats.password is set without nats.user; set both");
  if (!from.creds_file.empty()) {
    auto text = content_of(from.creds_file, "creds_file");
    if (!text)
      return text.error();
    out.jwt = jwt_line(*text);
    out.seed = seed_line(*text);
    if (out.jwt.empty() || out.seed.empty())
      return fail(ec::configuration, "nats.creds_file (\"" + from.creds_file
                                         + "\") holds no JWT with its seed");
  }
  if (!from.nkey_seed_file.empty()) {
    auto text = content_of(from.nkey_seed_file, "nkey_seed_file");
    if (!text)
      return text.error();
    out.seed = seed_line(*text);
    if (out.seed.empty())
      return fail(ec::configuration, "nats.nkey_seed_file (\""
                                         + from.nkey_seed_file
                                         + "\") holds no nkey seed (SU…)");
  }
  return out;
}

}  // namespace larder::nats
