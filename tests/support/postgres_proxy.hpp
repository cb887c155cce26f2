// Stands between a session and PostgreSQL, and cuts the line at the worst
// moment: around a COMMIT. Cuts once, then lets everything pass.
//
// Used by tests of commits in doubt. Thread rule: one thread of its own; the
// public functions may be called from any.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace larder::test {

class postgres_proxy {
 public:
  enum class cut {
    never,
    /// The COMMIT does not arrive; the server keeps the transaction open.
    before_commit,
    /// The COMMIT is done; its answer does not arrive.
    after_commit,
    /// As after_commit, and nobody is let in any more.
    after_commit_for_good,
  };

  explicit postgres_proxy(std::uint16_t server_port);
  ~postgres_proxy();
  postgres_proxy(const postgres_proxy&) = delete;
  postgres_proxy& operator=(const postgres_proxy&) = delete;

  std::uint16_t port() const { return port_; }
  void next(cut what) { cut_ = what; }
  int cuts() const { return cuts_; }

 private:
  struct line {
    int client = -1;
    int server = -1;
    /// COMMIT has gone through; the answer is to be swallowed.
    bool swallow = false;
  };

  void run();
  void accept();
  bool from_client(line& l);
  bool from_server(line& l);

  std::uint16_t server_port_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  int wake_[2] = {-1, -1};
  bool closed_ = false;
  std::vector<line> lines_;
  /// Server ends whose clients were cut off: kept open, as a network that
  /// loses packets keeps them.
  std::vector<int> orphans_;
  std::atomic<cut> cut_{cut::never};
  std::atomic<int> cuts_{0};
  std::thread thread_;
};

}  // namespace larder::test
