// What programs do to knowledge_artifacts that know nothing of Larder, each in
// its own way, and what a reader of Larder must see of it.
#include "storage/error.hpp"
#include "storage/postgres_outbox.hpp"
#include "storage/postgres_store.hpp"
#include "tests/support/postgres_server.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace larder::test {

namespace {

class MigrationsTriggersTest : public testing::Test {
 protected:
  lookup get(const std::string& id = "a") {
    key k{"t", id};
    auto all = store_.get({&k, 1});
    EXPECT_TRUE(all) << message_of(all.error());
    return all ? all->front() : lookup{};
  }

  std::string raw(const std::string& id = "a") {
    auto found = get(id);
    return found.value ? std::string{found.value->content()} : "(absent)";
  }

  std::string column(const std::string& expression) {
    return program_("SELECT " + expression
                    + " FROM knowledge_artifacts"
                      " WHERE artifact_id = 'a'");
  }

  /// "put a 1, delete a 2": what the relay would publish, with versions.
  std::string changes() {
    std::string text;
    auto batch = outbox_.unpublished(1000);
    EXPECT_TRUE(batch) << message_of(batch.error());
    std::vector<std::int64_t> ids;
    for (auto& row : batch->rows) {
      text += (text.empty() ? "" : ", ")
              + std::string{row.deleted ? "delete " : "put "} + row.key.id + ' '
              + std::to_string(row.info.version);
      ids.push_back(row.id);
    }
    EXPECT_TRUE(outbox_.published(ids, {}));
    return text;
  }

  void insert(const std::string& columns, const std::string& values) {
    program_("INSERT INTO knowledge_artifacts (artifact_type, artifact_id, "
             + columns + ") VALUES ('t', 'a', " + values + ")");
  }

  postgres_server& server_ = postgres_server::shared();
  std::string database_ = server_.create_database();
  config::postgres_settings settings_ = server_.settings(database_);
  postgres_program program_{settings_};
  postgres_store store_{settings_};
  postgres_outbox outbox_{settings_};
};

}  // namespace

TEST_F(MigrationsTriggersTest, TakeARawValueAlone) {
  insert("content_raw", R"('{"b": 1,  "a":2}')");
  EXPECT_EQ(raw(), R"({"b": 1,  "a":2})");
  EXPECT_EQ(column("content->>'a'"), "2");
  EXPECT_EQ(changes(), "put a 1");
  program_(R"(UPDATE knowledge_artifacts SET content_raw = '{"a" :3}')");
  EXPECT_EQ(raw(), R"({"a" :3})");
  EXPECT_EQ(column("content->>'a'"), "3");
  EXPECT_EQ(changes(), "put a 2");
}

TEST_F(MigrationsTriggersTest, TakeJsonbAlone) {
  insert("content", R"('{"b":1,"a":2}')");
  EXPECT_EQ(raw(), R"({"a": 2, "b": 1})");
  program_("UPDATE knowledge_artifacts SET content ="
           " jsonb_set(content, '{a}', '5')");
  EXPECT_EQ(raw(), R"({"a": 5, "b": 1})");
  EXPECT_EQ(changes(), "put a 1, put a 2");
}

TEST_F(MigrationsTriggersTest, KeepBothWhenTheProgramGivesBoth) {
  insert("content_raw, content", R"('{ "v" : 1 }', '{"v":1}')");
  program_(R"(UPDATE knowledge_artifacts SET content_raw = '{ "v" : 2 }',)"
           R"( content = '{"v":2}')");
  EXPECT_EQ(raw(), R"({ "v" : 2 })");
  EXPECT_EQ(column("content->>'v'"), "2");
  EXPECT_EQ(column("version"), "2");
}

TEST_F(MigrationsTriggersTest, RefuseARowWithoutAnyContent) {
  EXPECT_EQ(program_.state_of("INSERT INTO knowledge_artifacts (artifact_type,"
                              " artifact_id) VALUES ('t', 'a')"),
            "23502");
}

TEST_F(MigrationsTriggersTest, PutAPlaceholderWhereJsonbCannotHoldTheValue) {
  for (auto value : {R"({"s":"\u0000"})", R"({"n":1e200000})", "not json"}) {
    program_("DELETE FROM knowledge_artifacts");
    insert("content_raw", quoted(value));
    EXPECT_EQ(raw(), value);
    EXPECT_NE(column("content->>'larder'"), "") << value;
  }
  program_("UPDATE knowledge_artifacts SET content_raw = '{}'");
  EXPECT_EQ(column("content"), "{}");
}

TEST_F(MigrationsTriggersTest, CountAnUpsertOnceWhateverVersionItClaims) {
  auto upsert = [&](const std::string& value, int version) {
    program_("INSERT INTO knowledge_artifacts (artifact_id, artifact_type,"
             " content_raw, content, metadata, version) VALUES ('a', 't', "
             + quoted(value) + ", " + quoted(value) + ", '{}', "
             + std::to_string(version)
             + ") ON CONFLICT (artifact_type, artifact_id) DO UPDATE SET"
               " content_raw = EXCLUDED.content_raw,"
               " content = EXCLUDED.content, metadata = EXCLUDED.metadata,"
               " version = EXCLUDED.version, updated_at = NOW()");
  };
  upsert(R"({"v":1})", 77);
  EXPECT_EQ(column("version"), "1");
  upsert(R"({"v":2})", 1);
  EXPECT_EQ(column("version"), "2");
  upsert(R"({"v":3})", 1);
  EXPECT_EQ(column("version"), "3");
  EXPECT_EQ(get().info.version, 3);
  EXPECT_EQ(changes(), "put a 1, put a 2, put a 3");
}

TEST_F(MigrationsTriggersTest, TakeAnUpsertOfJsonbAlone) {
  // As Ecto does it, with conflict_target and on_conflict: {:replace, …}.
  for (auto v : {"1", "2"})
    program_(std::string{"INSERT INTO knowledge_artifacts AS k (artifact_type,"
                         " artifact_id, content, tags, created_at, updated_at)"
                         " VALUES ('t', 'a', '{\"v\":"}
             + v
             + "}', '{x}', now(), now()) ON CONFLICT (artifact_type,"
               " artifact_id) DO UPDATE SET content = EXCLUDED.content,"
               " tags = EXCLUDED.tags RETURNING id");
  EXPECT_EQ(raw(), R"({"v": 2})");
  EXPECT_EQ(changes(), "put a 1, put a 2");
}

TEST_F(MigrationsTriggersTest, DoNotFireForCounters) {
  insert("content_raw", "'{}'");
  auto before = get().info;
  changes();
  program_("UPDATE knowledge_artifacts SET usage_count = usage_count + 1,"
           " last_used_at = now(), success_rate = 0.5");
  EXPECT_EQ(get().info, before);
  EXPECT_EQ(changes(), "");
}

TEST_F(MigrationsTriggersTest, FireForMetadataAndTags) {
  insert("content_raw", "'{}'");
  program_("UPDATE knowledge_artifacts SET metadata = '{\"k\":1}'");
  program_("UPDATE knowledge_artifacts SET tags = '{x}'");
  EXPECT_EQ(changes(), "put a 1, put a 2, put a 3");
}

TEST_F(MigrationsTriggersTest, LetNobodySetTheVersion) {
  insert("content_raw", "'{}'");
  changes();
  program_("UPDATE knowledge_artifacts SET version = 100");
  EXPECT_EQ(column("version"), "1");
  EXPECT_EQ(changes(), "");
  program_("UPDATE knowledge_artifacts SET version = 0, content_raw = '[]'");
  EXPECT_EQ(column("version"), "2");
  EXPECT_EQ(get().info.version, 2);
}

TEST_F(MigrationsTriggersTest, GoOnCountingThroughDeleteAndInsert) {
  insert("content_raw", "'{}'");
  auto first = get().info;
  program_("BEGIN; DELETE FROM knowledge_artifacts; INSERT INTO"
           " knowledge_artifacts (artifact_type, artifact_id, content_raw)"
           " VALUES ('t', 'a', '[]'); COMMIT");
  EXPECT_EQ(get().info.version, 2);
  EXPECT_EQ(column("version"), "2");
  EXPECT_GT(get().info.revision, first.revision);
  EXPECT_EQ(changes(), "put a 1, delete a 1, put a 2");
}

TEST_F(MigrationsTriggersTest, LeaveNoTraceOfWhatIsRolledBack) {
  insert("content_raw", "'{}'");
  changes();
  auto before = get().info;
  program_("BEGIN; UPDATE knowledge_artifacts SET content_raw = '[]';"
           " DELETE FROM knowledge_artifacts; ROLLBACK");
  EXPECT_EQ(get().info, before);
  EXPECT_EQ(changes(), "");
}

TEST_F(MigrationsTriggersTest, SeeEveryRowOfOneStatement) {
  program_("INSERT INTO knowledge_artifacts (artifact_type, artifact_id,"
           " content_raw) SELECT 't', n::text, '{}'"
           " FROM generate_series(1, 3) n");
  program_("UPDATE knowledge_artifacts SET content_raw = '[]'"
           " WHERE artifact_id <> '2'");
  program_("DELETE FROM knowledge_artifacts WHERE artifact_id = '2'");
  EXPECT_EQ(changes(), "put 1 1, put 2 1, put 3 1, put 1 2, put 3 2, "
                       "delete 2 1");
}

TEST_F(MigrationsTriggersTest, GiveARenamedRowTheVersionOfItsNewKey) {
  insert("content_raw", "'{}'");
  program_("UPDATE knowledge_artifacts SET content_raw = '[]'");
  program_("UPDATE knowledge_artifacts SET artifact_id = 'b'");
  EXPECT_EQ(get("b").info.version, 1);
  EXPECT_EQ(program_("SELECT version FROM knowledge_artifacts"), "1");
  program_("UPDATE knowledge_artifacts SET artifact_id = 'a'");
  EXPECT_EQ(get("a").info.version, 3);
  EXPECT_EQ(column("version"), "3");
}

TEST_F(MigrationsTriggersTest, WorkForARoleThatHasNoRightsInTheSchema) {
  program_("DO $$ BEGIN CREATE ROLE guest LOGIN; EXCEPTION WHEN"
           " duplicate_object THEN NULL; END $$;"
           " GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE"
           " ON knowledge_artifacts TO guest;"
           " GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO guest");
  auto url = settings_;
  url.url.replace(url.url.find("user=larder"), 11, "user=guest");
  postgres_session guest{url, postgres_session::schema::any};
  auto run = [&](const std::string& sql) {
    auto r = guest.run_script(sql);
    EXPECT_TRUE(r) << message_of(r.error());
  };
  run("INSERT INTO knowledge_artifacts (artifact_type, artifact_id,"
      " content_raw) VALUES ('t', 'a', '{}')");
  run("UPDATE knowledge_artifacts SET content_raw = '[]'");
  EXPECT_EQ(changes(), "put a 1, put a 2");
  auto before = get().info.epoch;
  run("TRUNCATE knowledge_artifacts");
  EXPECT_NE(get().info.epoch, before);
  EXPECT_FALSE(guest.run_script("SELECT * FROM larder.outbox"));
}

TEST_F(MigrationsTriggersTest, CountOneVersionAWriteHoweverManyInsertAtOnce) {
  // Insert, update and delete of one key from several sides: the column must
  // end at what larder.revisions says, and versions must count the puts.
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i)
    writers.emplace_back([&] {
      postgres_program program{settings_};
      for (int n = 0; n < 40; ++n) {
        program("INSERT INTO knowledge_artifacts (artifact_type, artifact_id,"
                " content_raw) VALUES ('t', 'a', '{}') ON CONFLICT"
                " (artifact_type, artifact_id) DO UPDATE SET content_raw ="
                " EXCLUDED.content_raw");
        if (n % 5 == 0)
          program("DELETE FROM knowledge_artifacts");
      }
    });
  for (auto& w : writers)
    w.join();
  program_("DELETE FROM knowledge_artifacts");
  insert("content_raw", "'{}'");
  EXPECT_EQ(column("version"), "161");
  EXPECT_EQ(get().info.version, 161);
  EXPECT_EQ(program_("SELECT count(*) FROM larder.outbox WHERE op = 'put'"),
            "161");
}

}  // namespace larder::test
