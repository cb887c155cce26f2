// What `larder load` puts: the files of a directory, or the lines of a file.
//
// Used by cli/load.cpp. Thread rule: one thread; blocks on the file system.
#pragma once

#include "storage/key.hpp"

#include <caf/expected.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace larder::cli {

struct load_item {
  /// Where it came from, for messages: a path, or "FILE:LINE".
  std::string origin;
  larder::key key;
  /// Byte for byte as it stands there.
  std::string content;
  /// A JSON object, and comma-separated tags, if the line has them.
  std::string metadata;
  std::string tags;
};

/// An item that cannot be read is its own failure, not the end of the load.
struct load_result {
  std::string origin;
  caf::expected<load_item> item;
};

class load_source {
 public:
  virtual ~load_source() = default;
  /// How many items there are; 0 if that is not known beforehand.
  virtual std::uint64_t total() const = 0;
  /// The next item; nothing after the last.
  virtual std::optional<load_result> next() = 0;
};

/// DIR/{type}/{id}.json, deeper folders included: DIR/prompt/review/rust.json
/// is `review/rust` of type `prompt`. Hidden files are left out; any other
/// file that does not fit this form is a failure of its own. A FILE holds one
/// JSON object {"type","id","content","metadata"?,"tags"?} a line; `-` is the
/// standard input. Fails with `invalid_request` when `path` cannot be read.
caf::expected<std::unique_ptr<load_source>> open_load(const std::string& path);

/// One such line. `content` is what stands in it, untouched.
caf::expected<load_item> parse_load_line(std::string_view line);

}  // namespace larder::cli
