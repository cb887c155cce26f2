// A fence, as it stands in the change log: "every write that was committed
// before I was asked for these nonces stands before this record". Written by
// the relay, read by every node's invalidation actor.
//
// Thread rule: values.
#pragma once

#include <caf/expected.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

struct fence {
  /// The source of truth's epoch at the time.
  std::string epoch;
  /// One of each node that asked.
  std::vector<std::string> nonces;
  /// The greatest sequence that the log had acknowledged to the relay. A fence
  /// that stands at or before it stands in a log that has lost records, perhaps
  /// some that nobody has read, and proves nothing.
  std::uint64_t after = 0;
};

std::string to_body(const fence& f);

/// Fails with `invalid_request` if the body is no fence.
caf::expected<fence> parse_fence(std::string_view body);

}  // namespace larder
