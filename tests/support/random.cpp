#include "tests/support/random.hpp"

#include <bit>

namespace larder::test {

prng::prng(std::uint64_t seed) {
  for (auto& word : state_) {
    seed += 0x9e3779b97f4a7c15;
    auto z = seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    word = z ^ (z >> 31);
  }
}

std::uint64_t prng::next() {
  auto result = std::rotl(state_[1] * 5, 7) * 9;
  auto t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

std::uint64_t prng::below(std::uint64_t bound) {
  // The bias of the remainder, bound / 2^64, is nothing to a simulation.
  return next() % bound;
}

std::chrono::nanoseconds prng::between(std::chrono::nanoseconds low,
                                       std::chrono::nanoseconds high) {
  if (high <= low)
    return low;
  auto span = static_cast<std::uint64_t>((high - low).count()) + 1;
  return low + std::chrono::nanoseconds{static_cast<std::int64_t>(below(span))};
}

bool prng::chance(double probability) {
  return static_cast<double>(next() >> 11) * 0x1.0p-53 < probability;
}

}  // namespace larder::test
