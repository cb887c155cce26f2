// Compares all that a package store holds with what its documents say it must
// hold. Used by package_store::check alone.
//
// Thread rule: one thread; sees the store as it was at one moment.
#pragma once

#include "storage/package_store_parts.hpp"

#include <map>
#include <string>
#include <string_view>

namespace larder {

class package_checker {
 public:
  explicit package_checker(const package_store::parts& store);

  caf::expected<package_check> run(const package_progress& progress);

 private:
  /// From each document to what follows from it …
  caf::expected<void> forwards(const package_progress& progress);
  caf::expected<void> check_head(const std::string& head,
                                 std::string_view value);
  caf::expected<void> check_version(const std::string& head,
                                    std::string_view version,
                                    std::string_view value);
  caf::expected<void> close_package();
  caf::expected<void> check_live(const package& p);
  /// … and from that back to a document.
  caf::expected<void> backwards();
  caf::expected<void> check_detail(std::string_view key,
                                   std::string_view value);

  void wrong(std::string_view head, const std::string& what);

  const package_store::parts& store_;
  rocks_snapshot at_;
  search_check words_;
  package_check found_;
  std::map<std::string, package_records::ecosystem_counters> counts_;
  /// The package whose records are being read.
  std::string head_;
  package_records::document_meta meta_;
  std::string json_;
  std::uint32_t others_ = 0;
  bool readable_ = false;
};

}  // namespace larder
