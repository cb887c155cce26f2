// A value with its version: what every tier stores, every actor passes on and
// every reply carries. Immutable and counted, one allocation: a value is
// copied once, when it is read from a wire, and never again.
//
// Thread rule: immutable; the counter is atomic. The `cached` part belongs to
// the hot cache that holds the artifact (see hot_cache.hpp).
#pragma once

#include "storage/key.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/intrusive_ptr.hpp>

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace larder {

/// Names one history of the source of truth (system id, timeline, counter):
/// revisions compare within one epoch only. Interned: copies and comparisons
/// are those of a pointer.
class epoch {
 public:
  /// The epoch of nothing: older than every other.
  epoch() = default;
  /// Interns `text`; takes a lock, so not for the hot path.
  explicit epoch(std::string_view text);
  std::string_view text() const {
    return text_ ? std::string_view{*text_} : std::string_view{};
  }
  bool empty() const { return text_ == nullptr; }
  bool operator==(const epoch&) const = default;
  /// Whether this is a former history of the same system: of an older timeline,
  /// or of a smaller counter on the same one.
  bool precedes(const epoch& other) const;

 private:
  const std::string* text_ = nullptr;
};

class artifact;
using artifact_ptr = caf::intrusive_ptr<const artifact>;

/// What the source of truth says of a value beside its bytes.
struct version_info {
  /// Only grows for a key, within one epoch.
  std::int64_t revision = 0;
  /// The artifact's own 1, 2, 3 …
  std::int32_t version = 0;
  larder::epoch epoch;
  bool operator==(const version_info&) const = default;
};

class artifact {
 public:
  /// Copies key and content into one block.
  static artifact_ptr make(key_view key, std::string_view content,
                           version_info info);

  std::string_view type() const { return {bytes(), type_size_}; }
  std::string_view id() const { return {bytes() + type_size_, id_size_}; }
  key_view name() const { return {type(), id()}; }
  std::string_view content() const {
    return {bytes() + type_size_ + id_size_, content_size_};
  }
  const version_info& info() const { return info_; }
  std::int64_t revision() const { return info_.revision; }
  std::int32_t version() const { return info_.version; }
  larder::epoch epoch() const { return info_.epoch; }
  /// Bytes that this artifact takes, header and allocation included.
  std::size_t footprint() const;

  /// What the hot cache that holds this artifact notes on it. Times are
  /// nanoseconds of the caller's monotonic clock.
  struct cache_notes {
    /// Not answered as fresh at or after this.
    std::atomic<std::int64_t> expires_at{0};
    /// Proved current until then, whatever the fence says.
    std::atomic<std::int64_t> verified_until{0};
    /// The log generation in which it was last known to be current.
    std::atomic<std::uint32_t> generation{0};
    /// Reads since the last sweep, for usage counters; approximate.
    std::atomic<std::uint32_t> reads{0};
  };
  cache_notes& cached() const { return notes_; }
  /// S3-FIFO's small counter, 0 to 3; one of the notes, apart from them only to
  /// keep the header within 64 bytes.
  std::atomic<std::uint8_t>& frequency() const { return frequency_; }

  /// Whether its shard is about to hear of a newer one; also apart for room.
  std::atomic<bool>& doubted() const { return doubted_; }

  /// Whether the content may stand in JSON as it is, as whoever first had to
  /// know found out: it is too long to look at again for every reply.
  enum class json_note : std::uint8_t { unknown, is_json, is_not };
  std::atomic<json_note>& json() const { return json_; }

  friend void intrusive_ptr_add_ref(const artifact* a) {
    a->count_.fetch_add(1, std::memory_order_relaxed);
  }
  friend void intrusive_ptr_release(const artifact* a) {
    if (a->count_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      destroy(a);
  }

  artifact(const artifact&) = delete;
  artifact& operator=(const artifact&) = delete;

 private:
  artifact(key_view key, std::string_view content, version_info info);
  ~artifact() = default;
  static void destroy(const artifact* a);
  const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }

  version_info info_;
  mutable cache_notes notes_;
  mutable std::atomic<std::uint32_t> count_{0};
  std::uint32_t content_size_;
  std::uint16_t id_size_;
  std::uint8_t type_size_;
  mutable std::atomic<std::uint8_t> frequency_{0};
  mutable std::atomic<json_note> json_{json_note::unknown};
  mutable std::atomic<bool> doubted_{false};
};

}  // namespace larder

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::artifact_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::version_info)
