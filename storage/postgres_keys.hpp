// Keys as parameters of a statement: two arrays of text, in one order.
//
// Used by the store on PostgreSQL.
//
// Thread rule: functions of their arguments.
#pragma once

#include "storage/key.hpp"

#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace larder {

/// Types and ids as two arrays. A key that cannot be in the table becomes
/// NULL, which is equal to nothing.
std::pair<std::string, std::string> arrays_of(std::span<const key> keys);

}  // namespace larder
