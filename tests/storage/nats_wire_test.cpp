#include "storage/nats_wire.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace larder::nats {

namespace {

using kind = frame::kind;

/// The frames of `in`, which must be whole.
std::vector<frame> frames_of(std::string_view in) {
  std::vector<frame> out;
  while (!in.empty()) {
    frame f;
    auto bytes = read_frame(in, f);
    EXPECT_NE(bytes, 0u);
    EXPECT_NE(bytes, malformed);
    if (bytes == 0 || bytes == malformed)
      break;
    out.push_back(f);
    in.remove_prefix(bytes);
  }
  return out;
}

}  // namespace

TEST(NatsWireTest, TakesMessagesApart) {
  auto all = frames_of("MSG a.b 7 5\r\nhello\r\n"
                       "MSG a 18 _INBOX.x 0\r\n\r\n"
                       "HMSG a 1 r 12 14\r\nNATS/1.0\r\n\r\nhi\r\n"
                       "HMSG a 1 12 12\r\nNATS/1.0\r\n\r\n\r\n");
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[0].subject, "a.b");
  EXPECT_EQ(all[0].sid, 7u);
  EXPECT_EQ(all[0].reply, "");
  EXPECT_EQ(all[0].data, "hello");
  EXPECT_EQ(all[1].sid, 18u);
  EXPECT_EQ(all[1].reply, "_INBOX.x");
  EXPECT_EQ(all[1].data, "");
  EXPECT_EQ(all[2].header, "NATS/1.0\r\n\r\n");
  EXPECT_EQ(all[2].reply, "r");
  EXPECT_EQ(all[2].data, "hi");
  EXPECT_EQ(all[3].reply, "");
  EXPECT_EQ(all[3].data, "");
}

TEST(NatsWireTest, KnowsTheOtherWords) {
  auto all = frames_of("INFO {\"a\":1}\r\nPING\r\nPONG\r\n+OK\r\n"
                       "-ERR 'Stale Connection'\r\nping\r\nWHAT is it\r\n");
  std::vector<kind> kinds;
  for (auto& f : all)
    kinds.push_back(f.what);
  EXPECT_EQ(kinds, (std::vector{kind::info, kind::ping, kind::pong, kind::ok,
                                kind::error, kind::ping, kind::unknown}));
  EXPECT_EQ(all[0].text, "{\"a\":1}");
  EXPECT_EQ(all[4].text, "'Stale Connection'");
}

TEST(NatsWireTest, WaitsForTheRestWhereverAFrameIsCut) {
  const std::string whole = "HMSG sub 12 reply 12 17\r\nNATS/1.0\r\n\r\nhe\r\no"
                            "\r\n";
  frame f;
  for (std::size_t n = 0; n < whole.size(); ++n)
    EXPECT_EQ(read_frame(std::string_view{whole}.substr(0, n), f), 0u) << n;
  EXPECT_EQ(read_frame(whole, f), whole.size());
  EXPECT_EQ(f.data, "he\r\no");
}

TEST(NatsWireTest, RefusesWhatIsNotTheProtocol) {
  for (std::string text :
       {"MSG\t\r\n", "MSG a\r\n", "MSG a 1\r\n", "MSG a x 5\r\nhello\r\n",
        "MSG a 1 -5\r\nhello\r\n", "MSG a 1 r s 5\r\nhello\r\n",
        "MSG a 1 5\r\nhelloXX", "HMSG a 1 9 5\r\nhello\r\n",
        "MSG a 1 99999999999999999999\r\n", "MSG a 1 999999999\r\n"}) {
    frame f;
    auto bytes = read_frame(text, f);
    EXPECT_TRUE(bytes == malformed || (bytes > 0 && f.what == kind::unknown))
        << text;
  }
  frame f;
  EXPECT_EQ(read_frame(std::string(2 << 20, 'x'), f), malformed);
}

TEST(NatsWireTest, WritesWhatItReads) {
  byte_queue out;
  write_publish(out, "to.me", "", "hello");
  write_publish(out, "to.me", "NATS/1.0\r\nA: b\r\n\r\n", "");
  EXPECT_EQ(out.bytes(), "PUB to.me 5\r\nhello\r\n"
                         "HPUB to.me 18 18\r\nNATS/1.0\r\nA: b\r\n\r\n\r\n");
}

TEST(NatsWireTest, KeepsTheOrderOfBytesHoweverTheyAreAddedAndTaken) {
  byte_queue q;
  std::string expected;
  for (std::size_t i = 0; i < 2'000; ++i) {
    std::string more(i * 37 % 1'009, static_cast<char>('a' + i % 26));
    q.add(more);
    expected += more;
    auto n = expected.size() / 3;
    q.taken(n);
    expected.erase(0, n);
    ASSERT_EQ(q.bytes(), expected) << i;
  }
  q.taken(q.size());
  q.shrink(16);
  EXPECT_EQ(q.free_room(), 0u);
  q.add("again");
  EXPECT_EQ(q.bytes(), "again");
}

}  // namespace larder::nats
