#include "tests/storage/fingerprint_contract.hpp"
#include "tests/storage/outbox_contract.hpp"
#include "tests/storage/truth_store_contract.hpp"
#include "tests/support/memory_store.hpp"

namespace larder::test {

namespace {

/// A clock that moves on by a millisecond whenever somebody looks.
memory_database::clock ticking() {
  auto now = std::make_shared<std::int64_t>(1'700'000'000'000'000'000);
  return [now] { return *now += 1'000'000; };
}

class memory_world final : public truth_world {
 public:
  std::unique_ptr<truth_store> open_store() override {
    return std::make_unique<memory_store>(database_);
  }
  std::unique_ptr<outbox> open_outbox() override {
    return std::make_unique<memory_outbox>(database_);
  }
  void program_put(const key& k, const std::string& content) override {
    database_->put(k, content);
  }
  void program_erase(const key& k) override { database_->erase(k); }
  void program_rename(const key& from, const key& to) override {
    EXPECT_TRUE(database_->rename(from, to));
  }
  void truncate() override { database_->truncate(); }

 private:
  std::shared_ptr<memory_database> database_ =
      std::make_shared<memory_database>(ticking());
};

const auto in_memory = testing::Values(truth_world_maker{
    "memory", [] { return std::make_unique<memory_world>(); }});

INSTANTIATE_TEST_SUITE_P(Memory, FingerprintContract, in_memory);
INSTANTIATE_TEST_SUITE_P(Memory, OutboxContract, in_memory);
INSTANTIATE_TEST_SUITE_P(Memory, TruthStoreContract, in_memory);

class MemoryStoreTest : public testing::Test {
 protected:
  caf::expected<version_info> put(const key& k, std::string content) {
    write_request w;
    w.key = k;
    w.content = std::move(content);
    auto all = store_.write({&w, 1});
    if (!all)
      return all.error();
    return all->front();
  }

  bool has(const key& k) {
    return (*store_.get({&k, 1})).front().value != nullptr;
  }

  key a_{"t", "a"};
  std::shared_ptr<memory_database> database_ =
      std::make_shared<memory_database>(ticking());
  memory_store store_{database_};
  memory_outbox outbox_{database_};
};

}  // namespace

TEST_F(MemoryStoreTest, FailsAsManyCallsAsItIsTold) {
  database_->fail_next(ec::deadline_exceeded, 2);
  EXPECT_EQ(code_of(put(a_, "{}").error()), ec::deadline_exceeded);
  EXPECT_EQ(code_of(outbox_.backlog().error()), ec::deadline_exceeded);
  EXPECT_TRUE(put(a_, "{}"));
  EXPECT_EQ(database_->query_count(), 3u);
}

TEST_F(MemoryStoreTest, IsUnavailableUntilItIsAvailable) {
  database_->set_available(false);
  EXPECT_EQ(code_of(put(a_, "{}").error()), ec::unavailable);
  database_->set_available(true);
  EXPECT_FALSE(has(a_));
}

TEST_F(MemoryStoreTest, LeavesTheWriterInDoubtBothWays) {
  database_->doubt_next_write(in_doubt::lost);
  EXPECT_EQ(code_of(put(a_, "{}").error()), ec::unavailable);
  EXPECT_FALSE(has(a_));
  database_->doubt_next_write(in_doubt::committed);
  EXPECT_EQ(code_of(put(a_, "{}").error()), ec::unavailable);
  EXPECT_TRUE(has(a_));
  EXPECT_EQ((*outbox_.unpublished(10)).rows.size(), 1u);
}

TEST_F(MemoryStoreTest, ShowsAnOpenTransactionToNobodyBeforeItsCommit) {
  auto open = database_->begin_put(a_, R"({"v":1})");
  EXPECT_FALSE(has(a_));
  EXPECT_EQ(code_of(put(a_, "{}").error()), ec::deadline_exceeded);
  EXPECT_TRUE(put({"t", "b"}, "{}"));
  auto before = *outbox_.unpublished(10);
  ASSERT_EQ(before.rows.size(), 1u);
  database_->commit(open);
  EXPECT_TRUE(has(a_));
  auto after = *outbox_.unpublished(10);
  ASSERT_EQ(after.rows.size(), 2u);
  // The row that committed late has the lower id: no cursor would see it.
  EXPECT_EQ(after.rows[0].key, a_);
  EXPECT_LT(after.rows[0].id, before.rows[0].id);
}

TEST_F(MemoryStoreTest, RestoresABackupOnANewTimeline) {
  auto first = put(a_, R"({"v":1})");
  auto backup = database_->back_up();
  auto second = put(a_, R"({"v":2})");
  database_->restore(*backup);
  auto again = put(a_, R"({"v":3})");
  EXPECT_EQ(again->revision, second->revision);
  EXPECT_NE(again->epoch, first->epoch);
}

TEST_F(MemoryStoreTest, CountsUsageAndKeepsMetadataAndTags) {
  write_request w;
  w.key = a_;
  w.content = "{}";
  w.metadata = R"({"m":1})";
  w.tags = std::vector<std::string>{"x", "y"};
  ASSERT_TRUE(store_.write({&w, 1}));
  ASSERT_TRUE(put(a_, R"({"v":2})"));
  usage reads{a_, 5};
  ASSERT_TRUE(store_.count_usage({&reads, 1}));
  EXPECT_EQ(database_->usage_of(a_), 5u);
  EXPECT_EQ(database_->metadata_of(a_), R"({"m":1})");
  EXPECT_EQ(database_->tags_of(a_), (std::vector<std::string>{"x", "y"}));
}

}  // namespace larder::test
