// What the files of rocks_database share, and nobody else sees: RocksDB's own
// types. The only header with RocksDB's headers in it.
//
// Thread rule: rocks_database.hpp tells it.
#pragma once

#include "storage/rocks_database.hpp"

#include <rocksdb/db.h>

#include <atomic>
#include <memory>
#include <string_view>
#include <vector>

namespace larder {

inline rocksdb::Slice slice(std::string_view text) {
  return {text.data(), text.size()};
}

inline std::string_view view(const rocksdb::Slice& s) {
  return {s.data(), s.size()};
}

/// The error for a status that is not ok.
caf::error rocks_failure(const std::string& directory, std::string_view doing,
                         const rocksdb::Status& status);

struct rocks_database::handles {
  std::unique_ptr<rocksdb::DB> db;
  /// In the order of rocks_options::families; "default" is not among them.
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  rocksdb::ColumnFamilyHandle* unused = nullptr;
  /// When a broken database was last asked to go on, in milliseconds.
  std::atomic<std::int64_t> resumed{0};

  ~handles();

  /// Once a second at most: every attempt writes.
  bool may_resume();
};

}  // namespace larder
