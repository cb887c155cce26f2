// Write requests on their way into one batch: what each does to its key, as the
// requests before it in the batch left the key.
//
// Used by embedded_database alone, which decides about order and durability.
// Thread rule: one thread.
#pragma once

#include "storage/embedded_records.hpp"
#include "storage/search_index.hpp"
#include "storage/truth_store.hpp"

#include <caf/expected.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace larder {

class embedded_commit {
 public:
  /// `revision`: the last one given out.
  embedded_commit(const rocks_database& rocks, const search_index& index,
                  std::int64_t revision, std::int64_t now, larder::epoch epoch);

  /// The outcome of one request, as truth_store::write() has it. Fails with
  /// `unavailable` or `internal` where the key cannot be read.
  caf::expected<version_info> apply(const write_request& w);

  /// Puts everything into `batch`. False: all but the index, which disagrees
  /// with the values and has to be made anew.
  bool finish(rocks_batch& batch);

  std::int64_t revision() const { return revision_; }
  /// The ids of the outbox's new rows.
  const std::vector<std::int64_t>& added() const { return added_; }

 private:
  struct touched {
    embedded::revision_row row;
    std::optional<embedded::value_row> value;
    /// As they are on disk.
    embedded::revision_row row_before;
    std::optional<embedded::value_row> value_before;
    bool changed = false;
  };

  caf::expected<touched*> load(const key& k);

  const rocks_database& rocks_;
  const search_index& index_;
  std::int64_t revision_;
  std::int64_t now_;
  larder::epoch epoch_;
  std::map<key, touched> keys_;
  std::vector<std::int64_t> added_;
  std::vector<embedded::outbox_entry> entries_;
};

}  // namespace larder
