// Opening: how RocksDB is set up, what may stand in the way, and what its
// statuses mean to us.
#include "storage/error.hpp"
#include "storage/rocks_engine.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <spdlog/spdlog.h>

#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

namespace larder {

namespace {

namespace fs = std::filesystem;
using rocksdb::Status;

std::string mebibytes(std::uint64_t bytes) {
  return std::to_string(bytes) + " bytes (" + std::to_string(bytes >> 20)
         + " MiB)";
}

/// Free to us on the file system where `path` is or will be.
caf::expected<std::uint64_t> free_bytes(const std::string& path) {
  std::error_code ignored;
  auto there = fs::absolute(path, ignored);
  while (!fs::exists(there, ignored) && there.has_relative_path())
    there = there.parent_path();
  struct statvfs about {};
  if (::statvfs(there.c_str(), &about) != 0)
    return fail(ec::unavailable, "cannot tell how much space is free at "
                                     + there.string() + ": "
                                     + std::strerror(errno));
  return std::uint64_t{about.f_bavail} * about.f_frsize;
}

caf::expected<void> room(const std::string& path, std::uint64_t needed,
                         std::string_view to_do_what) {
  if (needed == 0)
    return {};
  auto free = free_bytes(path);
  if (!free)
    return std::move(free.error());
  if (*free >= needed)
    return {};
  return fail(ec::unavailable,
              "no space: " + std::string{to_do_what} + " " + path + " needs "
                  + mebibytes(needed) + " free on its file system, and only "
                  + mebibytes(*free) + " are; make space there");
}

/// Why the database did not open.
caf::error refusal(const std::string& directory, const Status& status) {
  auto text = status.ToString();
  auto says = [&](const char* words) {
    return text.find(words) != std::string::npos;
  };
  if (status.IsIOError()
      && (says("lock hold by current process") || says("While lock file")))
    return fail(ec::unavailable,
                directory
                    + " is open already: a Larder node or command holds "
                      "its lock; stop that one, or give this one a "
                      "directory of its own");
  if (says("Permission denied"))
    return fail(ec::configuration,
                "no right to open the store at " + directory + ": " + text);
  return rocks_failure(directory, "opening", status);
}

// What RocksDB complains of, in the node's log. A file of its own, as usual,
// would stand beside the data: where that disk is full, Debian's build, whose
// assertions are on, ends the process over the file's second failed write.
class complaints : public rocksdb::Logger {
 public:
  complaints() : Logger(rocksdb::WARN_LEVEL) {}

  void Logv(const char* format, va_list arguments) override {
    Logv(rocksdb::WARN_LEVEL, format, arguments);
  }
  void Logv(rocksdb::InfoLogLevel level, const char* format,
            va_list arguments) override {
    if (level < GetInfoLogLevel() || level > rocksdb::FATAL_LEVEL)
      return;
    std::array<char, 512> text;
    std::vsnprintf(text.data(), text.size(), format, arguments);
    spdlog::log(level == rocksdb::WARN_LEVEL ? spdlog::level::debug
                                             : spdlog::level::warn,
                "rocksdb: {}", text.data());
  }
};

rocksdb::Options engine_options(const rocks_options& wanted) {
  rocksdb::Options options;
  options.create_if_missing = wanted.create_if_missing;
  options.create_missing_column_families = true;
  options.max_background_jobs = 2;
  options.max_open_files = 512;
  options.write_buffer_size = wanted.write_buffer_bytes;
  options.max_write_buffer_number = 2;
  options.max_total_wal_size = 4 * wanted.write_buffer_bytes;
  options.info_log = std::make_shared<complaints>();
  options.compression = rocksdb::kLZ4Compression;
  options.bottommost_compression = rocksdb::kZSTD;
  return options;
}

rocksdb::ColumnFamilyOptions
family_options(const rocksdb::Options& all,
               const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options{all};
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = 8 << 10;
  table.format_version = 5;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.cache_index_and_filter_blocks = true;
  // In the cache, so that they count there, and never looked up there.
  table.metadata_cache_options.unpartitioned_pinning =
      rocksdb::PinningTier::kAll;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace

caf::error rocks_failure(const std::string& directory, std::string_view doing,
                         const Status& status) {
  auto said = std::string{doing} + " " + directory + ": " + status.ToString();
  if (status.IsNoSpace())
    return fail(ec::unavailable, "no space: " + said
                                     + "; make space on its file system, "
                                       "writes go on by themselves then");
  if (status.IsIOError() || status.IsTimedOut() || status.IsBusy()
      || status.IsTryAgain() || status.IsIncomplete()
      || status.IsShutdownInProgress()
      || status.severity() >= Status::kHardError)
    return fail(ec::unavailable, said);
  if (status.IsCorruption())
    return fail(ec::internal, said
                                  + "; the store is damaged there: restore a "
                                    "backup, or remove it and fill it again");
  return fail(ec::internal, said);
}

rocks_database::handles::~handles() {
  if (!db)
    return;
  // What was not synced is in the log still; a full disk is no news here.
  db->SyncWAL().PermitUncheckedError();
  for (auto* family : families)
    db->DestroyColumnFamilyHandle(family).PermitUncheckedError();
  if (unused != nullptr)
    db->DestroyColumnFamilyHandle(unused).PermitUncheckedError();
  db->Close().PermitUncheckedError();
}

bool rocks_database::handles::may_resume() {
  auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                 std::chrono::steady_clock::now().time_since_epoch())
                 .count();
  auto last = resumed.load();
  return now - last >= 1000 && resumed.compare_exchange_strong(last, now);
}

rocks_database::rocks_database(std::string directory, rocks_options options,
                               std::unique_ptr<handles> open)
    : directory_{std::move(directory)}, options_{std::move(options)},
      open_{std::move(open)} {}

rocks_database::~rocks_database() = default;

caf::expected<std::unique_ptr<rocks_database>>
rocks_database::open(std::string directory, rocks_options options) {
  if (auto ok = room(directory, options.least_free_bytes, "opening"); !ok)
    return std::move(ok.error());
  std::error_code made;
  if (!options.create_if_missing && !fs::exists(directory + "/CURRENT", made))
    return fail(ec::configuration, "there is no store at " + directory);
  if (options.create_if_missing && !fs::create_directories(directory, made)
      && made)
    return fail(ec::configuration,
                "cannot make " + directory + ": " + made.message());

  auto engine = engine_options(options);
  auto known = options.families;
  known.push_back(rocksdb::kDefaultColumnFamilyName);
  std::vector<std::string> there;
  if (rocksdb::DB::ListColumnFamilies(engine, directory, &there).ok())
    for (auto& name : there)
      if (std::find(known.begin(), known.end(), name) == known.end())
        return fail(ec::configuration,
                    directory + " holds \"" + name
                        + "\", which this program does not know: it was "
                          "written by a newer one, or is no store of its kind");

  auto cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (auto& name : known)
    families.emplace_back(name, family_options(engine, cache));
  auto opened = std::make_unique<handles>();
  rocksdb::DB* db = nullptr;
  auto status =
      rocksdb::DB::Open(engine, directory, families, &opened->families, &db);
  if (!status.ok())
    return refusal(directory, status);
  opened->db.reset(db);
  opened->unused = opened->families.back();
  opened->families.pop_back();
  return std::unique_ptr<rocks_database>{new rocks_database{
      std::move(directory), std::move(options), std::move(opened)}};
}

caf::expected<void> rocks_database::room_to_write() const {
  return room(directory_, options_.reserve_bytes, "writing to");
}

}  // namespace larder
