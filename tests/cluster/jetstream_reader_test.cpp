#include "cluster/jetstream_reader.hpp"

#include <gtest/gtest.h>

namespace larder {

TEST(JetstreamReaderTest, ReadsADeliveryInItsShortForm) {
  auto d = parse_delivery("$JS.ACK.LOG.cons.1.42.7.1769860800000000001.3");
  ASSERT_TRUE(d);
  EXPECT_EQ(d->consumer, "cons");
  EXPECT_EQ(d->stream_sequence, 42u);
  EXPECT_EQ(d->consumer_sequence, 7u);
  EXPECT_EQ(d->stored_at, 1'769'860'800'000'000'001);
}

TEST(JetstreamReaderTest, ReadsADeliveryWithDomainAndAccount) {
  auto d = parse_delivery("$JS.ACK.hub.ACCHASH.LOG.cons.1.42.7.99.3.rnd");
  ASSERT_TRUE(d);
  EXPECT_EQ(d->consumer, "cons");
  EXPECT_EQ(d->stream_sequence, 42u);
  EXPECT_EQ(d->consumer_sequence, 7u);
  EXPECT_EQ(d->stored_at, 99);
}

TEST(JetstreamReaderTest, TakesNoOtherSubjectForADelivery) {
  for (auto reply : {"", "_INBOX.x", "$JS.ACK.", "$JS.ACK.LOG.cons.1.42.7.99",
                     "$JS.ACK.LOG.cons.1.x.7.99.3",
                     "$JS.ACK.LOG.cons.1.-4.7.99.3", "$JS.FC.LOG.cons.x"})
    EXPECT_FALSE(parse_delivery(reply)) << reply;
}

}  // namespace larder
