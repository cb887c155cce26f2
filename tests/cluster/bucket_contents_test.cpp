#include "cluster/bucket_contents.hpp"

#include "storage/error.hpp"
#include "storage/jetstream_kv.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/nats_server.hpp"

#include <gtest/gtest.h>

namespace larder {

namespace {

using namespace larder::test;

class BucketContentsTest : public testing::Test {
 protected:
  static std::shared_ptr<nats::client> connected_to(const nats_server& s) {
    auto c = nats::client::connect_now(s.settings(), "test");
    if (!c)
      throw std::runtime_error(message_of(c.error()));
    return *c;
  }

  BucketContentsTest()
      : client_(connected_to(server_)), bucket_(client_, {}),
        contents_(std::make_shared<bucket_contents>(client_, "templates")) {}
  ~BucketContentsTest() override { contents_->stop(); }

  void put(const key& k) {
    version_info info{1, 1, epoch{"e"}};
    auto done = outcome_of<std::uint64_t>([&](auto finished) {
      bucket_.put({k, artifact::make(k, "{}", info), info, 1, 0}, 2s,
                  std::move(finished));
    });
    ASSERT_TRUE(done && *done);
  }
  void clear() {
    auto done = outcome_of<void>(
        [&](auto finished) { bucket_.clear({}, 2s, std::move(finished)); });
    ASSERT_TRUE(done && *done);
  }
  bool comes_to_lack(const key& k) {
    return eventually([&] { return contents_->lacks(k); }, 10s);
  }

  nats_server server_;
  std::shared_ptr<nats::client> client_;
  jetstream_kv bucket_;
  std::shared_ptr<bucket_contents> contents_;
};

TEST_F(BucketContentsTest, KnowsWhatIsThereAndWhatIsNot) {
  put({"t", "a.b"});
  put({"t", "@x/y"});
  EXPECT_FALSE(contents_->lacks({"t", "z"}));  // nothing is known yet
  contents_->read();
  EXPECT_TRUE(comes_to_lack({"t", "z"}));
  EXPECT_FALSE(contents_->lacks({"t", "a.b"}));
  EXPECT_FALSE(contents_->lacks({"t", "@x/y"}));
}

TEST_F(BucketContentsTest, HearsOfWhatIsPutLater) {
  put({"t", "a"});
  contents_->read();
  ASSERT_TRUE(comes_to_lack({"t", "b"}));
  put({"t", "b"});
  EXPECT_TRUE(eventually([&] { return !contents_->lacks({"t", "b"}); }, 10s));
}

TEST_F(BucketContentsTest, TakesWhatIsAboutToBePutForThere) {
  put({"t", "a"});
  contents_->read();
  ASSERT_TRUE(comes_to_lack({"t", "b"}));
  contents_->expect({"t", "b"});
  EXPECT_FALSE(contents_->lacks({"t", "b"}));
}

TEST_F(BucketContentsTest, LearnsOfABucketThatIsMadeLater) {
  contents_->read();
  EXPECT_FALSE(contents_->lacks({"t", "b"}));
  put({"t", "a"});
  EXPECT_TRUE(comes_to_lack({"t", "b"}));
  EXPECT_FALSE(contents_->lacks({"t", "a"}));
}

TEST_F(BucketContentsTest, ReadsAgainAfterTheBucketWasCleared) {
  put({"t", "a"});
  contents_->read();
  ASSERT_TRUE(comes_to_lack({"t", "b"}));
  clear();
  EXPECT_FALSE(contents_->lacks({"t", "a"}));
  contents_->read();
  EXPECT_TRUE(comes_to_lack({"t", "a"}));
}

TEST_F(BucketContentsTest, KnowsNothingOnceItIsStopped) {
  put({"t", "a"});
  contents_->read();
  ASSERT_TRUE(comes_to_lack({"t", "b"}));
  contents_->stop();
  EXPECT_FALSE(contents_->lacks({"t", "b"}));
  contents_->read();
  EXPECT_FALSE(contents_->lacks({"t", "b"}));
}

TEST_F(BucketContentsTest, KnowsNothingWhileTheServerIsGone) {
  put({"t", "a"});
  contents_->read();
  ASSERT_TRUE(comes_to_lack({"t", "b"}));
  server_.stop();
  EXPECT_TRUE(eventually([&] { return !contents_->lacks({"t", "b"}); }, 10s));
}

}  // namespace

}  // namespace larder
