// The embedded database as it was at one moment: what a session's reads see.
//
// For the embedded store's and outbox' .cpp files. Thread rule: one thread.
#pragma once

#include "storage/embedded_database.hpp"

#include <optional>
#include <string>
#include <utility>

namespace larder::embedded {

class moment {
 public:
  moment(const embedded_database& database, rocks_snapshot at,
         larder::epoch epoch)
      : database_(database), at_(std::move(at)), epoch_(epoch) {}

  /// Of now, or of a snapshot.
  static caf::expected<moment> of(const embedded_database& database);
  static caf::expected<moment> of(const embedded_database& database,
                                  rocks_snapshot at);

  /// All zeros for a key that never was.
  caf::expected<revision_row> revision_of(const key& k) const;
  caf::expected<lookup> look_up(const key& k) const;
  /// The fingerprint but for the digest, and the value to digest.
  caf::expected<std::pair<fingerprint, artifact_ptr>>
  fingerprint_of(const key& k) const;

  version_info info_of(const revision_row& row) const {
    return {row.revision, row.version, epoch_};
  }
  const larder::epoch& epoch() const { return epoch_; }
  const rocks_snapshot& at() const { return at_; }
  const rocks_database& rocks() const { return database_.rocks(); }

 private:
  const embedded_database& database_;
  rocks_snapshot at_;
  larder::epoch epoch_;
};

/// What is on disk cannot be read as what it should be.
caf::error damaged(const std::string& what);

}  // namespace larder::embedded
