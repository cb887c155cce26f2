// An mget that memory can answer on its own, without an actor in between: the
// keys where they lie in the body, the reply in one buffer.
//
// Used by the front door.
//
// Thread rule: one thread.
#pragma once

#include "actors/messages.hpp"
#include "storage/artifact.hpp"
#include "storage/read_view.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

/// Appends `{"type":…,"id":…,` and so on up to the content, the value's item in
/// the reply to an mget, without its closing brace.
void append_item(std::string& out, const artifact& value, tier from);

/// Whether the content may stand in JSON as it is; looked at once.
bool is_spliceable(const artifact& value);

/// The keys of a body in the plain form that programs write, without escapes.
/// False if it is any other, or has more than `most`: somebody else reads it.
bool plain_keys(std::string_view body, std::size_t most,
                std::vector<key_view>& out);

class memory_mget {
 public:
  /// More keys would keep everybody else waiting.
  static constexpr std::size_t most_keys = 128;

  /// The reply's body, valid until the next call; or nothing unless every key
  /// is there, proved fresh, and the body fits.
  std::optional<std::string_view> answer(std::string_view body,
                                         read_view& memory, std::int64_t now,
                                         std::uint64_t max_reply_bytes);

  /// Keys of the last answer.
  std::size_t count() const { return keys_.size(); }

 private:
  std::vector<key_view> keys_;
  std::string text_;
};

}  // namespace larder
