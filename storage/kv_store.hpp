// The shared tier: a JetStream key-value bucket of raw values, as the warm
// actor sees it. An entry carries its version in headers; one without (another
// program wrote it) has an empty epoch and revision 0.
//
// One entry is the bucket's mark: the relay writes it behind what it has
// written, and tells by it whether the bucket has lost entries (see
// actors/relay.cpp). Entries of a generation before such a loss are void.
//
// Implementations: jetstream_kv (real), and the simulated one in
// tests/support.
//
// Thread rule: every call returns at once, from any thread; the completion runs
// exactly once, on a thread of the implementation's, and must not block.
// Failures: `unavailable` (not connected, no bucket and none could be made, or
// JetStream said no), `deadline_exceeded`. A failure is never a miss.
#pragma once

#include "storage/artifact.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace larder {

/// The mark's key: its id is empty, which no client's is.
inline const key bucket_mark_key{"larder", ""};

struct kv_entry {
  /// Null: a deletion marker, or no entry at all.
  artifact_ptr value;
  version_info info;
  /// The bucket's generation for its writer; 0: unknown.
  std::uint32_t generation = 0;
  /// The entry's stream sequence, for compare-and-set; 0: no entry at all.
  std::uint64_t sequence = 0;
};

struct kv_put {
  larder::key key;
  /// Null: write a deletion marker.
  artifact_ptr value;
  version_info info;
  std::uint32_t generation = 0;
  /// Only if the key's sequence is still this one; 0: only if it has none.
  std::uint64_t expected_sequence = 0;
};

class kv_store {
 public:
  using on_get = std::function<void(caf::expected<kv_entry>)>;
  /// The new sequence; `revision_conflict` if the expected one is not current.
  using on_put = std::function<void(caf::expected<std::uint64_t>)>;
  using on_done = std::function<void(caf::expected<void>)>;

  virtual ~kv_store() = default;

  virtual void get(const key& key, std::chrono::milliseconds timeout,
                   on_get done) = 0;

  virtual void put(kv_put entry, std::chrono::milliseconds timeout,
                   on_put done) = 0;

  /// Removes the key's entry, if there is one, and leaves nothing in its place.
  virtual void purge(const key& key, std::chrono::milliseconds timeout,
                     on_done done) = 0;

  /// Removes every entry but the mark, or those of one type.
  virtual void clear(std::optional<std::string> type,
                     std::chrono::milliseconds timeout, on_done done) = 0;
};

}  // namespace larder
