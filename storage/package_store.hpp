// The packages that this node keeps on its disk, found by name, by words and by
// tags. One record a version; the words, tags and snippets are those of the
// version that is answered when none is asked for (see package_version.hpp).
//
// Used by the packages actor's worker, and by `larder packages check`, `backup`
// and `restore` on a store that no node has open. Key layout: at the head of
// package_records.hpp.
//
// Revisions: the node that accepts a write gives it the revision
// max(the package's last + 1, the wall clock in µs); every other node applies
// it with that revision. Whatever order they arrive in, all nodes end up with
// the same: a version's document is the one with the highest revision (of
// equals the greater bytes), unless the package was removed at that revision or
// a later one. That a package was removed is kept for `tombstone_retention`
// and forgotten by sweep(), which the packages actor calls once an hour: no
// fill and no message may be older than that.
//
// A write is in one WriteBatch, synced before it returns: all of it is there
// after a crash or none. The change is noted for the other nodes in the same
// batch (pending_changes), so that a crash before it was published loses
// nothing.
//
// Thread rule: blocking. Const calls from any thread, beside one writer; the
// others from one thread at a time. Failures are `invalid_request`,
// `too_large`, `unavailable` (the disk is full or fails: reads go on, and
// writes again when there is space) and `internal` (the store is damaged). No
// call throws.
#pragma once

#include "storage/package.hpp"
#include "storage/search_highlight.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

/// Whether some node may have given that revision by now: clocks of one cluster
/// differ by less than a day, and what is beyond would have the last word for
/// as long as nobody catches up with it.
bool is_plausible_revision(std::int64_t revision, std::int64_t now);
/// The same by the system's clock.
bool is_plausible_revision(std::int64_t revision);

struct package_store_options {
  /// Made if it is not there.
  std::string directory;
  package_limits limits;
  /// Memory for blocks of the files.
  std::uint64_t cache_bytes = 64ull << 20;
  /// The store is not opened with less free space than this.
  std::uint64_t least_free_bytes = 128ull << 20;
  /// Nothing is written when less would be left.
  std::uint64_t reserve_bytes = 64ull << 20;
  std::chrono::microseconds tombstone_retention = std::chrono::hours{7 * 24};
  /// false: a power cut loses the last writes. For tests and bulk imports that
  /// can be run again.
  bool sync = true;
  /// Microseconds since 1970; absent: the system's clock.
  std::function<std::int64_t()> clock;
};

struct package_lookup {
  /// Nothing: there is no such package, or not that version of it.
  std::optional<std::string> document;
  std::string version;
  /// The document's; without one, the removal's, or 0.
  std::int64_t revision = 0;
  /// When this node stored it; µs since 1970.
  std::int64_t stored_at = 0;
};

struct package_written {
  package_key key;
  std::string version;
  std::int64_t revision = 0;
  /// false: what is kept is the same or newer, and stays; `revision` is its.
  bool applied = true;
  /// Whether there was such a version; of a removal: any version.
  bool existed = false;
};

struct package_summary {
  package_key key;
  std::string version;
  std::string description;
  std::int64_t revision = 0;
  std::uint64_t bytes = 0;
  std::uint32_t versions = 0;
  std::uint32_t snippets = 0;
  std::string deprecated;
};

struct package_page {
  std::vector<package_summary> items;
  /// Pass as `after` for the next page; empty: this was the last one.
  std::string next;
};

struct package_query {
  std::string text;
  /// Absent: all.
  std::optional<std::string> ecosystem;
  /// Only packages with all of these.
  std::vector<std::string> tags;
  std::uint32_t limit = 10;
  std::uint32_t offset = 0;
};

/// What of a package the words were found in.
struct package_passage {
  /// description, readme or snippet
  std::string field;
  std::string text;
  /// The words found, as places in `text`.
  std::vector<search_mark> marks;
  /// Of a snippet: where it stands.
  std::string path;
  std::uint32_t line = 0;
};

struct package_hit {
  package_summary package;
  double score = 0;
  package_passage passage;
};

struct package_results {
  std::vector<package_hit> hits;
  /// Packages that match, the page apart; at least, unless it is exact.
  std::uint64_t total = 0;
  bool total_is_exact = true;
};

enum class tag_match : std::uint8_t { any, all };

struct package_tag_query {
  std::vector<std::string> tags;
  tag_match match = tag_match::any;
  std::optional<std::string> ecosystem;
  std::uint32_t limit = 100;
  /// "ecosystem/name", as `next` of the page before.
  std::string after;
};

/// Where in the change log this node is: what it applied last.
struct package_log_position {
  std::uint64_t sequence = 0;
  std::string message_id;
  /// When the log was made: another one begins to count anew.
  std::int64_t log_created = 0;
  bool operator==(const package_log_position&) const = default;
};

/// A write accepted here that the other nodes may not know of.
struct package_change {
  package_key key;
  /// Of a removal: empty.
  std::string version;
  std::int64_t revision = 0;
  bool removed = false;
};

struct ecosystem_stats {
  std::string ecosystem;
  std::uint64_t packages = 0;
  std::uint64_t versions = 0;
  std::uint64_t snippets = 0;
  /// Of the documents.
  std::uint64_t bytes = 0;
};

struct package_store_stats {
  std::vector<ecosystem_stats> ecosystems;
  std::uint64_t disk_bytes = 0;
};

/// A write of another node's: a version's document, or the removal.
struct package_update {
  package_change change;
  /// Of a removal: empty.
  std::string document;
};

/// All that two nodes compare to learn what one of them has missed.
struct package_revisions {
  package_key key;
  /// Of the removal that is remembered, else 0.
  std::int64_t removed_at = 0;
  struct kept {
    std::string version;
    std::int64_t revision = 0;
  };
  std::vector<kept> versions;
};

struct package_revision_page {
  std::vector<package_revisions> items;
  /// Pass as `after` for the next page; nothing: this was the last one.
  std::optional<package_key> next;
};

struct package_check {
  std::uint64_t packages = 0;
  std::uint64_t versions = 0;
  std::uint64_t snippets = 0;
  std::uint64_t tombstones = 0;
  /// Of all problems; the first hundred are told in `problems`.
  std::uint64_t problem_count = 0;
  std::vector<std::string> problems;
};

/// How far a long call is: done of total, both packages.
using package_progress = std::function<void(std::uint64_t, std::uint64_t)>;

class package_store {
 public:
  /// Opens or makes the store. `unavailable`: too little space, the disk fails,
  /// or open in another process; `configuration`: not ours, no right to it, or
  /// made by a later version of this program; `internal`: damaged. Makes words
  /// and tags anew, which takes long, if reindex() was interrupted or an older
  /// program made them by other rules.
  static caf::expected<std::unique_ptr<package_store>>
  open(package_store_options options);
  ~package_store();
  package_store(const package_store&) = delete;
  package_store& operator=(const package_store&) = delete;

  // -- reads ------------------------------------------------------------------

  /// The document of that version; without one, of the highest release, or, if
  /// there is none, of the highest version.
  caf::expected<package_lookup> get(std::string_view ecosystem,
                                    std::string_view name,
                                    std::string_view version = {}) const;
  /// The versions kept, the one answered without a version first.
  caf::expected<std::vector<std::string>> versions(std::string_view ecosystem,
                                                   std::string_view name) const;
  /// Packages by (ecosystem, name) in byte order, of one ecosystem or, if it is
  /// empty, of all. `after`: "ecosystem/name", as `next` of the page before. A
  /// page has at most 1,000 items and about 256 KiB.
  caf::expected<package_page> list(std::string_view ecosystem,
                                   std::uint32_t limit,
                                   std::string_view after) const;
  /// The best first; a package whose name is the query is always first. At most
  /// 100 hits at once.
  caf::expected<package_results> search(const package_query& query) const;
  /// Packages with the tags, by (ecosystem, name). Keywords count as tags, and
  /// neither case nor the spaces around matter.
  caf::expected<package_page>
  search_by_tags(const package_tag_query& query) const;
  /// Of the version answered without one, in their order; `kind` empty: all.
  /// `not_found`: no such package.
  caf::expected<std::vector<package_snippet>>
  snippets(std::string_view ecosystem, std::string_view name,
           std::string_view kind = {}) const;
  caf::expected<package_store_stats> stats() const;
  /// Every package, the removed ones that are remembered too, by (ecosystem,
  /// name) in byte order; pages as those of list(). Without what is damaged.
  caf::expected<package_revision_page>
  revisions(std::uint32_t limit, const std::optional<package_key>& after) const;

  // -- writes -----------------------------------------------------------------

  /// Whether it takes that revision from another node.
  bool believes(std::int64_t revision) const;

  /// Keeps a document that this node accepted. The very bytes that are kept
  /// already are not written again.
  caf::expected<package_written> store(std::string_view document);
  /// The same for what was fetched elsewhere since get() answered `seen` as the
  /// package's revision: not applied if the package was removed after that.
  caf::expected<package_written> fill(std::string_view document,
                                      std::int64_t seen);
  /// The same for many in one synced write: for imports. Each has its own
  /// outcome; one that is refused undoes no other.
  caf::expected<std::vector<caf::expected<package_written>>>
  store_many(std::span<const std::string> documents);
  /// Removes all versions. Kept, and told to the other nodes, also if there are
  /// none here.
  caf::expected<package_written> remove(std::string_view ecosystem,
                                        std::string_view name);

  /// Writes that other nodes accepted, idempotent and in any order, as one
  /// synced write, with the position in the change log if they came from there:
  /// what a lower tier had moves no position. Each has its own outcome, in
  /// order. The position is not kept if any of them failed as `unavailable`.
  caf::expected<std::vector<caf::expected<package_written>>>
  apply_many(std::span<const package_update> updates,
             const std::optional<package_log_position>& position);

  // -- the change log ---------------------------------------------------------

  caf::expected<package_log_position> position() const;
  caf::expected<void> set_position(const package_log_position& position);
  /// Up to `limit` writes accepted here and not yet marked published.
  caf::expected<std::vector<package_change>>
  pending_changes(std::uint32_t limit) const;
  /// Not pending any more, unless written again meanwhile. Not synced: at worst
  /// a change is published twice.
  caf::expected<void> mark_published(std::span<const package_change> changes);

  // -- what collectors remember of a registry ---------------------------------

  /// Whatever was put last for that package (validators, when it was asked
  /// for, that it does not exist), or nothing. Goes with the package when it is
  /// removed. Not synced: to lose it costs one request.
  caf::expected<std::optional<std::string>>
  collector_state(std::string_view ecosystem, std::string_view name) const;
  caf::expected<void> put_collector_state(std::string_view ecosystem,
                                          std::string_view name,
                                          std::string_view state);

  // -- care -------------------------------------------------------------------

  /// Forgets removals older than the retention; how many.
  caf::expected<std::uint64_t> sweep();
  /// Reads everything and compares records, words, tags, snippets and counters,
  /// each with each.
  caf::expected<package_check>
  check(const package_progress& progress = {}) const;
  /// Makes words, tags, snippets and counters anew from the records.
  caf::expected<void> reindex(const package_progress& progress = {});
  /// A copy that can be opened, of this moment, in a directory that does not
  /// exist yet; files are linked where the file system can.
  caf::expected<void> backup(const std::string& directory) const;
  /// Puts a backup where a store was or will be; that store must not be open,
  /// and is kept beside it under the name `to` + ".replaced".
  static caf::expected<void> restore(const std::string& backup,
                                     const std::string& to);

 private:
  friend class package_batch;
  friend class package_checker;
  struct parts;
  class many_writes;
  explicit package_store(std::unique_ptr<parts> p);
  std::unique_ptr<parts> parts_;
};

}  // namespace larder
