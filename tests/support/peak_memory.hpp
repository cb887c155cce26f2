// The most memory that a call takes, beyond what the process had before.
//
// Used by tests of bounds. Thread rule: one thread; what others allocate
// meanwhile counts too.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>

namespace larder::test {

/// VmHWM of this process, in KiB.
inline std::uint64_t peak_kib() {
  std::ifstream in{"/proc/self/status"};
  std::string word;
  std::uint64_t kib = 0;
  while (in >> word)
    if (word == "VmHWM:")
      in >> kib;
  return kib;
}

/// In KiB. The peak before counts for nothing: the kernel forgets it (proc(5),
/// clear_refs).
template <class F>
std::uint64_t peak_growth_of(F call) {
  std::ofstream{"/proc/self/clear_refs"} << "5" << std::flush;
  auto before = peak_kib();
  call();
  return peak_kib() - before;
}

}  // namespace larder::test
