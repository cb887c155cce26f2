// The packages of all nodes in one place, where there is a PostgreSQL: each
// node writes what it accepted, and looks here for what it has not.
//
// This is the port; postgres_packages is the real one. It decides as the
// package store does: of two writes the one with the higher revision counts,
// whatever order they come in.
//
// Thread rule: blocking, one thread at a time. Failures: `unavailable`,
// `deadline_exceeded`, `invalid_request`, `internal`.
#pragma once

#include "storage/package_store.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace larder {

/// All that the database has of one package.
struct package_rows {
  /// Of the removal that is remembered, else 0.
  std::int64_t removed_at = 0;
  /// Each with its document, none of them removed.
  std::vector<package_update> versions;
};

class package_database {
 public:
  virtual ~package_database() = default;

  /// Done once it is committed; older ones change nothing.
  virtual caf::expected<void> put(std::span<const package_update> updates) = 0;

  virtual caf::expected<package_rows> load(const package_key& key) = 0;

  /// As package_store::revisions.
  virtual caf::expected<package_revision_page>
  revisions(std::uint32_t limit, const std::optional<package_key>& after) = 0;

  /// Forgets removals that are older; how many.
  virtual caf::expected<std::uint64_t>
  sweep(std::chrono::milliseconds older_than) = 0;
};

}  // namespace larder
