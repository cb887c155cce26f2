#include "storage/lookup_hash.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

namespace larder {
namespace {

TEST(LookupHashTest, DependsOnNothingButTheKey) {
  for (std::size_t size = 1; size <= 64; ++size) {
    // The same text at every alignment, other text around it.
    auto text = std::string(size, 'k');
    auto expected = lookup_hash({text, text});
    for (std::size_t shift = 0; shift < 8; ++shift) {
      auto room = std::string(shift, 'x') + text + std::string(8, 'y');
      std::string_view view{room.data() + shift, size};
      EXPECT_EQ(lookup_hash({view, view}), expected) << size;
    }
  }
}

TEST(LookupHashTest, DependsOnEveryByte) {
  for (std::size_t size = 1; size <= 40; ++size) {
    std::set<std::uint32_t> seen;
    auto text = std::string(size, 'k');
    seen.insert(lookup_hash({"t", text}));
    for (std::size_t at = 0; at < size; ++at) {
      text[at] = 'l';
      seen.insert(lookup_hash({"t", text}));
      text[at] = 'k';
    }
    EXPECT_EQ(seen.size(), size + 1) << size;
  }
  EXPECT_NE(lookup_hash({"a", "bc"}), lookup_hash({"ab", "c"}));
}

TEST(LookupHashTest, SpreadsNamesThatDifferInANumber) {
  std::set<std::uint32_t> seen;
  std::array<int, 256> low{};
  std::array<int, 256> high{};
  constexpr int keys = 100'000;
  for (int i = 0; i < keys; ++i) {
    auto hash = lookup_hash({"framework", "phoenix-" + std::to_string(i)});
    seen.insert(hash);
    ++low[hash & 255];
    ++high[hash >> 24];
  }
  // By chance alone one pair in 4 billion is alike: about one here.
  EXPECT_GT(seen.size(), static_cast<std::size_t>(keys - 20));
  for (auto count : low)
    EXPECT_NEAR(count, keys / 256, 130);
  for (auto count : high)
    EXPECT_NEAR(count, keys / 256, 130);
}

}  // namespace
}  // namespace larder
