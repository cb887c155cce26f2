// Who a node is when nobody says so, and when it began.
#pragma once

#include <string>

namespace larder {

/// Eight characters that no other run of any node has.
std::string random_token();

/// Host name and a random token, in the characters that subjects allow.
std::string new_node_id();

/// RFC 3339 in UTC, seconds.
std::string utc_seconds_now();

}  // namespace larder
