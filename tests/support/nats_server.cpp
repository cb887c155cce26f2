#include "tests/support/nats_server.hpp"

#include "tests/support/ports.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string_view>
#include <thread>

namespace larder::test {

nats_server::nats_server(std::string extra, bool jetstream)
    : extra_(std::move(extra)), jetstream_(jetstream) {
  auto place =
      (std::filesystem::temp_directory_path() / "larder-nats-XXXXXX").string();
  if (::mkdtemp(place.data()) == nullptr)
    throw std::runtime_error("cannot make a directory like " + place);
  directory_ = place;
  port_ = free_port();
  start();
}

nats_server::~nats_server() {
  end(SIGKILL);
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void nats_server::start() {
  if (pid_ > 0)
    return;
  auto file = directory_ + "/server.conf";
  {
    std::ofstream conf{file};
    conf << "listen: \"127.0.0.1:" << port_ << "\"\n";
    if (jetstream_)
      conf << "jetstream { store_dir: \"" << directory_ << "/js\" }\n";
    auto extra = extra_;
    constexpr std::string_view word = "DIRECTORY";
    for (auto i = extra.find(word); i != std::string::npos;
         i = extra.find(word))
      extra.replace(i, word.size(), directory_);
    conf << extra << '\n';
  }
  auto log_file = directory_ + "/server.log";
  auto parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) {
    // A test that crashes takes its server along.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent)
      ::_exit(1);
    auto out = ::open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(out, 1);
    ::dup2(out, 2);
    ::execlp("nats-server", "nats-server", "-c", file.c_str(), nullptr);
    ::execl("/usr/sbin/nats-server", "nats-server", "-c", file.c_str(),
            nullptr);
    ::_exit(127);
  }
  auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (!accepts_connections(port_)) {
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = -1;
      throw std::runtime_error("nats-server ended at once:\n" + log());
    }
    if (std::chrono::steady_clock::now() > deadline) {
      end(SIGKILL);
      throw std::runtime_error("nats-server does not come up:\n" + log());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
}

void nats_server::stop() {
  end(SIGTERM);
}

void nats_server::kill() {
  end(SIGKILL);
}

void nats_server::freeze() {
  ::kill(pid_, SIGSTOP);
}

void nats_server::thaw() {
  ::kill(pid_, SIGCONT);
}

void nats_server::end(int signal) {
  if (pid_ <= 0)
    return;
  ::kill(pid_, signal);
  ::kill(pid_, SIGCONT);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::string nats_server::url() const {
  return "nats://127.0.0.1:" + std::to_string(port_);
}

std::string nats_server::log() const {
  std::ifstream in{directory_ + "/server.log"};
  return {std::istreambuf_iterator<char>{in}, {}};
}

config::nats_settings nats_server::settings() const {
  config::nats_settings out;
  out.url = url();
  return out;
}

}  // namespace larder::test
