#include "node/reply_header.hpp"

#include <gtest/gtest.h>

namespace larder {

TEST(ReplyHeaderTest, WritesEveryHeaderOfAValue) {
  auto value = artifact::make({"t", "i"}, "{}", {42, 3, epoch{"e-1"}});
  value_header header{"node-1"};
  EXPECT_EQ(header.of(*value, tier::memory, {}),
            "NATS/1.0\r\nLarder-Tier: memory\r\nLarder-Node: node-1\r\n"
            "Larder-Epoch: e-1\r\nLarder-Revision: 42\r\nLarder-Version: 3\r\n"
            "\r\n");
}

TEST(ReplyHeaderTest, ForgetsNothingOfTheValueBefore) {
  value_header header{"n"};
  auto one = artifact::make({"t", "i"}, "{}", {1'000'000, 3, epoch{"a"}});
  auto two = artifact::make({"t", "i"}, "{}", {7, 1, epoch{"b"}});
  static_cast<void>(
      header.of(*one, tier::postgres, std::chrono::milliseconds{2'500}));
  EXPECT_EQ(header.of(*two, tier::postgres, {}),
            "NATS/1.0\r\nLarder-Tier: postgres\r\nLarder-Node: n\r\n"
            "Larder-Epoch: b\r\nLarder-Revision: 7\r\nLarder-Version: 1\r\n"
            "\r\n");
  EXPECT_EQ(header.of(*two, tier::memory, std::chrono::milliseconds{9}),
            "NATS/1.0\r\nLarder-Tier: memory\r\nLarder-Node: n\r\n"
            "Larder-Epoch: b\r\nLarder-Revision: 7\r\nLarder-Version: 1\r\n"
            "Larder-Stale: true\r\nLarder-Stale-Ms: 9\r\n\r\n");
}

TEST(ReplyHeaderTest, NeverMakesTwoHeadersOfOneValue) {
  EXPECT_EQ(header_block({{"A", "b\r\nC: d"}, {"E", ""}}),
            "NATS/1.0\r\nA: b  C: d\r\nE: \r\n\r\n");
}

}  // namespace larder
