#include "storage/nats_nkey.hpp"

#include "storage/error.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace larder::nats {

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

// The five upper bits of the first byte of a seed, and those of the second,
// which say what the seed is for, spread over the first two bytes.
constexpr std::uint8_t seed_prefix = 18 << 3;
constexpr std::size_t raw_seed_bytes = 2 + 32 + 2;

bool decode_base32(std::string_view text, std::vector<std::uint8_t>& out) {
  std::uint32_t buffer = 0;
  int bits = 0;
  for (auto c : text) {
    auto at = alphabet.find(c);
    if (at == std::string_view::npos)
      return false;
    buffer = (buffer << 5) | static_cast<std::uint32_t>(at);
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      out.push_back(static_cast<std::uint8_t>(buffer >> bits));
    }
  }
  return true;
}

std::string encode_base32(const std::vector<std::uint8_t>& bytes) {
  std::string out;
  std::uint32_t buffer = 0;
  int bits = 0;
  for (auto b : bytes) {
    buffer = (buffer << 8) | b;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out += alphabet[(buffer >> bits) & 31];
    }
  }
  if (bits > 0)
    out += alphabet[(buffer << (5 - bits)) & 31];
  return out;
}

// CRC-16/XMODEM, as nkeys have it, low byte first.
std::uint16_t crc16(const std::uint8_t* data, std::size_t size) {
  std::uint16_t crc = 0;
  for (std::size_t i = 0; i < size; ++i) {
    crc = static_cast<std::uint16_t>(crc ^ (data[i] << 8));
    for (int bit = 0; bit < 8; ++bit)
      crc = static_cast<std::uint16_t>((crc & 0x8000) ? (crc << 1) ^ 0x1021
                                                      : crc << 1);
  }
  return crc;
}

struct key_deleter {
  void operator()(EVP_PKEY* k) const { EVP_PKEY_free(k); }
};

caf::error not_a_seed() {
  return fail(ec::configuration,
              "the nkey seed is not one: expected a line like \"SU…\" of 58 "
              "upper-case letters and digits, as `nk -gen user` prints it");
}

/// A seed taken apart.
struct seed_parts {
  std::uint8_t kind = 0;
  std::unique_ptr<EVP_PKEY, key_deleter> pair;
};

caf::expected<seed_parts> parts_of(std::string_view seed) {
  std::vector<std::uint8_t> raw;
  raw.reserve(raw_seed_bytes + 1);
  if (!decode_base32(seed, raw) || raw.size() != raw_seed_bytes
      || (raw[0] & 0xf8) != seed_prefix)
    return not_a_seed();
  auto crc = crc16(raw.data(), raw_seed_bytes - 2);
  if (raw[raw_seed_bytes - 2] != (crc & 0xff)
      || raw[raw_seed_bytes - 1] != (crc >> 8))
    return not_a_seed();
  seed_parts out;
  out.kind =
      static_cast<std::uint8_t>(((raw[0] & 7) << 5) | ((raw[1] & 0xf8) >> 3));
  out.pair.reset(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr,
                                              raw.data() + 2, 32));
  OPENSSL_cleanse(raw.data(), raw.size());
  if (!out.pair)
    return fail(ec::configuration, "the nkey seed holds no Ed25519 key");
  return out;
}

std::string base64_for_urls(const std::uint8_t* data, std::size_t size) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "abcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  std::uint32_t buffer = 0;
  int bits = 0;
  for (std::size_t i = 0; i < size; ++i) {
    buffer = (buffer << 8) | data[i];
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      out += letters[(buffer >> bits) & 63];
    }
  }
  if (bits > 0)
    out += letters[(buffer << (6 - bits)) & 63];
  return out;
}

}  // namespace

caf::expected<std::string> public_nkey(std::string_view seed) {
  auto parts = parts_of(seed);
  if (!parts)
    return parts.error();
  std::array<std::uint8_t, 32> half{};
  std::size_t size = half.size();
  if (EVP_PKEY_get_raw_public_key(parts->pair.get(), half.data(), &size) != 1)
    return fail(ec::configuration, "the nkey seed holds no Ed25519 key");
  std::vector<std::uint8_t> out{parts->kind};
  out.insert(out.end(), half.begin(), half.end());
  auto crc = crc16(out.data(), out.size());
  out.push_back(static_cast<std::uint8_t>(crc & 0xff));
  out.push_back(static_cast<std::uint8_t>(crc >> 8));
  return encode_base32(out);
}

caf::expected<std::string> sign_nonce(std::string_view seed,
                                      std::string_view nonce) {
  auto parts = parts_of(seed);
  if (!parts)
    return parts.error();
  struct context_deleter {
    void operator()(EVP_MD_CTX* c) const { EVP_MD_CTX_free(c); }
  };
  std::unique_ptr<EVP_MD_CTX, context_deleter> context{EVP_MD_CTX_new()};
  std::array<std::uint8_t, 64> signature{};
  std::size_t size = signature.size();
  if (EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr,
                         parts->pair.get())
          != 1
      || EVP_DigestSign(context.get(), signature.data(), &size,
                        reinterpret_cast<const std::uint8_t*>(nonce.data()),
                        nonce.size())
             != 1)
    return fail(ec::configuration, "the nkey seed cannot sign");
  return base64_for_urls(signature.data(), size);
}

}  // namespace larder::nats
