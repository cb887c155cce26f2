// The header block of a reply: which headers it has, and their bytes.
//
// Used by the front door.
//
// Thread rule: a value_header belongs to one thread; the rest are functions of
// their arguments.
#pragma once

#include "actors/messages.hpp"
#include "storage/artifact.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

struct header_line {
  std::string_view name;
  std::string_view value;
};

/// "NATS/1.0", the lines, the empty line. A line break in a value becomes a
/// blank.
std::string header_block(const std::vector<header_line>& lines);

/// The header block of values, of which nearly every byte is the same from one
/// reply to the next.
class value_header {
 public:
  explicit value_header(std::string node_id) : node_id_(std::move(node_id)) {}

  /// Valid until the next call. `stale_for`: the value cannot be proved fresh.
  std::string_view of(const artifact& value, tier from,
                      std::optional<std::chrono::milliseconds> stale_for);

 private:
  void begin(tier from, larder::epoch epoch);

  std::string node_id_;
  std::string text_;
  /// What the text begins with: this much of it, and for which values.
  std::size_t kept_ = 0;
  larder::tier tier_ = larder::tier::memory;
  larder::epoch epoch_;
};

}  // namespace larder
