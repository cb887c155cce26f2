// Which documents have a term: blocks of up to 256 postings, in the order of
// document numbers, and a reader that decodes a block only when it must.
//
// A block is the value of a key that ends with its first document:
//
//   postings - 1 u8 · heaviest u8 · lightest u8 · last - first varint
//   the further documents as varints, each less its predecessor and less one
//   one byte of weight each, unless all are the same
//
// Used by search_index (reading) and search_update (writing). Thread rule: one
// thread at a time an object.
#pragma once

#include "storage/search_index.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

struct search_posting {
  std::uint32_t document = 0;
  std::uint8_t weight = 0;
  bool operator==(const search_posting&) const = default;
};

inline constexpr std::size_t most_block_postings = 256;

/// 1 to 256 postings in order.
std::string encode_block(const search_posting* postings, std::size_t count);

/// False: this is no block.
bool decode_block(std::uint32_t first, std::string_view block,
                  std::vector<search_posting>& postings);

void append_varint(std::string& bytes, std::uint32_t number);
/// False: there is none.
bool take_varint(std::string_view& bytes, std::uint32_t& number);

/// All postings of one term as of one moment, and a place among them.
class search_postings {
 public:
  static constexpr std::uint32_t end =
      std::numeric_limits<std::uint32_t>::max();

  /// Reads the blocks of `term` (with its kind before it). `cursor` is one of
  /// the index's family, and is moved.
  static caf::expected<search_postings>
  load(const search_index& index, std::string_view term, rocks_cursor& cursor);

  /// All that have one of two terms, with the heavier weight; those of `other`
  /// count for `share` of what they are.
  static search_postings united(search_postings one, search_postings other,
                                double share);

  /// How many documents have the term.
  std::uint64_t count() const { return count_; }
  std::uint8_t heaviest() const { return heaviest_; }

  /// The document at the place; `end` behind the last.
  std::uint32_t document() const { return document_; }
  std::uint8_t weight() const { return weights_[at_]; }

  void next() {
    if (++at_ < in_block_)
      document_ = documents_[at_];
    else
      enter(block_ + 1);
  }

  /// To the first document that is not before `document`; never back.
  void advance(std::uint32_t document);

  void rewind() { enter(0); }

 private:
  struct block {
    std::uint32_t first;
    std::uint32_t last;
    std::uint32_t begin;
    std::uint32_t bytes;
    std::uint16_t count;
    std::uint8_t heaviest;
    std::uint8_t lightest;
  };

  bool add(std::uint32_t first, std::string_view value);
  void enter(std::size_t block);

  std::string bytes_;
  std::vector<block> blocks_;
  std::uint64_t count_ = 0;
  std::uint8_t heaviest_ = 0;
  std::size_t block_ = 0;
  std::size_t at_ = 0;
  std::size_t in_block_ = 0;
  std::uint32_t document_ = end;
  std::array<std::uint32_t, most_block_postings> documents_;
  std::array<std::uint8_t, most_block_postings> weights_;
};

}  // namespace larder
