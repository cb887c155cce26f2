#include "storage/fingerprint.hpp"

#include <openssl/evp.h>

#include <array>

namespace larder {

std::string digest_of(std::string_view content) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int size = 0;
  if (EVP_Digest(content.data(), content.size(), bytes.data(), &size,
                 EVP_sha256(), nullptr)
      != 1)
    return {};
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * size);
  for (unsigned int i = 0; i < size; ++i) {
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

}  // namespace larder
