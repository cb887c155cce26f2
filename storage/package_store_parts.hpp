// What the files of package_store share: the database, and what is read from
// it for more than one of them.
//
// Thread rule: as package_store.hpp has it.
#pragma once

#include "storage/package_records.hpp"
#include "storage/package_store.hpp"
#include "storage/rocks_database.hpp"
#include "storage/search_index.hpp"

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace larder {

/// What is kept under a head's or a version's key.
struct kept_document {
  std::string json;
  package_records::document_meta meta;
};

struct package_store::parts {
  parts(package_store_options o, std::unique_ptr<rocks_database> d)
      : options(std::move(o)), db(std::move(d)),
        index(*db, package_records::first_of_search, {}) {}

  package_store_options options;
  std::unique_ptr<rocks_database> db;
  search_index index;

  std::int64_t now() const { return options.clock(); }
  rocks_write how() const {
    return options.sync ? rocks_write::durable : rocks_write::fast;
  }

  /// Nothing under that key: nothing. Damaged: `internal`.
  caf::expected<std::optional<kept_document>>
  document(std::string_view key, const rocks_snapshot* at = nullptr) const;
  caf::expected<std::optional<package_records::summary_record>>
  summary(std::string_view head, const rocks_snapshot* at = nullptr) const;
  caf::expected<std::optional<std::string>>
  detail(std::string_view key, const rocks_snapshot* at = nullptr) const;
};

namespace package_records {

/// With the sentence that tells what to do.
caf::error damaged(std::string_view key);

/// A document that was kept before is read whatever the limits are now.
inline constexpr package_limits no_limits{
    std::numeric_limits<std::size_t>::max(), 100'000,
    std::numeric_limits<std::size_t>::max()};

/// The document as the search index has it.
search_document searchable(std::string_view head, const package& p);

inline std::string ecosystem_filter(std::string_view ecosystem) {
  return "e:" + std::string{ecosystem};
}
inline std::string tag_filter(std::string_view tag) {
  return "t:" + std::string{tag};
}

}  // namespace package_records

}  // namespace larder
