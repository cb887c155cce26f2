#include "storage/postgres_session.hpp"

#include "storage/error.hpp"
#include "storage/postgres_store.hpp"
#include "tests/support/postgres_proxy.hpp"
#include "tests/support/postgres_server.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace larder::test {

namespace {

constexpr postgres_statement one{"one", "SELECT 1"};
constexpr postgres_statement sleeping{"sleeping", "SELECT pg_sleep(30)"};

class PostgresSessionTest : public testing::Test {
 protected:
  /// Why a store cannot start.
  caf::error refusal(config::postgres_settings settings) {
    auto r = postgres_store{std::move(settings)}.ping();
    return r ? caf::error{} : r.error();
  }

  caf::expected<version_info> put(postgres_store& store,
                                  const std::string& content) {
    write_request w;
    w.key = {"t", "a"};
    w.content = content;
    auto all = store.write({&w, 1});
    if (!all)
      return all.error();
    return all->front();
  }

  config::postgres_settings at(std::string url) {
    auto result = settings_;
    result.url = std::move(url);
    return result;
  }

  static void expect_says(const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  }

  postgres_server& server_ = postgres_server::shared();
  std::string database_ = server_.create_database();
  config::postgres_settings settings_ = server_.settings(database_);
  postgres_program program_{settings_};
};

}  // namespace

TEST_F(PostgresSessionTest, DoesNotConnectBeforeTheFirstCall) {
  postgres_store nowhere{at("postgresql://127.0.0.1:1/nothing")};
  auto r = nowhere.ping();
  ASSERT_FALSE(r);
  EXPECT_EQ(code_of(r.error()), ec::unavailable);
}

TEST_F(PostgresSessionTest, AppliesTheTimeoutsOfTheSettings) {
  settings_.statement_timeout = std::chrono::milliseconds{1234};
  postgres_session session{settings_};
  ASSERT_TRUE(session.connect());
  auto show = [&](const std::string& name) {
    return std::string{session.run_script("SHOW " + name)->text(0, 0)};
  };
  EXPECT_EQ(show("statement_timeout"), "1234ms");
  EXPECT_EQ(show("lock_timeout"), "1500ms");
  EXPECT_EQ(show("idle_in_transaction_session_timeout"), "5s");
  EXPECT_EQ(show("application_name"), "larder");
}

TEST_F(PostgresSessionTest, SaysWhatIsWrongWithThePasswordAndKeepsItSecret) {
  auto err = refusal(at(server_.tcp_url(database_, server_.port(), "wr0ng")));
  EXPECT_EQ(code_of(err), ec::configuration);
  expect_says(message_of(err), "password authentication failed");
  expect_says(message_of(err), "127.0.0.1");
  EXPECT_EQ(message_of(err).find("wr0ng"), std::string::npos)
      << message_of(err);
}

TEST_F(PostgresSessionTest, NamesAnUnknownDatabasePlaceOrPort) {
  expect_says(message_of(refusal(at(server_.url("no_such_database")))),
              "database \"no_such_database\" does not exist");
  // A host name would do as well, but who knows how long its look-up takes.
  expect_says(message_of(refusal(at("postgresql:///x?host=/no/such/place"))),
              "/no/such/place");
  expect_says(message_of(refusal(at("postgresql://127.0.0.1:1/x"))),
              "Connection refused");
  EXPECT_EQ(code_of(refusal(at(""))), ec::configuration);
  EXPECT_TRUE(refusal(at("not a url at all")));
}

TEST_F(PostgresSessionTest, NamesTheCommandThatMakesTheSchema) {
  auto err = refusal(server_.settings(server_.create_empty_database()));
  EXPECT_EQ(code_of(err), ec::configuration);
  expect_says(message_of(err), "larder migrate");
  program_("DELETE FROM larder.schema_migrations WHERE version > 1");
  expect_says(message_of(refusal(settings_)), "larder migrate");
}

TEST_F(PostgresSessionTest, SaysSoWhenTheSchemaGoesWhileItWorks) {
  postgres_store store{settings_};
  ASSERT_TRUE(put(store, "{}"));
  program_("DROP SCHEMA larder CASCADE");
  auto r = put(store, "{}");
  ASSERT_FALSE(r);
  EXPECT_EQ(code_of(r.error()), ec::unavailable);
  expect_says(message_of(r.error()), "larder migrate");
}

TEST_F(PostgresSessionTest, RefusesAsynchronousCommitUnlessToldOtherwise) {
  program_("ALTER DATABASE " + database_ + " SET synchronous_commit = off");
  auto err = refusal(settings_);
  EXPECT_EQ(code_of(err), ec::configuration);
  expect_says(message_of(err), "synchronous_commit");
  settings_.allow_asynchronous_commit = true;
  EXPECT_FALSE(refusal(settings_));
}

TEST_F(PostgresSessionTest, RefusesAnEncodingThatIsNotUtf8) {
  auto latin = server_.create_empty_database(
      "ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
  auto err = refusal(server_.settings(latin));
  EXPECT_EQ(code_of(err), ec::configuration);
  expect_says(message_of(err), "UTF8");
}

TEST_F(PostgresSessionTest, EndsAStatementThatTakesTooLong) {
  settings_.statement_timeout = std::chrono::milliseconds{50};
  postgres_session session{settings_};
  auto r = session.run(sleeping, {});
  ASSERT_FALSE(r);
  EXPECT_EQ(code_of(r.error()), ec::deadline_exceeded);
  EXPECT_TRUE(session.run(one, {}));
}

TEST_F(PostgresSessionTest, NoticesALostConnectionBeforeItIsUsed) {
  postgres_session session{settings_};
  ASSERT_TRUE(session.run(one, {}));
  program_("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
           " WHERE datname = current_database()"
           "   AND pid <> pg_backend_pid()");
  EXPECT_TRUE(session.run(one, {}));
}

TEST_F(PostgresSessionTest, ReportsTheLossInTheMiddleOfACallAndComesBack) {
  settings_.statement_timeout = std::chrono::seconds{30};
  postgres_session session{settings_};
  ASSERT_TRUE(session.connect());
  std::thread killer{[&] {
    while (program_("SELECT count(pg_terminate_backend(pid))"
                    "  FROM pg_stat_activity"
                    " WHERE datname = current_database()"
                    "   AND query LIKE '%pg_sleep%' AND state = 'active'"
                    "   AND pid <> pg_backend_pid()")
           == "0")
      ;
  }};
  auto r = session.run(sleeping, {});
  killer.join();
  ASSERT_FALSE(r);
  EXPECT_EQ(code_of(r.error()), ec::unavailable);
  EXPECT_TRUE(session.run(one, {}));
}

TEST_F(PostgresSessionTest, ComesBackWhenTheServerDoes) {
  postgres_server server;
  postgres_store store{server.settings(server.create_database())};
  auto before = put(store, R"({"v":1})");
  ASSERT_TRUE(before);
  server.stop();
  auto begin = std::chrono::steady_clock::now();
  auto down = put(store, R"({"v":2})");
  EXPECT_EQ(code_of(down.error()), ec::unavailable);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{2});
  server.start();
  auto after = put(store, R"({"v":3})");
  ASSERT_TRUE(after) << message_of(after.error());
  EXPECT_EQ(after->version, 2);
  EXPECT_EQ(after->epoch, before->epoch);
}

// -- commits in doubt --------------------------------------------------------

TEST_F(PostgresSessionTest, FindsOutThatALostCommitHappened) {
  postgres_proxy proxy{server_.port()};
  postgres_store store{at(server_.tcp_url(database_, proxy.port()))};
  ASSERT_TRUE(put(store, R"({"v":1})"));
  proxy.next(postgres_proxy::cut::after_commit);
  auto r = put(store, R"({"v":2})");
  EXPECT_EQ(proxy.cuts(), 1);
  ASSERT_TRUE(r) << message_of(r.error());
  EXPECT_EQ(r->version, 2);
  EXPECT_EQ(program_("SELECT content_raw FROM knowledge_artifacts"),
            R"({"v":2})");
  EXPECT_EQ(program_("SELECT max(revision) FROM larder.outbox"),
            std::to_string(r->revision));
}

TEST_F(PostgresSessionTest, FindsOutThatALostCommitDidNotHappen) {
  postgres_proxy proxy{server_.port()};
  postgres_store store{at(server_.tcp_url(database_, proxy.port()))};
  ASSERT_TRUE(put(store, R"({"v":1})"));
  proxy.next(postgres_proxy::cut::before_commit);
  auto r = put(store, R"({"v":2})");
  EXPECT_EQ(proxy.cuts(), 1);
  ASSERT_FALSE(r);
  EXPECT_EQ(code_of(r.error()), ec::unavailable);
  expect_says(message_of(r.error()), "nothing was written");
  EXPECT_EQ(program_("SELECT content_raw FROM knowledge_artifacts"),
            R"({"v":1})");
  // The abandoned transaction holds no lock any more.
  EXPECT_TRUE(put(store, R"({"v":3})"));
}

TEST_F(PostgresSessionTest, SaysThatItDoesNotKnowWhenItCannotAsk) {
  postgres_proxy proxy{server_.port()};
  postgres_store store{at(server_.tcp_url(database_, proxy.port()))};
  ASSERT_TRUE(put(store, R"({"v":1})"));
  proxy.next(postgres_proxy::cut::after_commit_for_good);
  auto r = put(store, R"({"v":2})");
  ASSERT_FALSE(r);
  EXPECT_EQ(code_of(r.error()), ec::unavailable);
  expect_says(message_of(r.error()), "outcome is unknown");
}

TEST_F(PostgresSessionTest, DoesNotTakeAnotherHistorysWordForACommit) {
  postgres_proxy proxy{server_.port()};
  postgres_store store{at(server_.tcp_url(database_, proxy.port()))};
  ASSERT_TRUE(put(store, R"({"v":1})"));
  // As after a failover: the server says that it is on another timeline.
  program_("CREATE OR REPLACE FUNCTION larder.history() RETURNS text"
           " LANGUAGE sql AS $$ SELECT 'elsewhere-7' $$");
  proxy.next(postgres_proxy::cut::after_commit);
  auto r = put(store, R"({"v":2})");
  ASSERT_FALSE(r);
  expect_says(message_of(r.error()), "outcome is unknown");
  EXPECT_EQ(put(store, "{}")->epoch.text(), "elsewhere-7-1");
}

}  // namespace larder::test
