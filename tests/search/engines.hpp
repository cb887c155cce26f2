// The two that are compared: our search index, and SQLite's FTS5 over the same
// text with its own bm25 and Porter's stemmer.
//
// Used by the programs in tests/search. Thread rule: one thread.
#pragma once

#include "storage/search_index.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace larder::test {

class search_engine {
 public:
  virtual ~search_engine() = default;
  virtual const std::string& name() const = 0;

  /// All of it, durable when it returns; batches of `together` documents.
  virtual void build(const std::vector<search_document>& corpus,
                     std::size_t together) = 0;

  /// The names of the ten best of one page, of `ecosystem` if it is not empty.
  virtual std::vector<std::string> search(const std::string& text,
                                          const std::string& filter) = 0;

  /// On disk, without the documents' text where it is kept apart.
  virtual std::uint64_t bytes() = 0;

  /// Empty: what is there is what was put there.
  virtual std::string verify(const std::vector<search_document>& corpus) = 0;
};

/// In a directory of its own, which must exist.
std::unique_ptr<search_engine> make_ours(const std::string& directory);
/// `joined_by`: AND or OR; both have one database, which the first builds.
std::unique_ptr<search_engine> make_fts5(const std::string& directory,
                                         const std::string& joined_by);

}  // namespace larder::test
