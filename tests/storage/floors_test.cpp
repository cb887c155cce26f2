#include "storage/floors.hpp"

#include <gtest/gtest.h>

#include <string>

namespace larder {

namespace {

const key a{"t", "a"};
const key b{"t", "b"};

TEST(FloorsTest, AdmitsEverythingThatItKnowsNothingOf) {
  floors f{10};
  EXPECT_TRUE(f.admits_truth(a, 0, 1));
  EXPECT_TRUE(f.admits_shared(a, 0));
  EXPECT_FALSE(f.distrusts_shared(a));
  EXPECT_EQ(f.size(), 0u);
}

TEST(FloorsTest, RefusesWhatIsBelowTheFloor) {
  floors f{10};
  f.raise(a, 5, 2);
  EXPECT_FALSE(f.admits_shared(a, 4));
  EXPECT_TRUE(f.admits_shared(a, 5));
  EXPECT_FALSE(f.admits_truth(a, 4, 1));
  EXPECT_TRUE(f.admits_truth(a, 5, 1));
  EXPECT_TRUE(f.admits_shared(b, 1));
}

TEST(FloorsTest, AdmitsWhateverTheTruthSaysAfterwards) {
  floors f{10};
  f.raise(a, 5, 2);
  EXPECT_FALSE(f.admits_truth(a, 4, 2));
  EXPECT_TRUE(f.admits_truth(a, 4, 3));
}

TEST(FloorsTest, NeverLowersAFloor) {
  floors f{10};
  f.raise(a, 5, 2);
  f.raise(a, 3, 3);
  EXPECT_FALSE(f.admits_shared(a, 4));
}

TEST(FloorsTest, DistrustsTheSharedTierUntilItWasBroughtUpToDate) {
  floors f{10};
  f.distrust(a, 2);
  EXPECT_TRUE(f.distrusts_shared(a));
  EXPECT_FALSE(f.admits_shared(a, 99));
  EXPECT_FALSE(f.admits_truth(a, 99, 1));
  EXPECT_TRUE(f.admits_truth(a, 1, 3));
  // A revision that becomes known says nothing of the shared tier's bytes.
  f.raise(a, 5, 4);
  EXPECT_TRUE(f.distrusts_shared(a));
  f.trust_shared(a, 5, 3);
  EXPECT_FALSE(f.distrusts_shared(a));
  EXPECT_TRUE(f.admits_shared(a, 5));
  EXPECT_FALSE(f.admits_shared(a, 4));
}

TEST(FloorsTest, IsNotReassuredByAReadFromBeforeTheDistrust) {
  floors f{10};
  f.distrust(a, 2);
  f.distrust(a, 5);
  f.trust_shared(a, 7, 3);
  EXPECT_TRUE(f.distrusts_shared(a));
  f.trust_shared(a, 7, 6);
  EXPECT_FALSE(f.distrusts_shared(a));
}

TEST(FloorsTest, ExpectsInTheSharedTierWhatHasNotComeThere) {
  floors f{4};
  f.expect_shared(a, 5);
  f.came_to_shared(a, 4);
  EXPECT_TRUE(f.expects_shared(a));
  EXPECT_FALSE(f.expects_shared(b));
  f.came_to_shared(a, 5);
  EXPECT_FALSE(f.expects_shared(a));
  // Without room it is forgotten, and not said of other keys.
  f.expect_shared(a, 6);
  for (int i = 0; i < 20; ++i)
    f.raise({"t", std::to_string(i)}, 1, 1);
  EXPECT_FALSE(f.expects_shared(b));
}

TEST(FloorsTest, ForgetsAFloorAtTheSecondAging) {
  floors f{10};
  f.raise(a, 5, 2);
  f.age();
  EXPECT_FALSE(f.admits_shared(a, 4));
  f.age();
  EXPECT_TRUE(f.admits_shared(a, 4));
  EXPECT_EQ(f.size(), 0u);
}

TEST(FloorsTest, KeepsAFloorThatWasRaisedAgainLately) {
  floors f{10};
  f.raise(a, 5, 2);
  f.age();
  f.raise(a, 5, 3);
  f.age();
  EXPECT_FALSE(f.admits_shared(a, 4));
}

TEST(FloorsTest, HoldsForEveryKeyWhatItHadNoRoomFor) {
  floors f{4};
  for (int i = 0; i < 40; ++i) {
    f.raise({"t", std::to_string(i)}, 100 + i,
            static_cast<floors::tick>(i) + 1);
    ASSERT_LE(f.size(), 5u);
  }
  // Not one of the forty may be taken below its floor.
  for (int i = 0; i < 40; ++i)
    EXPECT_FALSE(f.admits_shared({"t", std::to_string(i)}, 99 + i)) << i;
  // Others pay for it with a read of the source of truth, and pass then.
  EXPECT_FALSE(f.admits_shared(a, 1));
  EXPECT_TRUE(f.admits_truth(a, 1, 50));
  f.age();
  f.age();
  f.age();
  EXPECT_TRUE(f.admits_shared(a, 1));
}

TEST(FloorsTest, HoldsADistrustThatItHadNoRoomFor) {
  floors f{2};
  f.distrust(a, 1);
  for (int i = 0; i < 20; ++i)
    f.raise({"t", std::to_string(i)}, 1, static_cast<floors::tick>(i) + 2);
  EXPECT_TRUE(f.distrusts_shared(a));
}

TEST(FloorsTest, ForgetsRevisionsInANewEpoch) {
  floors f{10};
  f.raise(a, 90, 2);
  f.reset(3);
  EXPECT_TRUE(f.admits_shared(a, 1));
  EXPECT_TRUE(f.admits_truth(a, 1, 4));
}

TEST(FloorsTest, AdmitsNothingThatWasReadBeforeTheEpoch) {
  floors f{10};
  f.reset(3);
  EXPECT_FALSE(f.admits_truth(a, 99, 2));
  EXPECT_FALSE(f.admits_truth(b, 99, 3));
  EXPECT_TRUE(f.admits_truth(a, 1, 4));
}

TEST(FloorsTest, RemembersADistrustThroughANewEpoch) {
  floors f{10};
  f.distrust(a, 2);
  f.age();
  f.distrust(b, 3);
  f.reset(4);
  EXPECT_TRUE(f.distrusts_shared(a));
  EXPECT_TRUE(f.distrusts_shared(b));
  EXPECT_TRUE(f.admits_truth(a, 1, 5));
}

}  // namespace

}  // namespace larder
