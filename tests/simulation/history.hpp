// What clients did and what they were answered: one line an operation, with the
// client's times on the world's clock.
//
// Used by the simulation's clients (who write it) and by the checker.
// Thread rule: values.
#pragma once

#include "storage/error.hpp"
#include "storage/key.hpp"
#include "tests/support/world.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace larder::simulation {

enum class action : std::uint8_t { read, write, remove };

struct operation {
  std::uint32_t client = 0;
  std::uint32_t node = 0;
  simulation::action action = action::read;
  larder::key key;
  test::world::duration began{0};

  // -- what was asked --------------------------------------------------------
  /// Larder-Min-Revision, and how many restores the client knew of then.
  std::int64_t min_revision = 0;
  bool allow_stale = true;
  /// Larder-Expect-Revision.
  std::optional<std::int64_t> expected_revision;
  /// What was written.
  std::string content;

  // -- what was answered -----------------------------------------------------
  bool answered = false;
  test::world::duration ended{0};
  ec failure = ec::none;
  std::int64_t revision = 0;
  bool stale = false;
  /// What was read.
  std::optional<std::string> value;
  std::string tier;
};

using history = std::vector<operation>;

}  // namespace larder::simulation
