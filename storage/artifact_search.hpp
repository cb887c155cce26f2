// What is asked of a store by words, and what it finds.
//
// Every store ranks by one contract (tests/storage/search_contract.hpp). Words
// are those of English text: stemmed, without those that stand in every text;
// all of them have to be there. `"a phrase"`, `-word` and `or` mean what they
// mean to a search engine on the web. An artifact whose id is the query itself,
// but for case and the characters between the words, comes first; then words in
// id and name count most, those in the description, tags and keywords less,
// those in other text least; equals are in an order that stays.
//
// Thread rule: values.
#pragma once

#include "storage/key.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace larder {

struct artifact_query {
  std::string words;
  std::optional<std::string> type;
  std::uint32_t limit = 10;
  /// So many of the best are left out.
  std::uint32_t offset = 0;
};

struct artifact_match {
  larder::key key;
  std::int64_t revision = 0;
  std::int32_t version = 0;
  /// Compares within one answer only. From 1 upwards: the query is its id.
  double score = 0;
  /// The passage that tells best why, each word that was asked for between
  /// `<b>` and `</b>`; plain text otherwise, nothing is escaped.
  std::string highlight;
};

struct artifact_matches {
  std::vector<artifact_match> found;
  /// So many artifacts have changed and could not be looked into yet: a store
  /// that indexes behind its writers' backs says what it may have missed.
  std::uint64_t unindexed = 0;
};

}  // namespace larder
