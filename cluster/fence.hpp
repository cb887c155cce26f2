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
  /// What was published by then stands at or before this record of the log. A
  /// log where it does not stand, or not before this fence, has lost records,
  /// perhaps some that nobody has read: the fence proves nothing. Sequence 0:
  /// nothing was published in this epoch.
  std::uint64_t after = 0;
  std::string after_id;
  /// The generation of JetStream's bucket that holds all of it; 0: none does.
  std::uint32_t bucket = 0;
};

std::string to_body(const fence& f);

/// Fails with `invalid_request` if the body is no fence.
caf::expected<fence> parse_fence(std::string_view body);

}  // namespace larder
