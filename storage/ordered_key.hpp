// Numbers in keys whose byte order is the numbers' order, and the end of a
// prefix. For the key layouts of what is kept in RocksDB.
//
// Thread rule: free functions, no state.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace larder::ordered_key {

/// Appends `number`, big-endian.
template <class Unsigned>
void append(std::string& key, Unsigned number) {
  for (int shift = 8 * (static_cast<int>(sizeof(Unsigned)) - 1); shift >= 0;
       shift -= 8)
    key.push_back(static_cast<char>(number >> shift));
}

inline void append_u16(std::string& key, std::uint16_t number) {
  append(key, number);
}

inline void append_u32(std::string& key, std::uint32_t number) {
  append(key, number);
}

inline void append_u64(std::string& key, std::uint64_t number) {
  append(key, number);
}

/// Takes a number off the front of `key`; false, and nothing taken, if `key` is
/// too short.
template <class Unsigned>
bool take(std::string_view& key, Unsigned& number) {
  if (key.size() < sizeof(Unsigned))
    return false;
  Unsigned read = 0;
  for (std::size_t i = 0; i < sizeof(Unsigned); ++i)
    read = static_cast<Unsigned>((static_cast<std::uint64_t>(read) << 8)
                                 | static_cast<unsigned char>(key[i]));
  number = read;
  key.remove_prefix(sizeof(Unsigned));
  return true;
}

/// The first key behind all that begin with `prefix`; empty, which stands for
/// the end of everything, if there is none.
inline std::string end_of_prefix(std::string_view prefix) {
  std::string end{prefix};
  while (!end.empty() && end.back() == '\xff')
    end.pop_back();
  if (!end.empty())
    end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

}  // namespace larder::ordered_key
