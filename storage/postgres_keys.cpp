#include "storage/postgres_keys.hpp"

#include "storage/postgres_array.hpp"
#include "storage/utf8.hpp"

namespace larder {

bool is_text(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    auto length = utf8_length(bytes, at);
    if (length == 0 || bytes[at] == '\0')
      return false;
    at += length;
  }
  return true;
}

std::pair<std::string, std::string> arrays_of(std::span<const key> keys) {
  postgres_array types;
  postgres_array ids;
  for (auto& k : keys) {
    if (!is_text(k.type) || !is_text(k.id)) {
      types.add_null();
      ids.add_null();
    } else {
      types.add(k.type);
      ids.add(k.id);
    }
  }
  return {types.take(), ids.take()};
}

}  // namespace larder
