// What clients are answered about packages, as JSON.
//
// Used by the package gateway, in the store's threads. Thread rule: functions
// of their arguments.
#pragma once

#include "actors/package_handles.hpp"
#include "storage/package_store.hpp"

#include <caf/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace larder {

/// {"items": […], "next"}; as many items as fit into `most` bytes, one at
/// least, `next` after the last of them.
std::string to_json(const package_page& page, std::size_t most);

/// The same with the documents in place of what is said of them.
caf::expected<std::string> documents_json(const package_store& store,
                                          const package_page& page,
                                          std::size_t most);

/// {"results": […], "total", "total_is_exact"}; the places of the words in a
/// passage are [begin, end) in bytes.
std::string to_json(const package_results& found);

/// {"snippets": […], "next"} from `offset` on, as many as fit; `next` is the
/// offset after them.
std::string to_json(const std::vector<package_snippet>& snippets,
                    std::size_t offset, std::size_t limit, std::size_t most);

/// {"ecosystem", "name", "version", "revision"} of one that was stored.
std::string to_json(const package_written& written);
/// … of one that was removed.
std::string removed_json(const package_written& written);

/// {"stored", "unchanged", "failed": [{"line", "error", "message"}]}; `lines`
/// says on which line each stood.
std::string to_json(const std::vector<package_outcome>& outcomes,
                    std::span<const std::size_t> lines);

/// The document's summary: what it is, if it keeps to the limits, and how it
/// came.
std::string to_json(const package_collected& collected,
                    const package_limits& limits);

/// What the parts of the packages plane count, for statistics and metrics.
struct package_statistics {
  package_plane_stats plane;
  package_relay_stats relay;
  package_feed_stats feed;
  collector_stats collector;
};

/// The store's counts, and what this node has answered.
std::string to_json(const package_store_stats& kept,
                    const package_statistics& counted);

std::string to_json(const package_check& found);

}  // namespace larder
