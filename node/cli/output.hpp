// What a command leaves on stdout: values untouched, tables for people.
//
// Used by every command. Thread rule: one thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace larder::cli {

/// Writes `text` as it is, to the last byte. Returns `exit_done`, or after a
/// sentence on stderr `exit_unavailable` (a full disk, a closed pipe).
int print(std::string_view text);

/// The same with a newline after it.
int print_line(std::string text);

/// Columns as wide as they need to be, numbers to the right; the first row is
/// the heading.
std::string table(const std::vector<std::vector<std::string>>& rows);

}  // namespace larder::cli
