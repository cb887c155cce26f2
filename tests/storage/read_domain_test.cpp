#include "storage/read_domain.hpp"

#include <gtest/gtest.h>

namespace larder {
namespace {

TEST(ReadDomainTest, WaitsForNobodyWithoutReaders) {
  read_domain domain;
  EXPECT_GE(domain.safe(), domain.stamp());
}

TEST(ReadDomainTest, WaitsForAReaderUntilItIsQuiescent) {
  read_domain domain;
  auto& reader = domain.enter();
  domain.online(reader);
  auto stamp = domain.stamp();
  EXPECT_LT(domain.safe(), stamp);
  domain.quiesce(reader);
  EXPECT_GE(domain.safe(), stamp);
  auto later = domain.stamp();
  EXPECT_LT(domain.safe(), later);
  EXPECT_GE(domain.safe(), stamp);
  domain.leave(reader);
}

TEST(ReadDomainTest, WaitsForTheSlowestReader) {
  read_domain domain;
  auto& slow = domain.enter();
  auto& fast = domain.enter();
  domain.online(slow);
  domain.online(fast);
  auto stamp = domain.stamp();
  domain.quiesce(fast);
  EXPECT_LT(domain.safe(), stamp);
  domain.quiesce(slow);
  EXPECT_GE(domain.safe(), stamp);
  domain.leave(slow);
  domain.leave(fast);
}

TEST(ReadDomainTest, DoesNotWaitForAReaderThatIsOfflineOrGone) {
  read_domain domain;
  auto& reader = domain.enter();
  EXPECT_GE(domain.safe(), domain.stamp()) << "it begins offline";
  domain.online(reader);
  auto stamp = domain.stamp();
  domain.offline(reader);
  EXPECT_GE(domain.safe(), stamp);
  domain.online(reader);
  stamp = domain.stamp();
  EXPECT_LT(domain.safe(), stamp);
  domain.leave(reader);
  EXPECT_GE(domain.safe(), stamp);
}

TEST(ReadDomainTest, DoesNotHoldBackForAReaderThatCameAfterTheStamp) {
  read_domain domain;
  auto stamp = domain.stamp();
  auto& reader = domain.enter();
  domain.online(reader);
  EXPECT_GE(domain.safe(), stamp);
  domain.leave(reader);
}

TEST(ReadDomainTest, GivesAPlaceThatWasLeftToTheNext) {
  read_domain domain;
  auto& first = domain.enter();
  auto& second = domain.enter();
  EXPECT_NE(&first, &second);
  domain.leave(first);
  auto& third = domain.enter();
  EXPECT_EQ(&first, &third);
  domain.leave(second);
  domain.leave(third);
}

}  // namespace
}  // namespace larder
