// An inverted index in RocksDB: documents of named fields found by words,
// ranked by BM25F, exact names first, names found by prefix and with one typo,
// filtered by opaque terms. It knows nothing of packages or templates; the
// package store and the embedded store each keep one beside their records and
// change it in the record's own batch, so the two agree after any crash.
//
// It keeps no text: whoever changes a document brings what it was before, and
// highlights (search_highlight.hpp) are made from the records.
//
// Thread rule: search(), counts() and a search_check serve any number of
// threads; one writer at a time, from the making of a search_update until the
// batch that it filled is written or thrown away. Nothing is kept in memory
// from one call to the next, so a batch that was not written needs no undoing.
// Failures are those of rocks_database; no call throws.
#pragma once

#include "storage/rocks_database.hpp"

#include <caf/expected.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace larder {

struct search_document {
  /// The caller's, opaque; 1-1,024 bytes. Comes back in hits.
  std::string id;
  std::string name;
  /// Separated by white space or commas; so are names with parts in them.
  std::string keywords;
  std::string description;
  /// README or any long text, and code; only their first 256 KiB count.
  std::string body;
  std::string code;
  /// How likely it is what somebody looks for, whatever the words: of two
  /// that match alike, the heavier one ranks higher. Above 0, at most 1.
  double weight = 1;
  /// What it may be filtered by, for example "e:npm" and "t:async"; compared
  /// byte by byte; 1-512 bytes each, without a zero.
  std::vector<std::string> filters;
  bool operator==(const search_document&) const = default;
};

struct search_query {
  /// Words in any order. Empty: everything that passes the filters, in the
  /// order in which it was first stored.
  std::string text;
  /// Filter terms: all of the first, and at least one of the second unless it
  /// is empty.
  std::vector<std::string> all_of;
  std::vector<std::string> any_of;
  /// Only documents with every word of the text (stop words apart). Else one
  /// word is enough, and more words rank higher. A document whose name
  /// matches the whole text is found in any case.
  bool every_word = false;
  /// At most 10,000 together; more is cut to it.
  std::uint32_t limit = 20;
  std::uint32_t offset = 0;
};

/// Why a hit was found; a later one ranks before an earlier one's equal.
enum class search_match : std::uint8_t {
  words,
  /// The name is one typo (a letter more, less or other, or two swapped) away
  /// from the text.
  typo,
  /// The name begins with the text.
  prefix,
  /// The name is the text, up to case and separators. Before all others.
  exact,
};

struct search_hit {
  std::string id;
  /// Only grows with relevance; compares within one answer.
  double score = 0;
  search_match match = search_match::words;
};

struct search_results {
  std::vector<search_hit> hits;
  /// Documents that match, the page apart.
  std::uint64_t total = 0;
  /// Else there are more: the search ended as soon as the rest could not come
  /// into the page.
  bool total_is_exact = true;
};

struct search_counts {
  std::uint64_t documents = 0;
  /// All keys and values of the index on disk and in memory, about.
  std::uint64_t bytes = 0;
};

class search_index {
 public:
  /// In `family` of `db`, under keys that begin with `prefix`; makes nothing
  /// yet. `db` must outlive it.
  search_index(rocks_database& db, rocks_family family, std::string prefix);

  /// Whether what is on disk was written with the same rules for words and
  /// weights (an empty index was). False: call clear(), write that batch, and
  /// put every document anew.
  caf::expected<bool> is_current() const;

  /// The page of the best hits. Equal scores: in the order of first storing.
  caf::expected<search_results>
  search(const search_query& query, const rocks_snapshot* at = nullptr) const;

  caf::expected<search_counts> counts() const;

  /// Erases the whole index in `batch`.
  void clear(rocks_batch& batch) const;

  /// For the parts of the index: its keys.
  rocks_database& database() const { return *db_; }
  rocks_family family() const { return family_; }
  const std::string& prefix() const { return prefix_; }

 private:
  rocks_database* db_;
  rocks_family family_;
  std::string prefix_;
};

/// Changes of one batch, any number of documents; the more at once, the less
/// each costs.
class search_update {
 public:
  explicit search_update(const search_index& index);
  ~search_update();
  search_update(const search_update&) = delete;
  search_update& operator=(const search_update&) = delete;

  /// `before`: the document as the index has it (null: it is new); `after`: as
  /// it shall be (null: it is removed). Both have the same id. A document may
  /// change several times: each `before` is then the former `after`.
  void change(const search_document* before, const search_document* after);

  /// Adds all of it to `batch`. Fails, with nothing added, with `internal` if
  /// a `before` disagrees with the index (new, but there; or not new, and not
  /// there): it needs to be made anew.
  caf::expected<void> finish(rocks_batch& batch);

 private:
  struct pending;
  std::unique_ptr<pending> pending_;
};

/// Compares the index with the records: expect() every document that there is,
/// then finish(). Takes 24 bytes of memory a document, whatever its size.
class search_check {
 public:
  /// Sees the index as of `at`, of which the documents must come too.
  search_check(const search_index& index, const rocks_snapshot& at);
  ~search_check();
  search_check(const search_check&) = delete;
  search_check& operator=(const search_check&) = delete;

  caf::expected<void> expect(const search_document& document);

  /// What is wrong, one sentence each, at most `most`; empty: nothing is.
  caf::expected<std::vector<std::string>> finish(std::size_t most = 100);

 private:
  struct seen;
  std::unique_ptr<seen> seen_;
};

}  // namespace larder
