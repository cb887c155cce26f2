// Random numbers that are the same everywhere: one seed, one sequence, on every
// compiler and library (the distributions of <random> promise no such thing).
// xoshiro256** seeded by splitmix64 (Blackman, Vigna; public domain).
//
// Used by everything simulated. Thread rule: one thread at a time.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace larder::test {

class prng {
 public:
  explicit prng(std::uint64_t seed);

  std::uint64_t next();

  /// Below `bound`, which must not be 0.
  std::uint64_t below(std::uint64_t bound);

  /// From `low` to `high`, both included.
  std::chrono::nanoseconds between(std::chrono::nanoseconds low,
                                   std::chrono::nanoseconds high);

  /// True with this probability; draws a number in any case, so that changing
  /// one probability does not shift what is drawn after it.
  bool chance(double probability);

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace larder::test
