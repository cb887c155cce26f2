#include "storage/postgres_outbox.hpp"

#include "storage/error.hpp"
#include "storage/postgres_store.hpp"
#include "tests/support/postgres_server.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <iostream>
#include <map>
#include <thread>

namespace larder::test {

namespace {

class PostgresOutboxTest : public testing::Test {
 protected:
  void put(const std::string& id) {
    program_("INSERT INTO knowledge_artifacts (artifact_type, artifact_id,"
             " content_raw) VALUES ('t', '"
             + id + "', '{}')");
  }

  postgres_server& server_ = postgres_server::shared();
  config::postgres_settings settings_ =
      server_.settings(server_.create_database());
  postgres_program program_{settings_};
  postgres_outbox outbox_{settings_};
};

}  // namespace

TEST_F(PostgresOutboxTest, ShowsARowThatCommitsLateWithALowerId) {
  postgres_program slow{settings_};
  slow("BEGIN; INSERT INTO knowledge_artifacts (artifact_type, artifact_id,"
       " content_raw) VALUES ('t', 'slow', '{}')");
  put("fast");
  auto before = outbox_.unpublished(10);
  ASSERT_EQ(before->rows.size(), 1u);
  EXPECT_EQ(before->rows[0].key.id, "fast");
  slow("COMMIT");
  auto after = outbox_.unpublished(10);
  ASSERT_EQ(after->rows.size(), 2u);
  EXPECT_EQ(after->rows[0].key.id, "slow");
}

TEST_F(PostgresOutboxTest, ShowsRowsThatAnotherSessionHasLocked) {
  put("a");
  postgres_program other{settings_};
  other("BEGIN; SELECT * FROM larder.outbox FOR UPDATE");
  EXPECT_EQ(outbox_.unpublished(10)->rows.size(), 1u);
  other("ROLLBACK");
}

TEST_F(PostgresOutboxTest, GivesTheLeaseByTheServersClock) {
  EXPECT_TRUE(*outbox_.hold_lease("relay", "one", std::chrono::hours{1}));
  program_("UPDATE larder.lease SET expires_at = clock_timestamp()");
  EXPECT_TRUE(*outbox_.hold_lease("relay", "two", std::chrono::hours{1}));
  EXPECT_FALSE(*outbox_.hold_lease("relay", "one", std::chrono::hours{1}));
}

TEST_F(PostgresOutboxTest, KnowsNothingOfKeysThatLarderCannotAddress) {
  postgres_store store{settings_};
  program_("INSERT INTO knowledge_artifacts (artifact_type, artifact_id,"
           " content_raw) VALUES (repeat('x', 300), 'a', '{}'),"
           " ('t', repeat('x', 70000 / 100), '{}'), ('t', '', '{}'),"
           " ('t', E'line\\nbreak', '{}'), ('t', 'good', '{}')");
  auto batch = outbox_.unpublished(10);
  ASSERT_EQ(batch->rows.size(), 1u);
  EXPECT_EQ(batch->rows[0].key.id, "good");
  EXPECT_EQ(store.list("t", 10, "")->size(), 1u);
  EXPECT_EQ(store.scan(std::nullopt, 10, std::nullopt)->size(), 1u);
}

TEST_F(PostgresOutboxTest, NeverShowsALowerRevisionAfterAHigherOne) {
  // Writers of many kinds on few keys; a reader that looks all the time must
  // see each key's revision go up only, and each revision belong to one value.
  constexpr int writers = 4;
  std::atomic<int> running{writers};
  std::vector<std::thread> threads;
  for (int w = 0; w < writers; ++w)
    threads.emplace_back([&, w] {
      postgres_program program{settings_};
      for (int n = 0; n < 60; ++n) {
        auto id = std::to_string(n % 3);
        auto value = "'{\"w\":" + std::to_string(w)
                     + ",\"n\":" + std::to_string(n) + "}'";
        if (n % 10 == 9)
          program("DELETE FROM knowledge_artifacts WHERE artifact_id = '" + id
                  + "'");
        else if (n % 2 == 0)
          program("UPDATE knowledge_artifacts SET content = " + value
                  + " WHERE artifact_id = '" + id + "'");
        else
          program("INSERT INTO knowledge_artifacts (artifact_type,"
                  " artifact_id, content_raw) VALUES ('t', '"
                  + id + "', " + value
                  + ") ON CONFLICT (artifact_type, artifact_id)"
                    " DO UPDATE SET content_raw = EXCLUDED.content_raw");
      }
      --running;
    });
  postgres_store store{settings_};
  std::vector<key> keys{{"t", "0"}, {"t", "1"}, {"t", "2"}};
  std::map<key, std::map<std::int64_t, std::string>> seen;
  std::map<key, std::int64_t> last;
  while (running > 0) {
    auto all = store.get(keys);
    if (!all) {
      ADD_FAILURE() << message_of(all.error());
      break;
    }
    for (std::size_t i = 0; i < keys.size(); ++i) {
      auto& found = (*all)[i];
      EXPECT_GE(found.info.revision, last[keys[i]]);
      last[keys[i]] = found.info.revision;
      auto value = found.value ? std::string{found.value->content()} : "";
      auto at = seen[keys[i]].emplace(found.info.revision, value).first;
      EXPECT_EQ(at->second, value);
    }
  }
  for (auto& t : threads)
    t.join();
  EXPECT_EQ(program_("SELECT count(*) FROM larder.revisions r LEFT JOIN"
                     " knowledge_artifacts a USING (artifact_type,"
                     " artifact_id) WHERE r.deleted = (a.id IS NOT NULL)"
                     " OR r.version <> a.version"),
            "0");
  // One row a change, revisions of a key in the order of its commits.
  EXPECT_EQ(program_("SELECT count(*) - count(DISTINCT revision)"
                     " FROM larder.outbox"),
            "0");
}

TEST_F(PostgresOutboxTest, IsCheapWhenEmpty) {
  for (int i = 0; i < 300; ++i)
    put(std::to_string(i));
  std::vector<std::int64_t> ids;
  auto rows = std::move(outbox_.unpublished(1000)->rows);
  for (auto& row : rows)
    ids.push_back(row.id);
  ASSERT_TRUE(outbox_.published(ids, {}));
  std::vector<double> times;
  for (int i = 0; i < 1000; ++i) {
    auto begin = std::chrono::steady_clock::now();
    ASSERT_TRUE(outbox_.unpublished(256)->rows.empty());
    times.push_back(std::chrono::duration<double, std::micro>(
                        std::chrono::steady_clock::now() - begin)
                        .count());
  }
  std::nth_element(times.begin(), times.begin() + 500, times.end());
  std::cout << "[   rate   ] a look at the empty outbox " << times[500]
            << " us\n";
  EXPECT_LT(times[500], 2000);
}

}  // namespace larder::test
