// A small world in virtual time: nodes (each an actor system with a clock of
// its own), servers (plain objects that schedule what they do), and one seed
// that decides every order and every delay. Whatever happens is a message of an
// actor, a timeout of an actor or an event, one after the other; the same seed
// gives the same history, told by hash() and, in words, by tail().
//
// A node's clock is world time plus an offset of its own, so that no time of
// one node means anything on another. A node can be frozen (SIGSTOP) and killed
// (kill -9); a call that blocks its thread lets the rest of the world go on.
//
// Used by the simulated ports, their tests and tests/simulation. Thread rule:
// one thread.
#pragma once

#include "tests/support/random.hpp"
#include "tests/support/test_system.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::test {

using namespace std::chrono_literals;

/// One run of a node: a node that is started again is another process.
struct process {
  std::uint32_t node = 0;
  std::uint32_t run = 0;
  bool operator==(const process&) const = default;
};

class world {
 public:
  using duration = std::chrono::nanoseconds;
  using event = std::function<void()>;

  explicit world(std::uint64_t seed);
  ~world();
  world(const world&) = delete;
  world& operator=(const world&) = delete;

  /// Since the world began.
  duration now() const { return now_; }
  prng& random() { return random_; }

  // -- events ----------------------------------------------------------------

  /// Later, wherever: on a server or on the way.
  void after(duration delay, event what);

  /// Later, on a thread of this process that is no actor's: waits, in order,
  /// while the process is frozen; never happens once it has ended.
  void after_in(process where, duration delay, event what);

  // -- nodes -----------------------------------------------------------------

  /// Starts a process, as node 0, 1, 2 …
  process start_node();
  /// Starts node `node` again after kill().
  process start_again(std::uint32_t node);

  test_system& actors(process p);
  bool alive(process p) const;
  bool frozen(process p) const;

  /// Nothing of the process happens until thaw(); what is sent to it waits. Its
  /// monotonic clock runs on, as for a stopped process, or stands still, as
  /// under a suspended virtual machine.
  void freeze(process p, bool clock_stands_still = false);
  void thaw(process p);

  /// The process is gone, at once: none of its messages is handled any more.
  /// `buried` runs when its actors have been destroyed, which takes until no
  /// call of theirs is on the stack; keep until then what they refer to.
  void kill(process p, event buried = {});

  /// Runs when the process is killed, before its actors are destroyed: whoever
  /// holds its actors lets go of them.
  void on_end(process p, event what);

  /// Its clock jumps ahead.
  void skip_clock(process p, duration ahead);

  /// An actor of `p` blocks its thread for `d` (longer while frozen); the rest
  /// of the world goes on. Nested calls return in reverse order, so a call
  /// inside another one may lengthen the outer one; the fourth inside each
  /// other takes no time. False if the process has ended meanwhile.
  bool block(process p, duration d);

  /// Kills every process. The destructor does it too, but what the actors
  /// refer to has to live until then.
  void end();

  // -- running ---------------------------------------------------------------

  /// Until `done`, but at most until world time `limit`. Returns what `done`
  /// says.
  bool run_until(const std::function<bool()>& done, duration limit);
  void run_until(duration limit);
  void run_for(duration d) { run_until(now_ + d); }
  /// Runs until `p` is ready; `internal` if that takes longer than `limit`.
  template <class T>
  caf::expected<T> await(const pending<T>& p, duration limit = 1min) {
    if (!run_until([&p] { return p.ready(); }, now_ + limit))
      return fail(ec::internal, "the request is not answered");
    return p.get();
  }
  /// Asks an actor of `p` and waits.
  template <class Handle, class... Xs>
  auto request(process p, const Handle& to, duration timeout, Xs... xs) {
    return await(actors(p).ask(to, timeout, std::move(xs)...));
  }

  /// Messages, timeouts and events so far.
  std::uint64_t steps() const { return steps_; }

  // -- what happened ---------------------------------------------------------

  /// Adds a line to the history.
  void note(std::string_view line);
  std::uint64_t hash() const { return hash_; }
  /// The last lines of the history, each with its time.
  std::vector<std::string> tail() const;
  /// How many lines tail() keeps.
  void keep_lines(std::size_t n) { lines_kept_ = n; }

 private:
  struct scheduled {
    duration due;
    std::uint64_t order;
    std::optional<process> where;
    event what;
  };
  static bool later(const scheduled& a, const scheduled& b);

  struct node {
    std::unique_ptr<test_system> actors;
    std::uint32_t run = 0;
    bool frozen = false;
    bool clock_stands_still = false;
    duration frozen_at{0};
    /// Of its clock against the world's.
    duration offset{0};
    std::deque<event> waiting;
    std::vector<event> on_end;
  };

  node& at(process p);
  duration world_time(const node& n, test_system::time_point t) const;
  void set_clock(node& n) const;
  void boot(node& n);
  bool step(duration limit);
  bool run_a_job(std::uint64_t index);
  void run_next_item();
  void run_event();
  void drain(process p);
  duration next_due(std::optional<std::size_t>& timeout_of) const;
  void mix(std::uint64_t x);
  void bury();

  prng random_;
  duration now_{0};
  std::uint64_t order_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t hash_ = 0xcbf29ce484222325;
  int depth_ = 0;
  bool burying_ = false;
  std::size_t lines_kept_ = 200;
  std::deque<std::pair<duration, std::string>> lines_;
  /// A heap, the next event in front.
  std::vector<scheduled> events_;
  std::deque<node> nodes_;
  std::vector<std::pair<std::unique_ptr<test_system>, event>> dead_;
};

}  // namespace larder::test
