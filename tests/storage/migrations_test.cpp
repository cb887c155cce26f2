#include "storage/migrations.hpp"

#include "storage/error.hpp"
#include "storage/postgres_store.hpp"
#include "tests/support/postgres_server.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace larder::test {

namespace {

// The table as it was before Larder; {} stands for what tests vary.
std::string old_table(const std::string& constraint) {
  return "CREATE TABLE knowledge_artifacts (id SERIAL PRIMARY KEY,"
         " artifact_id TEXT NOT NULL, artifact_type TEXT NOT NULL,"
         " content_raw TEXT NOT NULL, content JSONB NOT NULL, metadata JSONB,"
         " usage_count INTEGER DEFAULT 0, success_rate FLOAT DEFAULT 0.0,"
         " last_used_at TIMESTAMPTZ, created_at TIMESTAMPTZ DEFAULT NOW(),"
         " updated_at TIMESTAMPTZ DEFAULT NOW(), version INTEGER DEFAULT 1"
         + constraint
         + ");"
           "INSERT INTO knowledge_artifacts (artifact_id, artifact_type,"
           " content_raw, content, version) VALUES"
           " ('a', 't', '{\"v\": 1}', '{\"v\": 1}', 7),"
           " ('b', 't', '{}', '{}', 1)";
}

class MigrationsTest : public testing::Test {
 protected:
  std::string columns() {
    return program_("SELECT string_agg(attname || ' ' || atttypid::regtype,"
                    " ', ' ORDER BY attnum) FROM pg_attribute"
                    " WHERE attrelid = 'public.knowledge_artifacts'::regclass"
                    "   AND attnum > 0 AND NOT attisdropped");
  }

  std::string message(const migrate_options& options = {}) {
    auto r = migrate(settings_, options);
    if (r)
      return "no error";
    EXPECT_EQ(code_of(r.error()), ec::configuration);
    return message_of(r.error());
  }

  static void expect_says(const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  }

  postgres_server& server_ = postgres_server::shared();
  config::postgres_settings settings_ =
      server_.settings(server_.create_empty_database());
  postgres_program program_{settings_};
  static constexpr auto unique = ", UNIQUE (artifact_type, artifact_id)";
};

}  // namespace

TEST_F(MigrationsTest, AreNumberedWithoutAGap) {
  int expected = 0;
  for (auto& m : migrations())
    EXPECT_EQ(m.number, ++expected) << m.name;
  EXPECT_EQ(newest_migration(), expected);
}

TEST_F(MigrationsTest, ListWhatIsPendingAndChangeNothingInADryRun) {
  migrate_options dry;
  dry.dry_run = true;
  auto r = migrate(settings_, dry);
  ASSERT_TRUE(r) << message_of(r.error());
  EXPECT_EQ(r->from, 0);
  EXPECT_EQ(r->to, newest_migration());
  ASSERT_EQ(r->pending.size(), migrations().size());
  EXPECT_EQ(r->pending.front(), "0001_knowledge_artifacts");
  EXPECT_FALSE(r->adopted);
  EXPECT_EQ(program_("SELECT count(*) FROM pg_class WHERE relname ="
                     " 'knowledge_artifacts' OR relnamespace IN"
                     " (SELECT oid FROM pg_namespace WHERE nspname ="
                     " 'larder')"),
            "0");
}

TEST_F(MigrationsTest, MakeTheSchemaOnceAndThenNothingMore) {
  auto first = migrate(settings_);
  ASSERT_TRUE(first) << message_of(first.error());
  EXPECT_EQ(first->pending.size(), migrations().size());
  auto second = migrate(settings_);
  ASSERT_TRUE(second) << message_of(second.error());
  EXPECT_EQ(second->from, newest_migration());
  EXPECT_TRUE(second->pending.empty());
  for (auto column :
       {"id integer", "artifact_id text", "artifact_type text",
        "content_raw text", "content jsonb", "metadata jsonb", "tags text[]",
        "usage_count integer", "success_rate double precision",
        "last_used_at timestamp with time zone",
        "created_at timestamp with time zone",
        "updated_at timestamp with time zone", "version integer"})
    expect_says(columns(), column);
}

TEST_F(MigrationsTest, WaitForEachOtherWhenNodesStartTogether) {
  std::vector<std::thread> nodes;
  for (int i = 0; i < 4; ++i)
    nodes.emplace_back([&] {
      auto r = migrate(settings_);
      EXPECT_TRUE(r) << message_of(r.error());
    });
  for (auto& n : nodes)
    n.join();
  EXPECT_EQ(program_("SELECT count(*) FROM larder.schema_migrations"),
            std::to_string(migrations().size()));
}

TEST_F(MigrationsTest, RefuseASchemaNewerThanTheyKnow) {
  ASSERT_TRUE(migrate(settings_));
  program_("INSERT INTO larder.schema_migrations VALUES (999, 'future')");
  expect_says(message(), "newer than this binary");
}

TEST_F(MigrationsTest, AdoptAnExistingTableAsItIs) {
  program_(old_table(unique));
  auto before = columns();
  auto r = migrate(settings_);
  ASSERT_TRUE(r) << message_of(r.error());
  EXPECT_TRUE(r->adopted);
  EXPECT_EQ(columns(), before);

  postgres_store store{settings_};
  key a{"t", "a"};
  auto found = store.get({&a, 1});
  ASSERT_TRUE(found) << message_of(found.error());
  ASSERT_TRUE(found->front().value);
  EXPECT_EQ(found->front().value->content(), "{\"v\": 1}");
  EXPECT_GT(found->front().info.revision, 0);
  EXPECT_EQ(found->front().info.version, 7);
  // What was there before is no change.
  EXPECT_EQ(program_("SELECT count(*) FROM larder.outbox"), "0");

  write_request w;
  w.key = a;
  w.content = R"({"v":2})";
  w.tags = std::vector<std::string>{"x"};
  auto all = store.write({&w, 1});
  ASSERT_TRUE(all) << message_of(all.error());
  ASSERT_TRUE(all->front()) << message_of(all->front().error());
  EXPECT_EQ(all->front()->version, 8);
  EXPECT_EQ(program_("SELECT tags[1] FROM larder.tags"), "x");

  migrate_options alter;
  alter.alter_existing = true;
  ASSERT_TRUE(migrate(settings_, alter));
  EXPECT_EQ(program_("SELECT tags[1] FROM knowledge_artifacts"
                     " WHERE artifact_id = 'a'"),
            "x");
  w.tags = std::vector<std::string>{"y"};
  ASSERT_TRUE(store.write({&w, 1}));
  EXPECT_EQ(program_("SELECT tags[1] FROM knowledge_artifacts"
                     " WHERE artifact_id = 'a'"),
            "y");
}

TEST_F(MigrationsTest, RefuseATableWithoutTheUniqueKeyUnlessMayAddIt) {
  program_(old_table(", UNIQUE (artifact_id)"));
  expect_says(message(), "unique");
  EXPECT_EQ(program_("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal"),
            "0");
  migrate_options alter;
  alter.alter_existing = true;
  auto r = migrate(settings_, alter);
  ASSERT_TRUE(r) << message_of(r.error());

  // Its own, narrower constraint still holds, and harms no other request.
  postgres_store store{settings_};
  std::vector<write_request> batch(2);
  batch[0].key = {"other", "a"};
  batch[1].key = {"other", "new"};
  batch[0].content = batch[1].content = "{}";
  auto all = store.write(batch);
  ASSERT_TRUE(all) << message_of(all.error());
  EXPECT_EQ(code_of((*all)[0].error()), ec::invalid_request);
  EXPECT_TRUE((*all)[1]);
}

TEST_F(MigrationsTest, NameTheColumnsThatAreMissing) {
  program_(old_table(unique));
  program_("ALTER TABLE knowledge_artifacts DROP COLUMN metadata");
  expect_says(message(), "metadata");
  migrate_options alter;
  alter.alter_existing = true;
  EXPECT_TRUE(migrate(settings_, alter));
  expect_says(columns(), "metadata jsonb");
}

TEST_F(MigrationsTest, RefuseATableThatIsSomethingElse) {
  program_("CREATE TABLE knowledge_artifacts (id INTEGER)");
  expect_says(message(), "artifact_type, artifact_id, content_raw, content");
  migrate_options alter;
  alter.alter_existing = true;
  expect_says(message(alter), "rename it");
}

}  // namespace larder::test
