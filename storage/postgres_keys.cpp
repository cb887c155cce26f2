#include "storage/postgres_keys.hpp"

#include "storage/postgres_array.hpp"
#include "storage/utf8.hpp"

namespace larder {

std::pair<std::string, std::string> arrays_of(std::span<const key> keys) {
  postgres_array types;
  postgres_array ids;
  for (auto& k : keys) {
    if (!is_utf8_text(k.type) || !is_utf8_text(k.id)) {
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
