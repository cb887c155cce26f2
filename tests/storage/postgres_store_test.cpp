#include "storage/postgres_store.hpp"

#include "storage/postgres_outbox.hpp"
#include "tests/storage/fingerprint_contract.hpp"
#include "tests/storage/outbox_contract.hpp"
#include "tests/storage/search_contract.hpp"
#include "tests/storage/truth_store_contract.hpp"
#include "tests/support/postgres_server.hpp"

#include <algorithm>
#include <atomic>
#include <iostream>
#include <thread>

namespace larder::test {

namespace {

using std::chrono::steady_clock;

class postgres_world final : public truth_world {
 public:
  std::unique_ptr<truth_store> open_store() override {
    return std::make_unique<postgres_store>(settings_);
  }
  std::unique_ptr<outbox> open_outbox() override {
    return std::make_unique<postgres_outbox>(settings_);
  }
  void program_put(const key& k, const std::string& content) override {
    program_("INSERT INTO knowledge_artifacts (artifact_type, artifact_id,"
             " content_raw, content) VALUES ("
             + quoted(k.type) + ", " + quoted(k.id) + ", " + quoted(content)
             + ", " + quoted(content)
             + ") ON CONFLICT (artifact_type, artifact_id) DO UPDATE SET"
               " content_raw = EXCLUDED.content_raw,"
               " content = EXCLUDED.content, version = EXCLUDED.version");
  }
  void program_erase(const key& k) override {
    program_("DELETE FROM knowledge_artifacts WHERE artifact_type = "
             + quoted(k.type) + " AND artifact_id = " + quoted(k.id));
  }
  void program_rename(const key& from, const key& to) override {
    program_("UPDATE knowledge_artifacts SET artifact_type = " + quoted(to.type)
             + ", artifact_id = " + quoted(to.id) + " WHERE artifact_type = "
             + quoted(from.type) + " AND artifact_id = " + quoted(from.id));
  }
  void truncate() override { program_("TRUNCATE knowledge_artifacts"); }

 private:
  config::postgres_settings settings_ = postgres_server::shared().settings(
      postgres_server::shared().create_database());
  postgres_program program_{settings_};
};

const auto in_postgres = testing::Values(truth_world_maker{
    "postgres", [] { return std::make_unique<postgres_world>(); }});

INSTANTIATE_TEST_SUITE_P(Postgres, FingerprintContract, in_postgres);
INSTANTIATE_TEST_SUITE_P(Postgres, OutboxContract, in_postgres);
INSTANTIATE_TEST_SUITE_P(Postgres, SearchContract, in_postgres);
INSTANTIATE_TEST_SUITE_P(Postgres, TruthStoreContract, in_postgres);

class PostgresStoreTest : public testing::Test {
 protected:
  static write_request put_of(key k, std::string content) {
    write_request w;
    w.key = std::move(k);
    w.content = std::move(content);
    return w;
  }

  caf::expected<version_info> put(postgres_store& store, key k,
                                  std::string content) {
    auto w = put_of(std::move(k), std::move(content));
    auto all = store.write({&w, 1});
    if (!all)
      return all.error();
    return all->front();
  }

  postgres_server& server_ = postgres_server::shared();
  std::string database_ = server_.create_database();
  config::postgres_settings settings_ = server_.settings(database_);
  postgres_store store_{settings_};
  postgres_program program_{settings_};
  key a_{"t", "a"};
};

}  // namespace

TEST_F(PostgresStoreTest, WritesMetadataAndTagsAndLeavesThemWhenNotGiven) {
  auto w = put_of(a_, "{}");
  w.metadata = R"({"who":"me"})";
  w.tags = std::vector<std::string>{"x", "a,b", "\"q\" \\ {}"};
  ASSERT_TRUE(store_.write({&w, 1}));
  ASSERT_TRUE(put(store_, a_, R"({"v":2})"));
  EXPECT_EQ(program_("SELECT metadata->>'who' FROM knowledge_artifacts"), "me");
  EXPECT_EQ(program_("SELECT tags[2] || tags[3] FROM knowledge_artifacts"),
            "a,b\"q\" \\ {}");
  w.tags->clear();
  ASSERT_TRUE(store_.write({&w, 1}));
  EXPECT_EQ(program_("SELECT cardinality(tags) FROM knowledge_artifacts"), "0");
}

TEST_F(PostgresStoreTest, KeepsUsageCountersInTheTable) {
  ASSERT_TRUE(put(store_, a_, "{}"));
  std::vector<usage> reads{{a_, 3}, {a_, 4}};
  ASSERT_TRUE(store_.count_usage(reads));
  EXPECT_EQ(program_("SELECT usage_count FROM knowledge_artifacts"
                     " WHERE last_used_at IS NOT NULL"),
            "7");
}

TEST_F(PostgresStoreTest, LetsOneOfManyCreateAKey) {
  // Every writer expects the key to be absent; one may be right.
  std::atomic<int> created{0};
  std::atomic<int> refused{0};
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i)
    writers.emplace_back([&] {
      postgres_store store{settings_};
      for (int n = 0; n < 20; ++n) {
        auto w = put_of({"race", std::to_string(n)}, "{}");
        w.expected_revision = 0;
        auto all = store.write({&w, 1});
        if (!all)
          ADD_FAILURE() << message_of(all.error());
        else if (all->front())
          ++created;
        else if (code_of(all->front().error()) == ec::revision_conflict)
          ++refused;
      }
    });
  for (auto& w : writers)
    w.join();
  EXPECT_EQ(created, 20);
  EXPECT_EQ(refused, 60);
}

TEST_F(PostgresStoreTest, LosesNoUpdateOfConcurrentCompareAndSet) {
  ASSERT_TRUE(put(store_, a_, R"({"n":0})"));
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i)
    writers.emplace_back([&] {
      postgres_store store{settings_};
      for (int done = 0; done < 25;) {
        auto found = store.get({&a_, 1});
        ASSERT_TRUE(found);
        auto text = std::string{found->front().value->content()};
        auto w = put_of(a_, "{\"n\":" + std::to_string(std::atoi(&text[5]) + 1)
                                + "}");
        w.expected_revision = found->front().info.revision;
        auto all = store.write({&w, 1});
        ASSERT_TRUE(all) << message_of(all.error());
        done += all->front() ? 1 : 0;
      }
    });
  for (auto& w : writers)
    w.join();
  auto end = store_.get({&a_, 1});
  EXPECT_EQ(end->front().value->content(), R"({"n":100})");
  EXPECT_EQ(end->front().info.version, 101);
}

TEST_F(PostgresStoreTest, WritesOverlappingBatchesWithoutDeadlock) {
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i)
    writers.emplace_back([&, i] {
      postgres_store store{settings_};
      for (int round = 0; round < 10; ++round) {
        std::vector<write_request> batch;
        for (int n = 0; n < 32; ++n)
          batch.push_back(put_of(
              {"t", std::to_string((n * (2 * i + 1) + round) % 32)}, "{}"));
        auto all = store.write(batch);
        ASSERT_TRUE(all) << message_of(all.error());
        for (auto& one : *all)
          EXPECT_TRUE(one) << message_of(one.error());
      }
    });
  for (auto& w : writers)
    w.join();
  EXPECT_EQ(program_("SELECT sum(version) FROM larder.revisions"), "1280");
}

TEST_F(PostgresStoreTest, WritesTheRestWhenOneKeyIsHeldByAnother) {
  ASSERT_TRUE(put(store_, a_, R"({"v":1})"));
  settings_.lock_timeout = std::chrono::milliseconds{100};
  postgres_store store{settings_};
  postgres_program holder{settings_};
  holder("BEGIN; UPDATE knowledge_artifacts SET usage_count = 5");
  std::vector<write_request> batch{put_of({"t", "0"}, "{}"),
                                   put_of(a_, R"({"v":2})"),
                                   put_of({"t", "b"}, "{}")};
  auto all = store.write(batch);
  ASSERT_TRUE(all) << message_of(all.error());
  EXPECT_TRUE((*all)[0]);
  EXPECT_EQ(code_of((*all)[1].error()), ec::deadline_exceeded);
  EXPECT_TRUE((*all)[2]);
  // Counters do not even wait.
  usage reads{a_, 1};
  EXPECT_TRUE(store.count_usage({&reads, 1}));
  holder("ROLLBACK");
  EXPECT_TRUE(put(store, a_, R"({"v":3})"));
}

TEST_F(PostgresStoreTest, WritesTheRestWhenAnotherTriggerRefusesOne) {
  program_("ALTER TABLE knowledge_artifacts ADD CHECK (artifact_id <> 'bad')");
  std::vector<write_request> batch{put_of({"t", "1"}, "{}"),
                                   put_of({"t", "bad"}, "{}"),
                                   put_of({"t", "2"}, "{}")};
  auto all = store_.write(batch);
  ASSERT_TRUE(all) << message_of(all.error());
  EXPECT_TRUE((*all)[0]);
  EXPECT_EQ(code_of((*all)[1].error()), ec::invalid_request);
  EXPECT_TRUE((*all)[2]);
}

TEST_F(PostgresStoreTest, ReadsOneKeyNearlyAsFastAsAPlainSelect) {
  for (int i = 0; i < 1000; ++i)
    ASSERT_TRUE(put(store_, {"t", std::to_string(i)},
                    "{\"v\":\"" + std::string(1000, 'x') + "\"}"));
  program_("ANALYZE");
  postgres_session plain{settings_};
  static constexpr postgres_statement by_key{
      "plain", "SELECT content_raw FROM knowledge_artifacts"
               " WHERE artifact_type = $1 AND artifact_id = $2"};
  auto median = [](auto&& call) {
    std::vector<double> times;
    for (int i = 0; i < 3000; ++i) {
      auto begin = steady_clock::now();
      call(std::to_string(i % 1000));
      times.push_back(
          std::chrono::duration<double, std::micro>(steady_clock::now() - begin)
              .count());
    }
    std::nth_element(times.begin(), times.begin() + 1500, times.end());
    return times[1500];
  };
  auto select = median([&](const std::string& id) {
    ASSERT_TRUE(plain.run(by_key, {"t", id}));
  });
  auto get = median([&](const std::string& id) {
    key k{"t", id};
    ASSERT_TRUE((*store_.get({&k, 1})).front().value);
  });
  std::vector<key> many;
  for (int i = 0; i < 256; ++i)
    many.push_back({"t", std::to_string(i)});
  auto begin = steady_clock::now();
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(store_.get(many));
  auto per_key =
      std::chrono::duration<double, std::micro>(steady_clock::now() - begin)
          .count()
      / 20 / 256;
  std::cout << "[   rate   ] plain select " << select << " us, get of one key "
            << get << " us, get of 256 keys " << per_key << " us a key\n";
  // Generous: it is here to catch a scan of the table, not a busy machine.
  EXPECT_LT(get, 4 * select + 100);
}

TEST_F(PostgresStoreTest, WritesBatchesOf256) {
  auto begin = steady_clock::now();
  constexpr int batches = 20;
  for (int b = 0; b < batches; ++b) {
    std::vector<write_request> batch;
    for (int i = 0; i < 256; ++i)
      batch.push_back(put_of({"t", std::to_string(b * 256 + i)},
                             "{\"v\":\"" + std::string(4096, 'x') + "\"}"));
    ASSERT_TRUE(store_.write(batch));
  }
  auto seconds =
      std::chrono::duration<double>(steady_clock::now() - begin).count();
  std::cout << "[   rate   ] " << batches * 256 / seconds
            << " puts of 4 KiB a second in batches of 256\n";
  EXPECT_EQ(program_("SELECT count(*) FROM knowledge_artifacts"), "5120");
}

}  // namespace larder::test
