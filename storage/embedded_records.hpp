// What the embedded store keeps in RocksDB, and how.
//
// Families, and what their keys and values are (numbers are big-endian; a KEY
// is type, NUL, id, so that the order of bytes is that of keys):
//   state      "format" "1" · "origin" the store's own random id · "epoch" u64
//              time of the last opening, u64 counter · "revision" u64, the last
//              one given out · "publication" how far publication has come ·
//              "search" there while the index is to be made anew
//   revisions  KEY → revision_row; one a key, never deleted
//   values     KEY → value_row; only keys that have a value
//   outbox     u64 revision → outbox_entry; unpublished changes
//   changes    u64 time, u64 revision → KEY; one a key, that of its last change
//   usage      KEY → u64 reads, u64 time of the last
//   search     a search_index of the values
//
// Used by the embedded store's parts. Thread rule: values and functions of
// their arguments.
#pragma once

#include "storage/key.hpp"
#include "storage/outbox.hpp"
#include "storage/rocks_database.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::embedded {

inline constexpr rocks_family state = 0;
inline constexpr rocks_family revisions = 1;
inline constexpr rocks_family values = 2;
inline constexpr rocks_family outbox = 3;
inline constexpr rocks_family changes = 4;
inline constexpr rocks_family usage = 5;
inline constexpr rocks_family search = 6;

std::vector<std::string> family_names();

std::string encode(key_view k);
/// Everything of one type: KEYs with this prefix.
std::string prefix_of(std::string_view type);
/// Of bytes that encode() made.
key decode_key(std::string_view bytes);

std::string encode_number(std::uint64_t number);
std::uint64_t decode_number(std::string_view bytes);

struct revision_row {
  std::int64_t revision = 0;
  std::int32_t version = 0;
  bool deleted = true;
  /// Nanoseconds since 1970.
  std::int64_t changed_at = 0;
};

std::string encode(const revision_row& row);
/// Nothing: damaged; so for the others.
std::optional<revision_row> decode_revision(std::string_view bytes);

/// The revision stands here too: a key that has a value is read in one get.
struct value_row {
  std::int64_t revision = 0;
  std::int32_t version = 0;
  /// A JSON object, or empty.
  std::string metadata;
  std::vector<std::string> tags;
  std::string content;
};

std::string encode(const value_row& row);
std::optional<value_row> decode_value(std::string_view bytes);

struct outbox_entry {
  larder::key key;
  std::int32_t version = 0;
  bool deleted = false;
};

std::string encode(const outbox_entry& entry);
std::optional<outbox_entry> decode_outbox(std::string_view bytes);

std::string encode(const publication& upto);
std::optional<publication> decode_publication(std::string_view bytes);

/// The key of a row of `changes`.
std::string change_key(std::int64_t changed_at, std::int64_t revision);

}  // namespace larder::embedded
