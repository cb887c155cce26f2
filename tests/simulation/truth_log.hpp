// What the source of truth has committed, when, in the order of each key: the
// measure of every answer.
//
// Used by the simulation. Thread rule: one thread.
#pragma once

#include "tests/support/memory_store.hpp"
#include "tests/support/world.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace larder::simulation {

/// A key's state from one moment to the next.
struct committed_state {
  test::world::duration at{0};
  std::int64_t revision = 0;
  /// No value: absent. Contents are unique, so they name the write.
  std::optional<std::string> content;
  /// By a program that writes past Larder, or by a restore: its writer knew of
  /// it at once.
  bool external = false;
  /// How often a backup had been restored.
  std::uint32_t restores = 0;
};

class truth_log {
 public:
  /// Without a database nobody writes behind the store's back.
  truth_log(test::world& w, std::shared_ptr<test::memory_database> database)
      : world_(w), database_(std::move(database)) {}

  /// Newest last; the first is the key's absence before everything.
  const std::vector<committed_state>& of(const key& k) const;

  /// At the moment of the commit.
  void committed(const key& k, const version_info& info,
                 std::optional<std::string> content, bool external = false);

  /// The keys may have changed behind the store's back: look.
  void observe(const std::vector<key>& keys);
  /// The same after a restore: from here on revisions count anew.
  void restored(const std::vector<key>& keys);

  std::uint32_t restores() const { return restores_; }
  std::uint64_t commits() const { return commits_; }

 private:
  std::vector<committed_state>& at(const key& k);

  test::world& world_;
  std::shared_ptr<test::memory_database> database_;
  std::map<key, std::vector<committed_state>> states_;
  std::uint32_t restores_ = 0;
  std::uint64_t commits_ = 0;
};

}  // namespace larder::simulation
