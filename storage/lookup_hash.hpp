// The hash of a key within one process: eight bytes a step, where the public
// hash_of takes one. A lookup that waits for a multiplication a byte costs
// more than twice as much.
//
// Used by the hot cache and to choose a shard; its values are never stored or
// sent.
//
// Thread rule: no state.
#pragma once

#include "storage/key.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace larder {

namespace detail {

template <class Word>
std::uint64_t load_word(const char* from) {
  Word word;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

inline std::uint64_t hash_text(std::string_view text, std::uint64_t hash) {
  // The whole product, folded: the last characters of a word are its highest
  // bits, and half a product would lose them.
  auto step = [&hash](std::uint64_t word) {
    __extension__ using product = unsigned __int128;
    auto p = static_cast<product>(hash ^ word) * 0x9E3779B97F4A7C15ull;
    hash = static_cast<std::uint64_t>(p) ^ static_cast<std::uint64_t>(p >> 64);
  };
  const auto* at = text.data();
  auto size = text.size();
  step(size);
  if (size >= 8) {
    for (std::size_t i = 8; i < size; i += 8, at += 8)
      step(load_word<std::uint64_t>(at));
    // The last eight, some of them perhaps again.
    step(load_word<std::uint64_t>(text.data() + size - 8));
  } else if (size >= 4) {
    step(load_word<std::uint32_t>(at) << 32
         | load_word<std::uint32_t>(at + size - 4));
  } else if (size > 0) {
    auto byte = [at](std::size_t i) {
      return static_cast<std::uint64_t>(static_cast<unsigned char>(at[i]));
    };
    step(byte(0) << 16 | byte(size / 2) << 8 | byte(size - 1));
  }
  return hash;
}

}  // namespace detail

inline std::uint32_t lookup_hash(key_view k) {
  return static_cast<std::uint32_t>(detail::hash_text(
      k.id, detail::hash_text(k.type, 0x243F6A8885A308D3ull)));
}

/// Which of `shards` owns a key of this hash.
inline std::size_t shard_of_hash(std::uint32_t hash, std::size_t shards) {
  return static_cast<std::size_t>((std::uint64_t{hash} * shards) >> 32);
}

}  // namespace larder
