#include "storage/rocks_database.hpp"

#include "storage/ordered_key.hpp"
#include "storage/rocks_engine.hpp"

#include <rocksdb/utilities/checkpoint.h>

#include <utility>

namespace larder {

using rocksdb::Slice;
using rocksdb::Status;

// -- batches, snapshots, cursors
// ------------------------------------------------

/// Families by number, as the caller knows them: the database that writes the
/// batch has the handles.
struct rocks_batch::changes {
  struct change {
    enum { put, erase, erase_range } what;
    rocks_family family;
    std::size_t key_bytes;
    std::size_t value_bytes;
  };
  std::vector<change> list;
  /// Key, value, key, value …
  std::string text;

  void add(decltype(change::what) what, rocks_family family,
           std::string_view key, std::string_view value) {
    list.push_back({what, family, key.size(), value.size()});
    text.append(key).append(value);
  }
};

rocks_batch::rocks_batch() : changes_{std::make_unique<changes>()} {}
rocks_batch::~rocks_batch() = default;
rocks_batch::rocks_batch(rocks_batch&&) noexcept = default;
rocks_batch& rocks_batch::operator=(rocks_batch&&) noexcept = default;

void rocks_batch::put(rocks_family family, std::string_view key,
                      std::string_view value) {
  changes_->add(changes::change::put, family, key, value);
}

void rocks_batch::erase(rocks_family family, std::string_view key) {
  changes_->add(changes::change::erase, family, key, {});
}

void rocks_batch::erase_range(rocks_family family, std::string_view begin,
                              std::string_view end) {
  changes_->add(changes::change::erase_range, family, begin, end);
}

void rocks_batch::append(const rocks_batch& other) {
  auto& more = *other.changes_;
  changes_->list.insert(changes_->list.end(), more.list.begin(),
                        more.list.end());
  changes_->text += more.text;
}

void rocks_batch::clear() {
  changes_->list.clear();
  changes_->text.clear();
}

bool rocks_batch::empty() const {
  return changes_->list.empty();
}

std::size_t rocks_batch::bytes() const {
  return changes_->text.size() + 8 * changes_->list.size();
}

struct rocks_snapshot::moment {
  rocksdb::DB* db;
  const rocksdb::Snapshot* at;
  ~moment() { db->ReleaseSnapshot(at); }
};

rocks_snapshot::rocks_snapshot(std::unique_ptr<moment> m)
    : moment_{std::move(m)} {}
rocks_snapshot::~rocks_snapshot() = default;
rocks_snapshot::rocks_snapshot(rocks_snapshot&&) noexcept = default;
rocks_snapshot& rocks_snapshot::operator=(rocks_snapshot&&) noexcept = default;

struct rocks_cursor::place {
  std::unique_ptr<rocksdb::Iterator> at;
  const std::string& directory;
};

rocks_cursor::rocks_cursor(std::unique_ptr<place> p) : place_{std::move(p)} {}
rocks_cursor::~rocks_cursor() = default;
rocks_cursor::rocks_cursor(rocks_cursor&&) noexcept = default;
rocks_cursor& rocks_cursor::operator=(rocks_cursor&&) noexcept = default;

bool rocks_cursor::seek(std::string_view key) {
  place_->at->Seek(slice(key));
  return place_->at->Valid();
}

bool rocks_cursor::next() {
  place_->at->Next();
  return place_->at->Valid();
}

bool rocks_cursor::seek_last(std::string_view end) {
  if (end.empty()) {
    place_->at->SeekToLast();
  } else {
    place_->at->SeekForPrev(slice(end));
    if (place_->at->Valid() && view(place_->at->key()) == end)
      place_->at->Prev();
  }
  return place_->at->Valid();
}

std::string_view rocks_cursor::key() const {
  return view(place_->at->key());
}

std::string_view rocks_cursor::value() const {
  return view(place_->at->value());
}

caf::error rocks_cursor::failed() const {
  auto status = place_->at->status();
  return status.ok() ? caf::error{}
                     : rocks_failure(place_->directory, "reading", status);
}

// -- the database
// ---------------------------------------------------------------

struct rocks_snapshot::reads {
  static rocksdb::ReadOptions at(const rocks_snapshot* snapshot) {
    rocksdb::ReadOptions options;
    options.snapshot = snapshot == nullptr ? nullptr : snapshot->moment_->at;
    return options;
  }
};

caf::expected<bool> rocks_database::get(rocks_family family,
                                        std::string_view key,
                                        std::string& value,
                                        const rocks_snapshot* at) const {
  rocksdb::PinnableSlice found{&value};
  auto status = open_->db->Get(rocks_snapshot::reads::at(at),
                               open_->families[family], slice(key), &found);
  if (status.IsNotFound())
    return false;
  if (!status.ok())
    return rocks_failure(directory_, "reading", status);
  if (found.IsPinned())
    value.assign(found.data(), found.size());
  return true;
}

caf::expected<std::vector<bool>> rocks_database::multi_get(
    rocks_family family, std::span<const std::string> keys,
    std::vector<std::string>& values, const rocks_snapshot* at) const {
  std::vector<Slice> wanted;
  wanted.reserve(keys.size());
  for (auto& key : keys)
    wanted.push_back(slice(key));
  std::vector<rocksdb::PinnableSlice> read(keys.size());
  std::vector<Status> statuses(keys.size());
  open_->db->MultiGet(rocks_snapshot::reads::at(at), open_->families[family],
                      keys.size(), wanted.data(), read.data(), statuses.data());
  values.resize(keys.size());
  std::vector<bool> found(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (!statuses[i].ok() && !statuses[i].IsNotFound())
      return rocks_failure(directory_, "reading", statuses[i]);
    found[i] = statuses[i].ok();
    if (found[i])
      values[i].assign(read[i].data(), read[i].size());
  }
  return found;
}

caf::expected<void> rocks_database::write(const rocks_batch& batch,
                                          rocks_write how) {
  if (auto ok = room_to_write(); !ok)
    return ok;
  rocksdb::WriteBatch changes{batch.bytes()};
  std::string_view rest{batch.changes_->text};
  auto take = [&](std::size_t bytes) {
    auto taken = rest.substr(0, bytes);
    rest.remove_prefix(bytes);
    return slice(taken);
  };
  using change = rocks_batch::changes::change;
  for (auto& c : batch.changes_->list) {
    auto* family = open_->families[c.family];
    auto key = take(c.key_bytes);
    auto value = take(c.value_bytes);
    auto added = c.what == change::put ? changes.Put(family, key, value)
                 : c.what == change::erase
                     ? changes.Delete(family, key)
                     : changes.DeleteRange(family, key, value);
    if (!added.ok())
      return rocks_failure(directory_, "writing to", added);
  }
  rocksdb::WriteOptions options;
  options.sync = how == rocks_write::durable;
  auto status = open_->db->Write(options, &changes);
  // An error of the background stops all writes until somebody says go on.
  if (!status.ok() && open_->may_resume() && open_->db->Resume().ok())
    status = open_->db->Write(options, &changes);
  if (!status.ok())
    return rocks_failure(directory_, "writing to", status);
  return {};
}

caf::expected<void> rocks_database::each(rocks_family family,
                                         std::string_view begin,
                                         std::string_view end,
                                         const visitor& visit,
                                         const rocks_snapshot* at) const {
  auto options = rocks_snapshot::reads::at(at);
  auto bound = slice(end);
  if (!end.empty())
    options.iterate_upper_bound = &bound;
  std::unique_ptr<rocksdb::Iterator> place{
      open_->db->NewIterator(options, open_->families[family])};
  for (place->Seek(slice(begin)); place->Valid(); place->Next())
    if (!visit(view(place->key()), view(place->value())))
      return {};
  if (!place->status().ok())
    return rocks_failure(directory_, "reading", place->status());
  return {};
}

caf::expected<void>
rocks_database::each_prefix(rocks_family family, std::string_view prefix,
                            const visitor& visit,
                            const rocks_snapshot* at) const {
  return each(family, prefix, ordered_key::end_of_prefix(prefix), visit, at);
}

rocks_cursor rocks_database::cursor(rocks_family family,
                                    const rocks_snapshot* at) const {
  auto place = std::unique_ptr<rocksdb::Iterator>{open_->db->NewIterator(
      rocks_snapshot::reads::at(at), open_->families[family])};
  return rocks_cursor{std::unique_ptr<rocks_cursor::place>{
      new rocks_cursor::place{std::move(place), directory_}}};
}

rocks_snapshot rocks_database::snapshot() const {
  auto* db = open_->db.get();
  return rocks_snapshot{std::unique_ptr<rocks_snapshot::moment>{
      new rocks_snapshot::moment{db, db->GetSnapshot()}}};
}

caf::expected<void> rocks_database::checkpoint(const std::string& directory) {
  rocksdb::Checkpoint* made = nullptr;
  auto status = rocksdb::Checkpoint::Create(open_->db.get(), &made);
  std::unique_ptr<rocksdb::Checkpoint> copy{made};
  if (status.ok())
    status = copy->CreateCheckpoint(directory);
  if (!status.ok())
    return rocks_failure(directory_, "copying to " + directory + " what is in",
                         status);
  return {};
}

caf::expected<void> rocks_database::verify() const {
  auto status = open_->db->VerifyChecksum();
  if (!status.ok())
    return rocks_failure(directory_, "verifying", status);
  return {};
}

caf::expected<void> rocks_database::flush() {
  auto status = open_->db->Flush({}, open_->families);
  if (!status.ok())
    return rocks_failure(directory_, "writing to", status);
  return {};
}

caf::expected<void> rocks_database::compact() {
  rocksdb::CompactRangeOptions all;
  all.bottommost_level_compaction =
      rocksdb::BottommostLevelCompaction::kForceOptimized;
  for (auto* family : open_->families)
    if (auto status = open_->db->CompactRange(all, family, nullptr, nullptr);
        !status.ok())
      return rocks_failure(directory_, "compacting", status);
  return {};
}

rocks_sizes rocks_database::sizes(rocks_family family) const {
  auto number = [&](const std::string& property) {
    std::uint64_t value = 0;
    open_->db->GetIntProperty(open_->families[family], property, &value);
    return value;
  };
  using names = rocksdb::DB::Properties;
  return {number(names::kTotalSstFilesSize),
          number(names::kCurSizeAllMemTables), number(names::kEstimateNumKeys)};
}

std::uint64_t rocks_database::approximate_bytes(rocks_family family,
                                                std::string_view begin,
                                                std::string_view end) const {
  rocksdb::Range range{slice(begin), slice(end)};
  rocksdb::SizeApproximationOptions options;
  options.include_memtables = true;
  std::uint64_t bytes = 0;
  open_->db
      ->GetApproximateSizes(options, open_->families[family], &range, 1, &bytes)
      .PermitUncheckedError();
  return bytes;
}

}  // namespace larder
