#include "storage/jetstream_api.hpp"

#include <gtest/gtest.h>

namespace larder::nats {

TEST(JetstreamApiTest, ReadsATimeToTheNanosecond) {
  EXPECT_EQ(parse_time("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(parse_time("2026-01-31T12:00:00.123456789Z"),
            1'769'860'800'123'456'789);
  EXPECT_EQ(parse_time("2026-01-31T12:00:00.5Z"), 1'769'860'800'500'000'000);
  EXPECT_EQ(parse_time("2026-01-31T14:00:00+02:00"), 1'769'860'800'000'000'000);
  EXPECT_EQ(parse_time("2026-01-31T10:30:00-01:30"), 1'769'860'800'000'000'000);
}

TEST(JetstreamApiTest, WritesWhatItReads) {
  for (auto t : {std::int64_t{0}, std::int64_t{1'769'860'800'000'000'001},
                 std::int64_t{1'769'860'800'999'999'999}})
    EXPECT_EQ(parse_time(format_time(t)), t) << format_time(t);
}

TEST(JetstreamApiTest, TakesNoOtherTextForATime) {
  for (auto t : {"", "today", "2026-01-31", "2026-01-31T12:00:00",
                 "2026-13-31T12:00:00Z", "2026-01-31 12:00:00Z",
                 "2026-01-31T12:00:00+2"})
    EXPECT_EQ(parse_time(t), 0) << t;
}

TEST(JetstreamApiTest, ReadsAStoredMessage) {
  auto m = parse_stored(R"({"type":"x","message":{"subject":"$KV.b.k",
    "seq":12,"hdrs":"TkFUUy8xLjANCktWLU9wZXJhdGlvbjogREVMDQpBOmINCg0K",
    "data":"AP8B","time":"1970-01-01T00:00:01Z"}})");
  ASSERT_TRUE(m);
  EXPECT_EQ(m->subject, "$KV.b.k");
  EXPECT_EQ(m->sequence, 12u);
  EXPECT_EQ(m->time, 1'000'000'000);
  EXPECT_EQ(m->data, std::string("\x00\xff\x01", 3));
  EXPECT_EQ(header_in(m->header_block, "KV-Operation"), "DEL");
  EXPECT_EQ(header_in(m->header_block, "A"), "b");
  EXPECT_EQ(header_in(m->header_block, "KV"), std::nullopt);
}

TEST(JetstreamApiTest, RefusesWhatIsNoStoredMessage) {
  for (auto body :
       {"", "{}", "[]", "null", R"({"message":7})",
        R"({"message":{"data":"***"}})", R"({"message":{"seq":"x"}})"})
    EXPECT_FALSE(parse_stored(body)) << body;
}

}  // namespace larder::nats
