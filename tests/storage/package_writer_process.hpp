// The program package_writer.cpp, as a test starts, stops and ends it.
//
// Thread rule: one thread.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

namespace larder {

class package_writer_process {
 public:
  package_writer_process(const std::string& directory, std::uint64_t seed,
                         std::uint64_t first, bool durable) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
      throw std::runtime_error("no pipe");
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    std::array<std::string, 5> words{
        LARDER_PACKAGE_WRITER, directory, std::to_string(seed),
        std::to_string(first), durable ? "durable" : "fast"};
    std::array<char*, 6> arguments{};
    for (std::size_t i = 0; i < words.size(); ++i)
      arguments[i] = words[i].data();
    auto failed = ::posix_spawn(&process_, arguments[0], &actions, nullptr,
                                arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    output_ = ends[0];
    if (failed != 0)
      throw std::runtime_error("cannot start " + words[0]);
  }

  ~package_writer_process() {
    kill();
    ::close(output_);
  }
  package_writer_process(const package_writer_process&) = delete;
  package_writer_process& operator=(const package_writer_process&) = delete;

  /// Waits until that write is acknowledged; false: the writer ended, or 20 s
  /// passed.
  bool wait_for(std::uint64_t number) {
    while (!acknowledged_ || *acknowledged_ < number)
      if (!read(20'000))
        return false;
    return true;
  }

  /// Returns when it stands still; what it has said by then is read.
  void stop() {
    ::kill(process_, SIGSTOP);
    int status = 0;
    ::waitpid(process_, &status, WUNTRACED);
    while (read(0)) {
    }
  }

  /// kill -9; what it has said by then is read.
  void kill() {
    if (process_ <= 0)
      return;
    ::kill(process_, SIGKILL);
    int status = 0;
    ::waitpid(process_, &status, 0);
    process_ = -1;
    while (read(0)) {
    }
  }

  /// The last write that was.
  std::optional<std::uint64_t> acknowledged() const { return acknowledged_; }

 private:
  bool read(int timeout_ms) {
    pollfd ready{output_, POLLIN, 0};
    if (::poll(&ready, 1, timeout_ms) <= 0)
      return false;
    std::array<char, 4096> bytes;
    auto got = ::read(output_, bytes.data(), bytes.size());
    if (got <= 0)
      return false;
    for (ssize_t i = 0; i < got; ++i)
      if (bytes[i] != '\n') {
        line_ += bytes[i];
      } else {
        acknowledged_ = std::stoull(line_);
        line_.clear();
      }
    return true;
  }

  pid_t process_ = -1;
  int output_ = -1;
  std::string line_;
  std::optional<std::uint64_t> acknowledged_;
};

}  // namespace larder
