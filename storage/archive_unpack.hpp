// Unpacks an archive of a registry in memory: tar, tar in gzip, or zip. Nothing
// is ever written to a disk. Whatever an archive claims or does, memory and
// time stay bounded, and what could not stand beside other files under one
// directory is refused, the whole archive with it. The one place that knows
// libarchive.
//
// Used by the collectors. Thread rule: no state. No call throws.
#pragma once

#include <caf/expected.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

struct archive_limits {
  /// Of all files, unpacked.
  std::uint64_t bytes = 256ull << 20;
  std::uint32_t entries = 50'000;
  /// Of directories in a path.
  std::uint32_t depth = 32;
  std::uint32_t path_bytes = 1'024;
  /// Unpacked to packed, once more than `ratio_from` are unpacked.
  std::uint32_t ratio = 200;
  std::uint64_t ratio_from = 8ull << 20;
  /// Larger files are passed over …
  std::uint64_t kept_file_bytes = 1ull << 20;
  /// … and all files once so much is kept.
  std::uint64_t kept_bytes = 24ull << 20;
};

struct unpacked_file {
  /// Relative, with `/`, neither `.` nor `..` in it.
  std::string path;
  std::string content;
};

struct unpacked_archive {
  /// Those wanted, in the order in which they stand in the archive.
  std::vector<unpacked_file> files;
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;

  /// Null if it is not there.
  const unpacked_file* find(std::string_view path) const;
};

/// The files of `archive` for which `wanted(path)` is true. Fails with
/// `too_large` over a limit of bytes, entries, depth or ratio, and with
/// `invalid_request` for what is no such archive or ends too soon, and for an
/// entry that is a link, a device or sparse, or whose name is absolute, leads
/// out of the directory, or is not UTF-8: the sentence names the entry.
caf::expected<unpacked_archive>
unpack(std::string_view archive, const archive_limits& limits,
       const std::function<bool(std::string_view)>& wanted);

}  // namespace larder
