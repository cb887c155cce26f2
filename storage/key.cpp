#include "storage/key.hpp"

#include "storage/error.hpp"
#include "storage/lookup_hash.hpp"
#include "storage/utf8.hpp"

#include <array>
#include <utility>

namespace larder {

namespace {

constexpr char hex_digits[] = "0123456789ABCDEF";

constexpr std::array<bool, 256> make_plain() {
  std::array<bool, 256> plain{};
  for (int c = '0'; c <= '9'; ++c)
    plain[c] = true;
  for (int c = 'A'; c <= 'Z'; ++c)
    plain[c] = plain[c - 'A' + 'a'] = true;
  plain['-'] = plain['_'] = plain['/'] = true;
  return plain;
}

/// The bytes that stand for themselves in a token.
constexpr auto plain = make_plain();

bool is_plain(char c) {
  return plain[static_cast<unsigned char>(c)];
}

std::string escape_of(char c) {
  auto byte = static_cast<unsigned char>(c);
  return {'=', hex_digits[byte >> 4], hex_digits[byte & 15]};
}

caf::error invalid(std::string message) {
  return fail(ec::invalid_request, std::move(message));
}

/// For a sentence: '@' as it is, else the number of the byte.
std::string shown(char c) {
  if (c > 0x20 && c < 0x7F)
    return std::string{"'"} + c + "'";
  return "byte 0x" + escape_of(c).substr(1);
}

int hex_value(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

/// The escape as the caller wrote it, fit for a sentence.
std::string shown_escape(std::string_view token, std::size_t at) {
  std::string result;
  for (char c : token.substr(at, 3))
    result += c >= 0x20 && c < 0x7F ? std::string{c} : escape_of(c);
  return result;
}

/// Appends what `token` stands for; `what` names the token in a sentence.
caf::expected<void> decode(std::string_view token, const std::string& what,
                           std::string& out) {
  if (token.empty())
    return invalid(what
                   + " is empty; expected at least one character between "
                     "dots (write a dot that is part of it as =2E)");
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (is_plain(token[i])) {
      out += token[i];
      continue;
    }
    if (token[i] != '=')
      return invalid(what + " holds " + shown(token[i])
                     + "; only A-Z a-z 0-9 - _ / stand for themselves, write "
                       "it as "
                     + escape_of(token[i]));
    auto high = i + 1 < token.size() ? hex_value(token[i + 1]) : -1;
    auto low = i + 2 < token.size() ? hex_value(token[i + 2]) : -1;
    if (high < 0 || low < 0)
      return invalid(what + " holds the escape \"" + shown_escape(token, i)
                     + "\"; expected = and two upper-case hex digits (write = "
                       "itself as =3D)");
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return caf::unit;
}

caf::expected<void> check(std::string_view text, const char* what,
                          std::size_t max_bytes) {
  auto the = std::string{"the "} + what;
  if (text.empty())
    return invalid(the + " is missing; expected 1 to "
                   + std::to_string(max_bytes) + " bytes");
  if (text.size() > max_bytes)
    return invalid(the + " is " + std::to_string(text.size())
                   + " bytes long; expected at most "
                   + std::to_string(max_bytes));
  for (std::size_t i = 0; i < text.size();) {
    auto length = utf8_length(text, i);
    auto byte = static_cast<unsigned char>(text[i]);
    if (length == 0)
      return invalid(the + " is not valid UTF-8: " + shown(text[i])
                     + " at offset " + std::to_string(i));
    // C0 and DEL; and C1, which is C2 80 to C2 9F.
    auto c1 = length == 2 && byte == 0xC2
              && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (byte < 0x20 || byte == 0x7F || c1)
      return invalid(the + " holds a control character ("
                     + shown(c1 ? text[i + 1] : text[i]) + " at offset "
                     + std::to_string(i) + "); leave it out");
    i += length;
  }
  return caf::unit;
}

/// Calls `byte` with each byte of the canonical spelling, `dot` for each
/// separator.
template <class Byte, class Dot>
void spell(key_view k, Byte byte, Dot dot) {
  auto put = [&](char c) {
    if (is_plain(c)) {
      byte(c);
      return;
    }
    auto b = static_cast<unsigned char>(c);
    byte('=');
    byte(hex_digits[b >> 4]);
    byte(hex_digits[b & 15]);
  };
  for (char c : k.type)
    put(c);
  dot();
  for (std::size_t i = 0; i < k.id.size(); ++i) {
    // A raw dot must leave a token on either side.
    if (k.id[i] == '.' && i > 0 && i + 1 < k.id.size() && k.id[i - 1] != '.'
        && k.id[i + 1] != '.')
      dot();
    else
      put(k.id[i]);
  }
}

constexpr std::uint32_t fnv_basis = 2'166'136'261u;

constexpr std::uint32_t fnv_step(std::uint32_t hash, char c) {
  return (hash ^ static_cast<unsigned char>(c)) * 16'777'619u;
}

/// Hashes `text` on from `hash`, unless something in it needs an escape.
inline bool hash_plain(std::string_view text, std::uint32_t& hash) {
  auto h = hash;
  for (char c : text) {
    if (!is_plain(c))
      return false;
    h = fnv_step(h, c);
  }
  hash = h;
  return true;
}

}  // namespace

caf::expected<key> make_key(std::string_view type, std::string_view id) {
  if (auto ok = check(type, "type", max_type_bytes); !ok)
    return ok.error();
  if (auto ok = check(id, "id", max_id_bytes); !ok)
    return ok.error();
  return key{std::string{type}, std::string{id}};
}

caf::expected<key> parse_tokens(std::string_view tokens) {
  auto dot = tokens.find('.');
  if (dot == std::string_view::npos)
    return invalid("the id is missing; expected {type}.{id}, for example "
                   "framework.phoenix");
  key result;
  if (auto ok = decode(tokens.substr(0, dot), "the type", result.type); !ok)
    return ok.error();
  auto rest = tokens.substr(dot + 1);
  for (std::size_t number = 1;; ++number) {
    dot = rest.find('.');
    auto what = "token " + std::to_string(number) + " of the id";
    if (auto ok = decode(rest.substr(0, dot), what, result.id); !ok)
      return ok.error();
    if (dot == std::string_view::npos)
      break;
    result.id += '.';
    rest.remove_prefix(dot + 1);
  }
  return make_key(result.type, result.id);
}

std::optional<key_view> plain_key(std::string_view tokens) {
  std::size_t dot = 0;
  while (dot < tokens.size() && is_plain(tokens[dot]))
    ++dot;
  if (dot == 0 || dot > max_type_bytes || dot + 1 >= tokens.size()
      || tokens[dot] != '.')
    return std::nullopt;
  auto id = tokens.substr(dot + 1);
  if (id.size() > max_id_bytes)
    return std::nullopt;
  auto after_dot = true;
  for (char c : id) {
    // A dot is part of the id where it leaves no empty token.
    if (!is_plain(c) && (c != '.' || after_dot))
      return std::nullopt;
    after_dot = c == '.';
  }
  if (after_dot)
    return std::nullopt;
  return key_view{tokens.substr(0, dot), id};
}

std::string to_tokens(key_view k) {
  std::string result;
  result.reserve(k.type.size() + k.id.size() + 1);
  spell(
      k, [&](char c) { result += c; }, [&] { result += '.'; });
  return result;
}

caf::expected<std::string> parse_token(std::string_view token) {
  std::string result;
  if (auto ok = decode(token, "the type", result); !ok)
    return ok.error();
  if (auto ok = check(result, "type", max_type_bytes); !ok)
    return ok.error();
  return result;
}

std::string to_token(std::string_view text) {
  std::string result;
  for (char c : text)
    result += is_plain(c) ? std::string{c} : escape_of(c);
  return result;
}

std::uint32_t hash_of(key_view k) {
  // Nearly every key has nothing to escape: one tight loop, at the speed of
  // the multiplication.
  auto hash = fnv_basis;
  if (hash_plain(k.type, hash) && hash_plain(k.id, hash))
    return hash;
  hash = fnv_basis;
  spell(
      k, [&](char c) { hash = fnv_step(hash, c); }, [] {});
  return hash;
}

std::size_t shard_of(key_view k, std::size_t shards) {
  return shard_of_hash(lookup_hash(k), shards);
}

}  // namespace larder
