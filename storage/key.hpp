// A key, and its one spelling in NATS subjects and KV keys.
//
// Grammar of subject tokens: the type is one token, the id one or
// more. A byte outside `A-Za-z0-9-_/` is written `=XX` in upper-case hex. In
// an id, `.` separates tokens and is itself a character of the id, so
// `socket.io` and `socket=2Eio` are one key.
//
// Thread rule: values, no state.
#pragma once

#include <caf/expected.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace larder {

inline constexpr std::size_t max_type_bytes = 64;
inline constexpr std::size_t max_id_bytes = 512;

struct key {
  std::string type;
  std::string id;
  auto operator<=>(const key&) const = default;
};

/// A key that somebody else keeps alive.
struct key_view {
  std::string_view type;
  std::string_view id;
  key_view(std::string_view t, std::string_view i) : type(t), id(i) {}
  key_view(const key& k) : type(k.type), id(k.id) {}  // NOLINT: a view of it
  bool operator==(const key_view&) const = default;
};

/// Type and id as they came from a body: checks lengths, UTF-8 and control
/// characters. Fails with `invalid_request` and says which rule is broken.
caf::expected<key> make_key(std::string_view type, std::string_view id);

/// "framework.socket.io" → {framework, socket.io}. Fails with
/// `invalid_request` for a missing id, an empty or wildcard token, an invalid
/// escape, and whatever make_key refuses.
caf::expected<key> parse_tokens(std::string_view tokens);

/// The same for tokens that need no decoding, as nearly all do: a look into
/// `tokens`. Nothing where parse_tokens has to say what they are.
std::optional<key_view> plain_key(std::string_view tokens);

/// The canonical spelling: what is used as KV key and in published subjects.
/// A `.` of the id stands as it is wherever that leaves no empty token.
std::string to_tokens(key_view k);

/// One token of the grammar on its own (a type).
caf::expected<std::string> parse_token(std::string_view token);
std::string to_token(std::string_view text);

/// FNV-1a 32 over the canonical tokens without their separators: the hash of
/// NATS' `{{partition(n,…)}}`, by which servers route to the owner of a key.
/// Allocates nothing.
std::uint32_t hash_of(key_view k);

/// Which of a node's `shards` owns the key. By the hash that the shard looks it
/// up with, not by hash_of: a byte a step would be a third of a hit.
std::size_t shard_of(key_view k, std::size_t shards);

struct key_hash {
  using is_transparent = void;
  std::size_t operator()(key_view k) const noexcept { return hash_of(k); }
};

struct key_equal {
  using is_transparent = void;
  bool operator()(key_view a, key_view b) const noexcept { return a == b; }
};

}  // namespace larder
