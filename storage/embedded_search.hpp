// Search over the embedded store's values, by the contract of
// artifact_search.hpp.
//
// Used by embedded_store. Thread rule: that of embedded_database.
#pragma once

#include "storage/artifact_search.hpp"
#include "storage/embedded_database.hpp"

namespace larder::embedded {

/// As truth_store::search(). With phrases, exclusions or alternatives in the
/// query, only the best 1,000 candidates are looked at for each alternative.
caf::expected<artifact_matches> find(embedded_database& database,
                                     const artifact_query& query);

}  // namespace larder::embedded
