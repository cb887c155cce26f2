// What searches are measured on: all packages that this Debian machine knows
// of, and forty queries with the packages that answer them.
//
// Used by the programs in tests/search. Thread rule: one thread.
#pragma once

#include "storage/search_index.hpp"

#include <string>
#include <vector>

namespace larder::test {

/// From `file`, or if it is empty from `apt-cache dumpavail`; empty if there is
/// no such program or file.
std::vector<search_document> debian_corpus(const std::string& file);

struct search_question {
  std::string text;
  /// Names of documents; one of them belongs among the first three.
  std::vector<std::string> answers;
};

/// From debian_queries.txt.
std::vector<search_question> debian_questions(const std::string& file);

}  // namespace larder::test
