// An actor system whose scheduler and clock stand still until they are told to
// go on: one message of one actor at a time, virtual time. The order of actors
// is first come, first served, or drawn from a seed: one seed, one
// interleaving. Messages to one actor keep their order, as always.
//
// Used by actor_fixture (one system a test) and by world (one system a node,
// so that each node has a clock of its own and can be frozen).
//
// Thread rule: one thread. Detached actors are outside its control: spawn the
// same behavior without `detached`.
#pragma once

#include "storage/error.hpp"
#include "tests/support/random.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/expected.hpp>
#include <caf/response_type.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>
#include <caf/typed_actor.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

namespace larder::test {

/// What a request was answered, some time.
template <class T>
class pending {
 public:
  bool ready() const { return state_->has_value(); }
  /// Only when ready.
  caf::expected<T>& get() const { return **state_; }
  void set(caf::expected<T> x) const {
    if (!ready())
      state_->emplace(std::move(x));
  }

 private:
  std::shared_ptr<std::optional<caf::expected<T>>> state_ =
      std::make_shared<std::optional<caf::expected<T>>>();
};

class test_system {
 public:
  using time_point = caf::actor_clock::time_point;
  using duration = std::chrono::nanoseconds;

  /// First come, first served; with a seed, in an order drawn from it.
  explicit test_system(std::optional<std::uint64_t> seed = std::nullopt);

  /// Ends the actors given to own(), drops what is scheduled and waits for
  /// nothing. Fails the running test if other actors are still alive.
  ~test_system();

  test_system(const test_system&) = delete;
  test_system& operator=(const test_system&) = delete;

  caf::actor_system& system() { return *system_; }

  /// The handle; its actor is ended with the system. For every actor that is
  /// in a cycle with others (shards know the invalidation actor …).
  template <class Handle>
  Handle own(Handle handle) {
    owned_.push_back(caf::actor_cast<caf::strong_actor_ptr>(handle));
    return handle;
  }

  // -- step by step, for world ----------------------------------------------

  std::size_t jobs() const { return scheduler_->jobs.size(); }
  /// Lets one actor handle one message; false if there is none to handle.
  bool run_job();
  /// The same with the actor at this place of the queue. Returns its id, or 0
  /// for a job that is no actor.
  caf::actor_id run_job(std::size_t index);
  std::optional<time_point> next_timeout() const;
  /// Fires the earliest timeout; the clock moves on to it if it is behind.
  void fire_timeout();
  time_point now() const { return scheduler_->clock().current_time; }
  /// Moves the clock without firing anything.
  void set_time(time_point t) { scheduler_->clock().current_time = t; }

  // -- in one go, for unit tests --------------------------------------------

  /// Until no actor has a message to handle; time stands still. Returns how
  /// many messages were handled. Throws after a million (a livelock).
  std::size_t run();
  /// run(), then the next timeout (time moves on to it), then run(). False if
  /// no timeout was due at all.
  bool run_to_next_timeout();
  /// Moves time on by `d`; every timeout on the way fires at its own time, and
  /// what it causes is done before the next one fires.
  void run_for(duration d);
  /// Moves time on, at most by `limit`, until `done`; returns what it says.
  bool run_until(const std::function<bool()>& done,
                 duration limit = std::chrono::minutes{1});

  // -- asking ----------------------------------------------------------------

  /// Sends a request and returns at once; virtual time counts for `timeout`.
  /// T follows from the handle's interface: the reply's type, caf::unit_t for
  /// an empty reply, a tuple for several.
  template <class... Ts, class... Fs, class... Xs>
  auto ask(const caf::typed_actor<Fs...>& to, duration timeout, Xs... xs) {
    using signatures = typename caf::typed_actor<Fs...>::signatures;
    using out = caf::response_type_t<
        signatures, typename caf::detail::strip_and_convert<Xs>::type...>;
    return ask_as(static_cast<out*>(nullptr), to, timeout, std::move(xs)...);
  }

  /// Asks and runs until there is an answer.
  template <class... Fs, class... Xs>
  auto request(const caf::typed_actor<Fs...>& to, duration timeout, Xs... xs) {
    auto p = ask(to, timeout, std::move(xs)...);
    return await(p);
  }

  /// Runs until `p` is ready. `internal` if nothing can happen any more.
  template <class T>
  caf::expected<T> await(const pending<T>& p) {
    if (!run_until([&p] { return p.ready(); }, std::chrono::hours{24}))
      return fail(ec::internal, "nothing more happens, and the request is not "
                                "answered");
    return p.get();
  }

 private:
  // One short-lived actor a request: any number can be under way. Untyped:
  // CAF sends a reply declared as unit_t as an empty message, which the typed
  // handle's own check would refuse.
  template <class Handle, class F, class... Xs>
  void send_request(const Handle& handle, duration timeout, F on_reply,
                    std::function<void(caf::error)> on_error, Xs... xs) {
    auto to = caf::actor_cast<caf::actor>(handle);
    system_->spawn([=](caf::event_based_actor* self) {
      self->request(to, timeout, xs...).then(on_reply, [=](caf::error& e) {
        on_error(std::move(e));
      });
    });
  }

  template <class T, class Handle, class... Xs>
  pending<T> ask_as(caf::detail::type_list<T>*, const Handle& to,
                    duration timeout, Xs... xs) {
    pending<T> p;
    send_request(
        to, timeout, [p](T& x) { p.set(std::move(x)); },
        [p](caf::error e) { p.set(std::move(e)); }, std::move(xs)...);
    return p;
  }

  template <class Handle, class... Xs>
  pending<caf::unit_t> ask_as(caf::detail::type_list<caf::unit_t>*,
                              const Handle& to, duration timeout, Xs... xs) {
    return ask_as(static_cast<caf::detail::type_list<>*>(nullptr), to, timeout,
                  std::move(xs)...);
  }

  template <class Handle, class... Xs>
  pending<caf::unit_t> ask_as(caf::detail::type_list<>*, const Handle& to,
                              duration timeout, Xs... xs) {
    pending<caf::unit_t> p;
    send_request(
        to, timeout, [p] { p.set(caf::unit); },
        [p](caf::error e) { p.set(std::move(e)); }, std::move(xs)...);
    return p;
  }

  template <class T1, class T2, class... Ts, class Handle, class... Xs>
  pending<std::tuple<T1, T2, Ts...>>
  ask_as(caf::detail::type_list<T1, T2, Ts...>*, const Handle& to,
         duration timeout, Xs... xs) {
    pending<std::tuple<T1, T2, Ts...>> p;
    send_request(
        to, timeout,
        [p](T1& a, T2& b, Ts&... rest) {
          p.set(std::tuple<T1, T2, Ts...>{a, b, rest...});
        },
        [p](caf::error e) { p.set(std::move(e)); }, std::move(xs)...);
    return p;
  }

  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  caf::scheduler::test_coordinator* scheduler_ = nullptr;
  std::optional<prng> random_;
  std::vector<caf::strong_actor_ptr> owned_;
};

}  // namespace larder::test
