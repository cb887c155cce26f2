// Writes archives as registries serve them, and as no honest tool would: every
// field of a tar header can be set, and a file may claim what it does not hold.
//
// Used by the tests of the collectors. Thread rule: values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace larder::test {

class tar_writer {
 public:
  tar_writer& file(std::string_view name, std::string_view content);
  tar_writer& directory(std::string_view name);
  /// '1' hard link, '2' symbolic link.
  tar_writer& link(std::string_view name, std::string_view target, char type);
  /// A header alone, which claims so many bytes.
  tar_writer& header(std::string_view name, std::uint64_t size, char type = '0',
                     std::string_view target = {});
  /// Bytes as they are.
  tar_writer& raw(std::string_view bytes);
  /// With the two blocks of zeros that end an archive.
  std::string done() const;

 private:
  std::string bytes_;
};

std::string gzip(std::string_view bytes);

/// `count` zeros in gzip, after `head` and before `tail`; made without holding
/// them.
std::string gzip_of_zeros(std::string_view head, std::uint64_t count,
                          std::string_view tail = {});

/// A zip file whose files are not compressed.
std::string zip(const std::vector<std::pair<std::string, std::string>>& files);

}  // namespace larder::test
