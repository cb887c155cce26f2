#include "storage/utf8.hpp"

namespace larder {

namespace {

bool within(unsigned char c, unsigned char low, unsigned char high) {
  return c >= low && c <= high;
}

}  // namespace

// Table 3-7 of the Unicode standard: only the second byte's range depends on
// the first.
std::size_t utf8_length(std::string_view text, std::size_t at) {
  auto byte = [&](std::size_t i) -> unsigned char {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0;
  };
  auto tail = [&](std::size_t i) { return within(byte(i), 0x80, 0xBF); };
  auto lead = byte(0);
  if (lead < 0x80)
    return 1;
  if (within(lead, 0xC2, 0xDF))
    return tail(1) ? 2 : 0;
  if (within(lead, 0xE0, 0xEF)) {
    unsigned char low = lead == 0xE0 ? 0xA0 : 0x80;
    unsigned char high = lead == 0xED ? 0x9F : 0xBF;
    return within(byte(1), low, high) && tail(2) ? 3 : 0;
  }
  if (within(lead, 0xF0, 0xF4)) {
    unsigned char low = lead == 0xF0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xF4 ? 0x8F : 0xBF;
    return within(byte(1), low, high) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

bool is_utf8_text(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    auto length = utf8_length(bytes, at);
    if (length == 0 || bytes[at] == '\0')
      return false;
    at += length;
  }
  return true;
}

}  // namespace larder
