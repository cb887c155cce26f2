#include "storage/nats_request.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace larder::nats {

TEST(NatsRequestTest, FindsTheFirstHeaderOfAName) {
  request r{"s", "r",
            "NATS/1.0\r\nLarder-Version:  2 \r\nLarder: x\r\nEmpty:\r\n"
            "Larder-Version: 3\r\nTail: a: b\r\n\r\n",
            ""};
  EXPECT_TRUE(r.has_headers());
  EXPECT_EQ(r.header("Larder-Version"), "2");
  EXPECT_EQ(r.header("Larder"), "x");
  EXPECT_EQ(r.header("Empty"), "");
  EXPECT_EQ(r.header("Tail"), "a: b");
  EXPECT_EQ(r.header("larder"), std::nullopt);
  EXPECT_EQ(r.header("Lard"), std::nullopt);
  EXPECT_EQ(r.header("NATS/1.0"), std::nullopt);
}

TEST(NatsRequestTest, SurvivesHeadersThatAreNone) {
  for (std::string header : {"", "NATS/1.0", "NATS/1.0\r\n", "\r\n\r\n", ":",
                             "NATS/1.0\r\nA", "NATS/1.0\r\nA:"})
    EXPECT_EQ((request{"", "", header, ""}.header("B")), std::nullopt)
        << header;
}

TEST(NatsRequestTest, KeepsItsTextsWhenTheBufferGoes) {
  std::string buffer = "subject reply NATS/1.0\r\nA: b\r\n\r\ndata";
  std::string_view all{buffer};
  request look{all.substr(0, 7), all.substr(8, 5), all.substr(14, 18),
               all.substr(32)};
  auto kept = look.kept();
  buffer.assign(buffer.size(), '?');
  auto moved = std::move(kept);
  EXPECT_EQ(moved.subject(), "subject");
  EXPECT_EQ(moved.reply(), "reply");
  EXPECT_EQ(moved.header("A"), "b");
  EXPECT_EQ(moved.data(), "data");
}

}  // namespace larder::nats
