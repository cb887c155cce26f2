// Judges a history by what the source of truth committed:
//
// 1. A read that is not marked stale gives a state that was committed, and none
//    older than the newest write acknowledged `freshness` before the read
//    began. The same for "not found".
// 2. No read, marked or not, gives an older revision than it asked for; what
//    it gives was committed with that very revision.
// 3. A read that allows no stale value gets none.
// 4. An acknowledged write was committed before it was acknowledged, and with
//    the revision that the writer was told; with an expected revision, on top
//    of that one.
//
// Used by the simulation and tested on planted faults. Thread rule: functions
// of their arguments.
#pragma once

#include "tests/simulation/history.hpp"
#include "tests/simulation/truth_log.hpp"

#include <string>
#include <vector>

namespace larder::simulation {

struct violation {
  /// Place in the history.
  std::size_t operation = 0;
  std::string what;
};

struct rules {
  test::world::duration freshness = std::chrono::seconds{2};
};

std::vector<violation> check(const history& h, const truth_log& truth,
                             rules r = {});

}  // namespace larder::simulation
