// One RocksDB on disk: ordered keys in column families, batches that are
// written whole or not at all, snapshots, checkpoints. RocksDB's own headers
// stay in storage/rocks_*. Used by the package store, the search index and
// the embedded store, each with families of its own.
//
// Thread rule: the calls block, so they are made from detached actors. A
// database serves any number of threads at once; a batch, a cursor and a
// snapshot serve one thread at a time and must not outlive their database.
//
// Failures, all of them sentences that name the path: `unavailable` (the disk
// failed or is full, or another process holds the database), `internal` (what
// was read is damaged, or a call is not one that RocksDB takes),
// `configuration` (at opening: no database there and none wanted, no right to
// it, or its families are not ours). No call throws.
#pragma once

#include <caf/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

class rocks_database;

/// Which column family: its place in rocks_options::families.
using rocks_family = std::size_t;

struct rocks_options {
  /// Their names. Those that do not exist yet are made; one on disk that is
  /// not named here fails the opening with `configuration`.
  std::vector<std::string> families;
  /// Uncompressed blocks kept in memory, one cache for all families.
  std::size_t block_cache_bytes = std::size_t{32} << 20;
  /// What a family gathers in memory before it goes to disk.
  std::size_t write_buffer_bytes = std::size_t{16} << 20;
  /// Opening needs as much on the file system: RocksDB, as Debian builds it,
  /// ends the process when it opens a database on a full one.
  std::uint64_t least_free_bytes = std::uint64_t{128} << 20;
  /// A write needs as much, so that RocksDB's own files find their place and
  /// it never comes to the errors that take it seconds to recover from.
  std::uint64_t reserve_bytes = std::uint64_t{64} << 20;
  bool create_if_missing = true;
};

/// Changes that become visible and durable together.
class rocks_batch {
 public:
  rocks_batch();
  ~rocks_batch();
  rocks_batch(rocks_batch&&) noexcept;
  rocks_batch& operator=(rocks_batch&&) noexcept;

  void put(rocks_family family, std::string_view key, std::string_view value);
  /// No such key: no failure.
  void erase(rocks_family family, std::string_view key);
  /// From `begin` up to, not including, `end`.
  void erase_range(rocks_family family, std::string_view begin,
                   std::string_view end);
  /// All changes of `other`, behind those that are here.
  void append(const rocks_batch& other);
  void clear();
  bool empty() const;
  /// About what it will take in the log.
  std::size_t bytes() const;

 private:
  friend class rocks_database;
  struct changes;
  std::unique_ptr<changes> changes_;
};

/// The database as it was at one moment.
class rocks_snapshot {
 public:
  ~rocks_snapshot();
  rocks_snapshot(rocks_snapshot&&) noexcept;
  rocks_snapshot& operator=(rocks_snapshot&&) noexcept;

 private:
  friend class rocks_database;
  struct moment;
  struct reads;
  explicit rocks_snapshot(std::unique_ptr<moment> m);
  std::unique_ptr<moment> moment_;
};

/// A place in the order of a family's keys; sees the database as it was when
/// the cursor was made.
class rocks_cursor {
 public:
  ~rocks_cursor();
  rocks_cursor(rocks_cursor&&) noexcept;
  rocks_cursor& operator=(rocks_cursor&&) noexcept;

  /// To the first key that is not before `key`. False: there is none, or
  /// failed(); the same for next() and seek_last().
  bool seek(std::string_view key);
  bool next();
  /// To the last key that is before `end` (empty: the last of all).
  bool seek_last(std::string_view end = {});

  /// Valid until the cursor moves; only after a call that returned true.
  std::string_view key() const;
  std::string_view value() const;

  /// Why a call returned false, if not because there is no such key.
  caf::error failed() const;

 private:
  friend class rocks_database;
  struct place;
  explicit rocks_cursor(std::unique_ptr<place> p);
  std::unique_ptr<place> place_;
};

enum class rocks_write {
  /// Survives a power cut when write() returns.
  durable,
  /// Survives the process, not a power cut. For what can be made again.
  fast,
};

struct rocks_sizes {
  /// On disk, without the log.
  std::uint64_t disk_bytes = 0;
  /// In memory, not on disk yet except in the log.
  std::uint64_t memory_bytes = 0;
  /// RocksDB's own estimate.
  std::uint64_t keys = 0;
};

class rocks_database {
 public:
  /// Opens `directory`, and makes it with its parents if it may. Too little
  /// space is `unavailable`, with the bytes free and needed; so is a database
  /// that is open already, in this process or another.
  static caf::expected<std::unique_ptr<rocks_database>>
  open(std::string directory, rocks_options options);

  /// Everything acknowledged with rocks_write::fast too is on disk after it,
  /// unless the disk fails.
  ~rocks_database();
  rocks_database(const rocks_database&) = delete;
  rocks_database& operator=(const rocks_database&) = delete;

  /// True and the value, or false and `value` as it was: there is no such key.
  /// `value` keeps its capacity from call to call.
  caf::expected<bool> get(rocks_family family, std::string_view key,
                          std::string& value,
                          const rocks_snapshot* at = nullptr) const;

  /// All keys at one moment. `found[i]` says whether `values[i]` is one.
  caf::expected<std::vector<bool>>
  multi_get(rocks_family family, std::span<const std::string> keys,
            std::vector<std::string>& values,
            const rocks_snapshot* at = nullptr) const;

  /// All of `batch` or nothing. Fails with `unavailable` when the disk is full
  /// (the sentence says so; reads go on, and writes do as soon as there is
  /// space) or broken. After a failure in the middle of writing, the outcome
  /// is unknown only if the process or the machine ends before the next write
  /// that succeeds; the batch is kept, so the caller may write it again.
  caf::expected<void> write(const rocks_batch& batch,
                            rocks_write how = rocks_write::durable);

  using visitor =
      std::function<bool(std::string_view key, std::string_view value)>;

  /// Visits keys from `begin` up to, not including, `end` (empty: to the last)
  /// in byte order, all as of one moment, until `visit` returns false. The
  /// views live as long as the call of `visit`.
  caf::expected<void> each(rocks_family family, std::string_view begin,
                           std::string_view end, const visitor& visit,
                           const rocks_snapshot* at = nullptr) const;
  /// The same for all keys that begin with `prefix`.
  caf::expected<void> each_prefix(rocks_family family, std::string_view prefix,
                                  const visitor& visit,
                                  const rocks_snapshot* at = nullptr) const;

  rocks_cursor cursor(rocks_family family,
                      const rocks_snapshot* at = nullptr) const;
  rocks_snapshot snapshot() const;

  /// A whole copy in `directory`, which must not exist yet and whose parent
  /// must: hard links where it is on the same file system. Opens like any
  /// other database. The database may be read and written meanwhile.
  caf::expected<void> checkpoint(const std::string& directory);

  /// Reads everything on disk and verifies its checksums; `internal` names the
  /// damaged file.
  caf::expected<void> verify() const;

  /// What is gathered in memory goes to disk.
  caf::expected<void> flush();
  /// Leaves no deleted or overwritten key on disk; takes long.
  caf::expected<void> compact();

  /// Of one family; of keys from `begin` to `end` RocksDB's approximation.
  rocks_sizes sizes(rocks_family family) const;
  std::uint64_t approximate_bytes(rocks_family family, std::string_view begin,
                                  std::string_view end) const;

  const std::string& directory() const { return directory_; }

 private:
  struct handles;
  rocks_database(std::string directory, rocks_options options,
                 std::unique_ptr<handles> open);
  caf::expected<void> room_to_write() const;

  std::string directory_;
  rocks_options options_;
  std::unique_ptr<handles> open_;
};

}  // namespace larder
