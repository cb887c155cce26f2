#include "storage/digest.hpp"

#include <openssl/evp.h>

#include <array>
#include <cstdint>

namespace larder {

namespace {

const EVP_MD* method_of(std::string_view algorithm) {
  if (algorithm == "sha512")
    return EVP_sha512();
  if (algorithm == "sha384")
    return EVP_sha384();
  if (algorithm == "sha256")
    return EVP_sha256();
  if (algorithm == "sha1")
    return EVP_sha1();
  if (algorithm == "md5")
    return EVP_md5();
  return nullptr;
}

int value_of(char c, bool base64) {
  if (base64) {
    if (c >= 'A' && c <= 'Z')
      return c - 'A';
    if (c >= 'a' && c <= 'z')
      return c - 'a' + 26;
    if (c >= '0' && c <= '9')
      return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
  }
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<std::string> digest_of(std::string_view algorithm,
                                     std::string_view bytes) {
  auto method = method_of(algorithm);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned length = 0;
  if (method == nullptr
      || EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, method,
                    nullptr)
             != 1)
    return std::nullopt;
  return std::string{reinterpret_cast<const char*>(digest.data()), length};
}

std::string to_hex(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string result;
  result.reserve(bytes.size() * 2);
  for (auto c : bytes) {
    auto byte = static_cast<unsigned char>(c);
    result += digits[byte >> 4];
    result += digits[byte & 15];
  }
  return result;
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0)
    return std::nullopt;
  std::string result;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    auto high = value_of(text[i], false);
    auto low = value_of(text[i + 1], false);
    if (high < 0 || low < 0)
      return std::nullopt;
    result += static_cast<char>(high << 4 | low);
  }
  return result;
}

std::string to_base64(std::string_view bytes) {
  std::string result(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  auto length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(result.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()),
                      static_cast<int>(bytes.size()));
  result.resize(static_cast<std::size_t>(length));
  return result;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0)
    return std::nullopt;
  auto padding = text.size() - text.find_last_not_of('=') - 1;
  if (text.empty() || padding > 2)
    return text.empty() ? std::optional<std::string>{""} : std::nullopt;
  std::string result;
  std::uint32_t bits = 0;
  auto count = 0;
  for (auto c : text.substr(0, text.size() - padding)) {
    auto value = value_of(c, true);
    if (value < 0)
      return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    if (++count % 4 == 0) {
      result += static_cast<char>(bits >> 16);
      result += static_cast<char>(bits >> 8);
      result += static_cast<char>(bits);
      bits = 0;
    }
  }
  if (padding == 1) {
    result += static_cast<char>(bits >> 10);
    result += static_cast<char>(bits >> 2);
  } else if (padding == 2) {
    result += static_cast<char>(bits >> 4);
  }
  return result;
}

}  // namespace larder
