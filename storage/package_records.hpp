// How the package store's keys and values are laid out. Used by the files of
// package_store alone.
//
// "·" is a byte 00, which neither an ecosystem nor a name, a version or a tag
// holds. Numbers are big-endian. Three column families beside those of the
// search index:
//
// documents
//   ecosystem·name            the version answered when none is asked for, or
//                             that the package was removed
//   ecosystem·name·version    every other version
//     value: the JSON as it came, and a trailer (document_meta). It is at the
//     end so that a get takes one read and moves no bytes.
// summaries
//   ecosystem·name            a package's line in lists (summary_record)
// details
//   c ecosystem·name          what a collector remembers of the registry
//   m format                  "1"
//   m log                     u64 sequence, u64 when the log was made, message
//                             id
//   m rules                   by which summaries, tags and words were made
//   m unfinished              nothing; while a reindex is under way
//   n ecosystem               counters (ecosystem_counters)
//   o ecosystem·name·version  an accepted put that is not published: revision
//   o ecosystem·name 01       an accepted removal that is not published
//   s ecosystem·name·u32      the n-th snippet of the version answered
//   t tag·ecosystem·name      nothing; the tags of the version answered
//   x u64 ecosystem·name      nothing; the package was removed at that revision
//
// Thread rule: values, no state.
#pragma once

#include "storage/package_store.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::package_records {

enum family : std::size_t { documents, summaries, details, first_of_search };

// -- keys
// -----------------------------------------------------------------------

std::string head_key(std::string_view ecosystem, std::string_view name);
inline std::string head_key(const package_key& k) {
  return head_key(k.ecosystem, k.name);
}
std::string version_key(std::string_view head, std::string_view version);
/// What all of version_key() begin with.
std::string versions_prefix(std::string_view head);
/// A head key's parts; nothing if it is none.
std::optional<package_key> parse_head(std::string_view head);

std::string collector_key(std::string_view head);
std::string counters_key(std::string_view ecosystem);
std::string snippet_key(std::string_view head, std::uint32_t number);
std::string tag_prefix(std::string_view tag);
std::string tag_key(std::string_view tag, std::string_view head);
std::string removal_key(std::int64_t revision, std::string_view head);
std::string pending_put_key(std::string_view head, std::string_view version);
std::string pending_removal_key(std::string_view head);
inline constexpr std::string_view format_key = "mformat";
inline constexpr std::string_view log_key = "mlog";
/// What is written under format_key.
inline constexpr std::string_view format = "1";
inline constexpr std::string_view rules_key = "mrules";
/// Raise it whenever a document gets other summaries, tags, snippets or words
/// than before: stores are indexed anew then.
inline constexpr std::string_view rules = "1";
/// Under what reindex() notes that it is not finished.
inline constexpr std::string_view unfinished_key = "munfinished";

/// "ecosystem/name", as pages name their last item, as a head key; empty stays
/// empty. Nothing if it is none.
std::optional<std::string> parse_after(std::string_view after);

// -- values
// ---------------------------------------------------------------------

struct document_meta {
  /// false: removed; there is no document.
  bool present = false;
  std::int64_t revision = 0;
  std::int64_t stored_at = 0;
  /// Of a head: the newest removal, also if the package was stored again: what
  /// is not newer than that is not taken. 0: never.
  std::int64_t removed = 0;
  std::string version;
};

/// Appends the trailer to the JSON.
void append_meta(std::string& value, const document_meta& meta);
/// Takes the trailer off the value; nothing, and the value as it was, if it is
/// damaged.
std::optional<document_meta> take_meta(std::string& value);
/// How much append_meta() appended.
std::size_t trailer_bytes(const document_meta& meta);
/// Reads the trailer alone.
std::optional<document_meta> read_meta(std::string_view value);

struct summary_record {
  std::string version;
  std::string description;
  std::string deprecated;
  std::int64_t revision = 0;
  std::uint64_t bytes = 0;
  std::uint32_t versions = 0;
  std::uint32_t snippets = 0;
  /// As keys have them; sorted, each once.
  std::vector<std::string> tags;
  bool operator==(const summary_record&) const = default;
};

std::string encode(const summary_record& s);
std::optional<summary_record> decode_summary(std::string_view value);

std::string encode(const package_snippet& s);
std::optional<package_snippet> decode_snippet(std::string_view value);

struct ecosystem_counters {
  std::int64_t packages = 0;
  std::int64_t versions = 0;
  std::int64_t snippets = 0;
  std::int64_t bytes = 0;
  bool operator==(const ecosystem_counters&) const = default;
  ecosystem_counters& operator+=(const ecosystem_counters& by);
};

std::string encode(const ecosystem_counters& c);
std::optional<ecosystem_counters> decode_counters(std::string_view value);

std::string encode(const package_log_position& p);
std::optional<package_log_position> decode_position(std::string_view value);

std::string encode_revision(std::int64_t revision);
std::optional<std::int64_t> decode_revision(std::string_view value);

// -- what a document says to them
// -----------------------------------------------

/// A tag as keys have it: ASCII in lower case, no spaces around. Empty: it
/// cannot be one (empty, over 128 bytes, control characters).
std::string plain_tag(std::string_view tag);
/// Of tags and keywords; sorted, each once.
std::vector<std::string> tags_of(const package& p);
summary_record summary_of(const package& p, std::size_t bytes,
                          std::int64_t revision, std::uint32_t versions);
package_summary to_summary(package_key key, summary_record record);

}  // namespace larder::package_records
