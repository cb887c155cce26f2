// How the search index lies in RocksDB, and what a document is in it. Read and
// written by search_* alone.
//
// Behind the index's own prefix, one letter says what a key is:
//
//   m                            version u32, next document u32, documents u64
//   i <id>                       its document number, u32
//   d <document u32>             its id
//   n <folded name>              documents of that name (search_names.hpp)
//   t <term> 0 <document u32>    a block of postings (search_postings.hpp), by
//                                its first document; the bits are turned over,
//                                so that the later block comes first
//   f <filter> 0 <document u32>  the same; all weights are one
//
// Numbers are big-endian. With the later block first, one step forward finds
// the block where a document belongs; backward, RocksDB is slow. Document
// numbers are given in the order of storing and not used again.
//
// A posting holds the document's number and one byte: what the term adds to
// the document's score, but for how rare the term is. That is the part of BM25F
// that a document decides (Robertson, Zaragoza, Taylor, "Simple BM25 extension
// to multiple weighted fields", CIKM 2004; Robertson, Zaragoza, "The
// probabilistic relevance framework", 2009), times the document's own weight:
//
//   f = sum over fields of  w * times / (1 - b + b * length / usual length)
//   byte = 255 * weight of the document * f / (k + f)
//
// Such impacts are kept in integers as in Anh, Moffat, "Simplified similarity
// scoring using term ranks", SIGIR 2005. The usual lengths are constants, not
// the corpus' averages: so no document's byte depends on another document,
// and no lengths have to be kept, read or brought up to date.
//
// Thread rule: values and free functions, no state.
#pragma once

#include "storage/search_index.hpp"
#include "storage/search_words.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace larder::search_layout {

/// One more whenever words, weights or keys change.
inline constexpr std::uint32_t version = 2;

inline constexpr char meta_key = 'm';
inline constexpr char id_key = 'i';
inline constexpr char document_key = 'd';
inline constexpr char name_key = 'n';
inline constexpr char term_key = 't';
inline constexpr char filter_key = 'f';

struct meta {
  std::uint32_t version = 0;
  std::uint32_t next_document = 0;
  std::uint64_t documents = 0;
};

/// A document as the index has it.
struct analysed {
  struct term {
    /// With its kind before it, as in the key: 't' or 'f'.
    std::string text;
    std::uint8_t weight = 0;
    bool operator==(const term&) const = default;
  };
  /// In byte order, each once.
  std::vector<term> terms;
  std::string name;
  std::uint16_t name_hash = 0;
  bool operator==(const analysed&) const = default;
};

analysed analyse(const search_document& document, search_splitter& splitter);

/// The term for two words in a row, of their stems. Names and descriptions have
/// them: "load testing" means more than "load" and "testing" (Metzler, Croft,
/// "A Markov random field model for term dependencies", SIGIR 2005).
std::string pair_of(std::string_view first, std::string_view second);

/// Tells names apart that are equal when folded.
std::uint16_t hash_of_name(std::string_view name);

/// The byte for what a term adds, of 0 to 1; at least 1.
std::uint8_t byte_of(double share);

std::string key(std::string_view prefix, char kind, std::string_view rest = {});
std::string key(std::string_view prefix, char kind, std::uint32_t document);
/// Of the postings of `term`, all of them.
std::string postings_prefix(std::string_view prefix, std::string_view term);
/// The end of a block's key.
void append_first(std::string& key, std::uint32_t document);
/// False: `rest`, what follows the term, is none.
bool take_first(std::string_view rest, std::uint32_t& document);

caf::expected<meta> read_meta(const search_index& index,
                              const rocks_snapshot* at);
std::string to_bytes(const meta& m);

}  // namespace larder::search_layout
