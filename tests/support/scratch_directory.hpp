// A directory of the test's own, empty at first, gone with its object; and one
// that is a small file system of its own, for disks that fill up.
//
// Used by the tests of what is kept on disk. Thread rule: one thread.
#pragma once

#include <sys/mount.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace larder::test {

class scratch_directory {
 public:
  scratch_directory() {
    auto made = (std::filesystem::temp_directory_path() / "larder-test-XXXXXX")
                    .string();
    if (::mkdtemp(made.data()) == nullptr)
      throw std::runtime_error{"cannot make " + made};
    path_ = made;
  }
  ~scratch_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  scratch_directory(const scratch_directory&) = delete;
  scratch_directory& operator=(const scratch_directory&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const {
    return path_ + "/" + name;
  }

 private:
  std::string path_;
};

/// A tmpfs of `bytes`. mounted() is false where the test may not mount: only
/// root may, and not in every container.
class small_disk {
 public:
  explicit small_disk(std::size_t bytes)
      : mounted_{::mount("larder-test", directory_.path().c_str(), "tmpfs", 0,
                         ("size=" + std::to_string(bytes)).c_str())
                 == 0} {}
  ~small_disk() {
    if (mounted_)
      ::umount2(directory_.path().c_str(), MNT_DETACH);
  }
  small_disk(const small_disk&) = delete;
  small_disk& operator=(const small_disk&) = delete;

  bool mounted() const { return mounted_; }
  const std::string& path() const { return directory_.path(); }
  std::string operator/(const std::string& name) const {
    return directory_ / name;
  }

 private:
  scratch_directory directory_;
  bool mounted_;
};

}  // namespace larder::test
