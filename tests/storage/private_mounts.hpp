// File systems of a test's own: in the test process's own mount namespace, so
// that they go with the process, however it ends. Needs root.
//
// Thread rule: one thread, before the process has others that look at files.
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace larder {

/// Why there can be none here; empty: there can.
inline std::string enter_private_mounts() {
  static const std::string why = [] {
    if (::geteuid() != 0)
      return std::string{"mounting needs root"};
    if (::unshare(CLONE_NEWNS) != 0
        || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
      return std::string{"no mounts of our own here: "} + std::strerror(errno);
    return std::string{};
  }();
  return why;
}

/// Whether the command ended well; its output is not shown.
inline bool run_quietly(const std::string& command) {
  auto line = "PATH=$PATH:/usr/sbin:/sbin " + command + " >/dev/null 2>&1";
  return std::system(line.c_str()) == 0;
}

class mounted {
 public:
  /// A tmpfs of that many bytes; empty size: as large as it gets.
  static bool memory(const std::string& at, const std::string& size) {
    std::filesystem::create_directories(at);
    return ::mount("tmpfs", at.c_str(), "tmpfs", 0,
                   size.empty() ? nullptr : ("size=" + size).c_str())
           == 0;
  }

  /// The file system in the image file, through a loop device, which goes when
  /// it is unmounted.
  static bool image(const std::string& file, const std::string& at) {
    std::filesystem::create_directories(at);
    return run_quietly("mount -o loop " + file + " " + at);
  }

  static bool off(const std::string& at) {
    return ::umount2(at.c_str(), 0) == 0;
  }
};

/// Copies an image while its file system is mounted: as the disk would be
/// found if the power failed now. What the file system has not written to its
/// device yet is not in it. If the kernel writes to the device while it is
/// copied, that is no one moment, and it is copied again. False: in twenty
/// attempts no quiet one.
inline bool copy_as_after_power_cut(const std::string& image,
                                    const std::string& mounted_at,
                                    const std::string& to) {
  std::string device;
  std::ifstream mounts{"/proc/self/mounts"};
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words{line};
    std::string from, at;
    words >> from >> at;
    if (at == mounted_at)
      device = std::filesystem::path{from}.filename().string();
  }
  auto writes = [&] {
    std::ifstream in{"/sys/block/" + device + "/stat"};
    std::string text;
    std::string written;
    // The 5th to the 7th number: writes, and sectors written; the 9th: what is
    // in flight.
    for (int i = 1; i <= 9 && in >> text; ++i)
      if (i == 5 || i == 7 || i == 9)
        written += text + " ";
    return written;
  };
  for (int attempt = 0; attempt < 20; ++attempt) {
    auto before = writes();
    std::filesystem::copy_file(
        image, to, std::filesystem::copy_options::overwrite_existing);
    if (!before.empty() && writes() == before && before.ends_with(" 0 "))
      return true;
  }
  return false;
}

}  // namespace larder
