// What one front door has answered. Written by that door's thread alone, read
// by anybody at any time.
#pragma once

#include "actors/messages.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace larder {

/// A counter with one writer: no locked instruction.
class tally {
 public:
  void add(std::uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n,
                 std::memory_order_relaxed);
  }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

struct traffic {
  static constexpr std::size_t tiers = 6;
  static constexpr std::size_t codes = 11;
  /// Upper bounds of the latency histogram, in microseconds, but for hits,
  /// which are answered in the turn in which they arrive.
  static constexpr std::array<std::uint32_t, 12> bounds_us{
      50,    100,    250,    500,     1'000,     2'500,
      5'000, 10'000, 50'000, 250'000, 1'000'000, 5'000'000};

  /// Values answered, by tier.
  std::array<tally, tiers> hits;
  /// Reads that no tier had a value for.
  tally misses;
  tally stale_served;
  tally requests;
  /// Errors answered, by code.
  std::array<tally, codes> errors;
  /// Requests that were not answered from memory, by time to the answer; the
  /// last is for those above all bounds.
  std::array<tally, bounds_us.size() + 1> slow;
  tally slow_us;
  std::atomic<std::int64_t> in_flight{0};

  void count_slow(std::uint64_t us) {
    std::size_t i = 0;
    while (i < bounds_us.size() && us > bounds_us[i])
      ++i;
    slow[i].add();
    slow_us.add(us);
  }
};

}  // namespace larder
