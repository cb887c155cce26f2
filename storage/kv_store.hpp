// The shared tier: a JetStream key-value bucket of raw values, as the warm
// actor sees it. An entry carries its version in headers; one without (another
// program wrote it) has an empty epoch and revision 0.
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

struct kv_entry {
  /// Null: a deletion marker, or no entry at all.
  artifact_ptr value;
  version_info info;
  /// The entry's stream sequence, for compare-and-set; 0: no entry at all.
  std::uint64_t sequence = 0;
};

struct kv_put {
  larder::key key;
  /// Null: write a deletion marker.
  artifact_ptr value;
  version_info info;
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

  /// Removes every entry, or those of one type.
  virtual void clear(std::optional<std::string> type,
                     std::chrono::milliseconds timeout, on_done done) = 0;
};

}  // namespace larder
