// The fixture of every test that runs actors: one deterministic system with
// virtual time (see test_system.hpp), built before the test and taken down
// after it, whatever state the test left it in.
//
//   using ShardTest = larder::test::actor_fixture;
//   TEST_F(ShardTest, ForgetsAnEntryAfterItsTtl) {
//     auto shard = own(sys().spawn(...));
//     auto got = request(shard, 1s, get_atom::value, k, read_options{});
//     run_for(30min);
//
// Thread rule: one thread.
#pragma once

#include "tests/support/test_system.hpp"

#include <gtest/gtest.h>

namespace larder::test {

class actor_fixture : public ::testing::Test {
 protected:
  actor_fixture() = default;
  /// Actors take turns in an order drawn from `seed`.
  explicit actor_fixture(std::uint64_t seed) : actors_(seed) {}

  caf::actor_system& sys() { return actors_.system(); }
  test_system::time_point now() const { return actors_.now(); }

  template <class Handle>
  Handle own(Handle handle) {
    return actors_.own(std::move(handle));
  }

  /// See test_system for each.
  std::size_t run() { return actors_.run(); }
  bool run_to_next_timeout() { return actors_.run_to_next_timeout(); }
  void run_for(test_system::duration d) { actors_.run_for(d); }
  bool run_until(const std::function<bool()>& done,
                 test_system::duration limit = std::chrono::minutes{1}) {
    return actors_.run_until(done, limit);
  }
  template <class Handle, class... Xs>
  auto ask(const Handle& to, test_system::duration timeout, Xs... xs) {
    return actors_.ask(to, timeout, std::move(xs)...);
  }
  template <class Handle, class... Xs>
  auto request(const Handle& to, test_system::duration timeout, Xs... xs) {
    return actors_.request(to, timeout, std::move(xs)...);
  }
  template <class T>
  caf::expected<T> await(const pending<T>& p) {
    return actors_.await(p);
  }

  test_system actors_;
};

}  // namespace larder::test
