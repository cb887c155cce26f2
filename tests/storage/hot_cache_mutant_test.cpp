// The stress test again, in a build that releases entries at once: it must
// notice, or it proves nothing about the build that waits.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <string>
#include <sys/wait.h>

namespace larder {
namespace {

struct outcome {
  int status;
  std::string output;
};

outcome run(const std::string& command) {
  auto* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr)
    return {-1, "cannot start " + command};
  std::string output;
  std::array<char, 4'096> buffer;
  while (auto n = fread(buffer.data(), 1, buffer.size(), pipe))
    output.append(buffer.data(), n);
  return {pclose(pipe), output};
}

TEST(HotCacheMutantTest, TheStressTestCatchesAMissingGracePeriod) {
  for (std::string name :
       {"ReadersSeeWholeValuesThatNeverGoBack/S3Fifo",
        "AValueStaysWholeWhileItsReaderIsNotQuiescent/Lru"}) {
    auto [status, output] =
        run(LARDER_MUTANT_PROGRAM " --gtest_filter=*" + name);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) != 0) << output;
    EXPECT_NE(output.find("heap-use-after-free"), std::string::npos)
        << name << " missed it:\n"
        << output;
  }
}

}  // namespace
}  // namespace larder
