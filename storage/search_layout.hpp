// How the search index lies in RocksDB, and what a document is in it. Read and
// written by search_* alone.
//
// Behind the index's own prefix, one letter says what a key is:
//
//   m                            version u32, next document u32, documents u64
//   i <id>                       its document number, u32
//   d <document u32>             its id
//   n <folded name>              documents of that name (search_names.hpp)
//   t <term> 0 <document u32>    a block of postings (search_postings.hpp) of
//                                which this document is the first
//   f <filter> 0 <document u32>  the same; all weights are one
//
// Numbers are big-endian. Document numbers are given in the order of storing
// and not used again.
//
// A posting holds the document's number and one byte: how much the term weighs
// in the document, over all fields. That is the inner part of BM25F (Robertson,
// Zaragoza, Taylor, "Simple BM25 extension to multiple weighted fields", CIKM
// 2004; Robertson, Zaragoza, "The probabilistic relevance framework", 2009),
//
//   weight = sum over fields of  w * tf / (1 - b + b * length / usual length)
//
// kept in steps of 3.5 %, as impacts are (Anh, Moffat, "Simplified similarity
// scoring using term ranks", SIGIR 2005). The usual lengths are constants, not
// the corpus' averages: so no document's weight depends on another document,
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
inline constexpr std::uint32_t version = 1;

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

/// Tells names apart that are equal when folded.
std::uint16_t hash_of_name(std::string_view name);

/// What a weight's byte stands for, and the byte for a weight. 0 is none.
float weight_of(std::uint8_t byte);
std::uint8_t byte_of(double weight);

std::string key(std::string_view prefix, char kind, std::string_view rest = {});
std::string key(std::string_view prefix, char kind, std::uint32_t document);
/// Of the postings of `term`, all of them.
std::string postings_prefix(std::string_view prefix, std::string_view term);

caf::expected<meta> read_meta(const search_index& index,
                              const rocks_snapshot* at);
std::string to_bytes(const meta& m);

}  // namespace larder::search_layout
