// The names of the documents in a search index, found whole, by how they begin
// and with one typo.
//
// A name's key is the folded name; its value lists the documents that have it,
// each as a varint and two bytes that tell it from others that fold alike.
//
// Used by search_index and search_update. Thread rule: free functions, no
// state.
#pragma once

#include "storage/search_index.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

struct search_named {
  std::uint32_t document = 0;
  search_match match = search_match::words;
  /// exact: 1 the same to the byte, else 0; prefix: the share of the name that
  /// the text is; typo: 0.
  double closeness = 0;
};

/// Documents whose name is `text`; those of up to 512 names, in byte order,
/// that begin with it, if it has two letters or more; and if there are none of
/// the first kind, `typos` is true and `text` is 4 to 32 letters without a
/// blank, those with one typo in it (Damerau, "A technique for computer
/// detection and correction of spelling errors", 1964; the letter that was
/// missed is one of a-z and 0-9). Each document once.
caf::expected<std::vector<search_named>> find_names(const search_index& index,
                                                    std::string_view text,
                                                    bool typos,
                                                    const rocks_snapshot& at);

/// What one is away from `name`: a letter less, two swapped, another, one more.
std::vector<std::string> names_with_a_typo(std::string_view name);

/// `visit(document, hash)` for each document in a name's value.
void each_named(std::string_view value,
                const std::function<void(std::uint32_t, std::uint16_t)>& visit);

/// The value of a name, with a document added or taken out; an empty value
/// has no key.
void add_to_name(std::string& value, std::uint32_t document,
                 std::uint16_t hash);
void take_from_name(std::string& value, std::uint32_t document);

}  // namespace larder
