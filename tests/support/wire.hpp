// One connection between a process and a server: delays, losses, refusals,
// disconnects, and the silence of a half-open link. The simulated ports send
// all they send through one of these.
//
// Used by the simulated ports; scenarios change its conditions. Thread rule:
// one thread.
#pragma once

#include "storage/error.hpp"
#include "tests/support/world.hpp"

#include <caf/expected.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace larder::test {

struct wire_conditions {
  /// One way takes from … to …
  world::duration fastest{50us};
  world::duration slowest{2ms};
  /// … and now and then up to that.
  double slow = 0;
  world::duration slowest_of_all{800ms};
  /// The server never gets the request.
  double lose_request = 0;
  /// The server does it, and nobody hears of it.
  double lose_reply = 0;
  /// The server says no.
  double refuse = 0;
};

class wire {
 public:
  /// `name` is how the history calls it, with the node's number.
  wire(world& w, process where, std::string name);

  wire_conditions& conditions() { return state_->conditions; }

  /// Both sides know at once: calls under way fail with `unavailable` (their
  /// effect may happen or have happened), new ones too.
  void disconnect();
  void reconnect();
  bool connected() const { return state_->connected; }

  /// Nothing gets through in either direction and neither side is told; what
  /// was on its way arrives when the silence ends, unless the connection was
  /// lost meanwhile.
  void silence(bool on);

  /// Runs in the process when the connection is lost.
  void on_disconnect(std::function<void()> f);

  /// Runs when the process has ended, outside it: let go of its actors.
  void on_end(std::function<void()> f);

  /// One call: `at_server` runs on the way, `done` runs exactly once in the
  /// process, later, with its result, or `unavailable`, or
  /// `deadline_exceeded`. Neither runs once the process has ended.
  template <class T>
  void call(std::string what, world::duration timeout,
            std::function<caf::expected<T>()> at_server,
            std::function<void(caf::expected<T>)> done) {
    // The process owns `done`, which may hold an actor; what is on the way
    // does not.
    auto s = state_;
    auto kept = std::make_shared<decltype(done)>(std::move(done));
    auto id =
        begin(what, timeout, [kept](caf::error e) { (*kept)(std::move(e)); });
    if (id == 0)
      return;
    auto fate = draw();
    if (fate.lose_request)
      return;
    auto weak = std::weak_ptr{kept};
    to_server(s, [s, id, fate, at_server, weak, what] {
      caf::expected<T> result =
          fate.refuse
              ? caf::expected<T>{fail(ec::unavailable, "the server refuses")}
              : at_server();
      note(s, what + (result ? ": done" : ": " + message_of(result.error())));
      if (fate.lose_reply)
        return;
      to_process(s, false, [s, id, weak, result] {
        auto done = weak.lock();
        if (end(s, id))
          (*done)(result);
      });
    });
  }

  /// One way, no answer; lost like a request.
  void tell(std::function<void()> at_server);

  /// From the server to the process, behind what was sent with this before;
  /// dropped if the connection is lost before it arrives.
  void stream(std::function<void()> in_process);

  world& in() const { return *state_->w; }
  process where() const { return state_->where; }
  const std::string& name() const { return state_->name; }

 private:
  struct state {
    world* w;
    process where;
    std::string name;
    wire_conditions conditions;
    bool connected = true;
    bool silent = false;
    /// Raised with each connection.
    std::uint64_t connection = 0;
    std::uint64_t last_call = 0;
    world::duration last_streamed{0};
    std::map<std::uint64_t, std::function<void(caf::error)>> open_calls;
    /// What the silence holds back.
    std::vector<std::function<void()>> held;
    std::vector<std::function<void()>> on_disconnect;
  };
  using state_ptr = std::shared_ptr<state>;
  struct fate {
    bool lose_request = false;
    bool lose_reply = false;
    bool refuse = false;
  };

  std::uint64_t begin(const std::string& what, world::duration timeout,
                      std::function<void(caf::error)> failed);
  static bool end(const state_ptr& s, std::uint64_t id);
  fate draw();
  static world::duration delay(const state_ptr& s);
  static void to_server(const state_ptr& s, std::function<void()> f);
  static void to_process(const state_ptr& s, bool in_order,
                         std::function<void()> f);
  static void arrive(const state_ptr& s, std::uint64_t connection,
                     std::function<void()> f);
  static void note(const state_ptr& s, std::string_view what);

  state_ptr state_;
};

}  // namespace larder::test
