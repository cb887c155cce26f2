#include "cluster/jetstream_log.hpp"

#include "storage/error.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/nats_server.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <atomic>

namespace larder {

namespace {

using namespace larder::test;
using nlohmann::json;
using std::chrono::steady_clock;

class JetstreamLogTest : public testing::Test {
 protected:
  static std::shared_ptr<nats::client> connected_to(const nats_server& s) {
    auto c = nats::client::connect_now(s.settings(), "test");
    if (!c)
      throw std::runtime_error(message_of(c.error()));
    return *c;
  }

  JetstreamLogTest()
      : client_(connected_to(server_)),
        log_(std::make_unique<jetstream_log>(client_,
                                             config::coherence_settings{})) {}

  caf::expected<std::uint64_t> publish(const std::string& subject,
                                       const std::string& id,
                                       const std::string& body) {
    auto x = outcome_of<std::uint64_t>([&](auto done) {
      log_->publish(subject, id, body, 2s, std::move(done));
    });
    return x ? *x : fail(ec::internal, "never completed");
  }

  std::uint64_t append(int i) {
    auto n = std::to_string(i);
    auto r = publish("template.updated.t." + n, "id-" + n, n);
    EXPECT_TRUE(r) << message_of(r.error());
    return r ? *r : 0;
  }

  caf::expected<log_info> info() {
    auto x = outcome_of<log_info>(
        [&](auto done) { log_->info(2s, std::move(done)); });
    return x ? *x : fail(ec::internal, "never completed");
  }

  caf::expected<std::optional<log_identity>> at(std::uint64_t sequence) {
    auto x = outcome_of<std::optional<log_identity>>(
        [&](auto done) { log_->at(sequence, 2s, std::move(done)); });
    return x ? *x : fail(ec::internal, "never completed");
  }

  void read(log_start from) {
    log_->read(from, {[this](log_record r) { records_.put(std::move(r)); },
                      [this](caf::error e) { lost_.put(message_of(e)); }});
  }

  void await_running() {
    append(1'000'000);
    std::optional<log_record> r;
    do
      r = records_.next();
    while (r && r->payload != "1000000");
    ASSERT_TRUE(r);
  }

  json api(const std::string& subject, const json& body = json::object()) {
    auto r = client_->request_sync("$JS.API." + subject, {}, body.dump(), 2s);
    return r ? json::parse(r->data()) : json{};
  }

  nats_server server_;
  mailbox<log_record> records_;
  mailbox<std::string> lost_;
  std::shared_ptr<nats::client> client_;
  std::unique_ptr<jetstream_log> log_;
};

}  // namespace

TEST_F(JetstreamLogTest, MakesItsStreamForTheFirstRecord) {
  EXPECT_EQ(append(1), 1u);
  EXPECT_EQ(append(2), 2u);
  auto i = info();
  ASSERT_TRUE(i);
  EXPECT_EQ(i->first_sequence, 1u);
  EXPECT_EQ(i->last_sequence, 2u);
  EXPECT_GT(i->created, 0);
  auto config = api("STREAM.INFO.LARDER_CHANGES").at("config");
  EXPECT_EQ(config.at("storage"), "file");
  EXPECT_EQ(config.at("max_age"), 3'600'000'000'000);
  EXPECT_EQ(
      config.at("subjects"),
      json({"template.updated.>", "template.invalidate.>", "larder.log.>"}));
}

TEST_F(JetstreamLogTest, StoresARecordWithAKnownIdOnce) {
  auto first = publish("larder.log.larder.fence", "same", "a");
  auto second = publish("larder.log.larder.fence", "same", "a");
  ASSERT_TRUE(first && second);
  EXPECT_EQ(*first, *second);
  EXPECT_EQ(info()->last_sequence, 1u);
}

TEST_F(JetstreamLogTest, ReplaysFromASequenceAndGoesOnLive) {
  for (int i = 1; i <= 10; ++i)
    append(i);
  read(std::uint64_t{4});
  for (std::uint64_t i = 4; i <= 10; ++i) {
    auto r = records_.next();
    ASSERT_TRUE(r);
    EXPECT_EQ(r->at.sequence, i);
    EXPECT_EQ(r->payload, std::to_string(i));
    EXPECT_EQ(r->subject, "template.updated.t." + std::to_string(i));
    auto position = at(i);
    ASSERT_TRUE(position && *position);
    EXPECT_EQ((*position)->at, r->at);
  }
  append(11);
  auto live = records_.next();
  ASSERT_TRUE(live);
  EXPECT_EQ(live->at.sequence, 11u);
  EXPECT_EQ(lost_.size(), 0u);
}

TEST_F(JetstreamLogTest, ReplaysWhatIsNoOlderThanADuration) {
  append(1);
  append(2);
  read(std::chrono::milliseconds{600'000});
  EXPECT_EQ(records_.next()->at.sequence, 1u);
  EXPECT_EQ(records_.next()->at.sequence, 2u);
  read(std::chrono::milliseconds{0});
  append(3);
  EXPECT_EQ(records_.next()->at.sequence, 3u);
}

TEST_F(JetstreamLogTest, ReadsAnEmptyLogFromBeforeItsStreamExists) {
  read(std::uint64_t{1});
  ASSERT_TRUE(eventually(
      [&] { return !api("STREAM.INFO.LARDER_CHANGES").contains("error"); }));
  append(1);
  EXPECT_EQ(records_.next()->at.sequence, 1u);
  EXPECT_EQ(lost_.size(), 0u);
}

TEST_F(JetstreamLogTest, HearsWhatAnybodyPublishes) {
  read(std::uint64_t{1});
  await_running();
  auto ack = client_->request_sync("template.invalidate.t.x", {}, "", 2s);
  ASSERT_TRUE(ack);
  EXPECT_EQ(json::parse(ack->data()).at("stream"), "LARDER_CHANGES");
  auto r = records_.next();
  ASSERT_TRUE(r);
  EXPECT_EQ(r->subject, "template.invalidate.t.x");
  EXPECT_EQ(r->payload, "");
}

TEST_F(JetstreamLogTest, BringsEveryRecordOfALongReplayInOrder) {
  constexpr int n = 20'000;
  append(0);
  std::string body(200, 'x');
  std::atomic<int> stored{0};
  for (int i = 1; i < n; ++i) {
    // A window, as a relay has it.
    ASSERT_TRUE(eventually([&] { return i - stored < 500; }, 10s));
    log_->publish("template.updated.t.k", "", body, 10s,
                  [&](caf::expected<std::uint64_t> r) { stored += bool{r}; });
  }
  ASSERT_TRUE(eventually([&] { return stored == n - 1; }, 10s));
  read(std::uint64_t{1});
  for (std::uint64_t i = 1; i <= n; ++i) {
    auto r = records_.next();
    ASSERT_TRUE(r) << i;
    ASSERT_EQ(r->at.sequence, i);
  }
  EXPECT_EQ(lost_.size(), 0u);
}

TEST_F(JetstreamLogTest, TellsAPositionOnlyOfARecordThatIsThere) {
  append(1);
  auto none = at(2);
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
  auto one = at(1);
  ASSERT_TRUE(one && *one);
  EXPECT_EQ((*one)->at.sequence, 1u);
  EXPECT_EQ((*one)->message_id, "id-1");
}

TEST_F(JetstreamLogTest, StaysQuietButAliveWithoutRecords) {
  append(1);
  read(std::uint64_t{1});
  ASSERT_TRUE(records_.next());
  // Longer than two heartbeats: only a missing one would be told.
  EXPECT_EQ(lost_.next(2500ms), std::nullopt);
  append(2);
  EXPECT_EQ(records_.next()->at.sequence, 2u);
}

TEST_F(JetstreamLogTest, EndsReadingAtOnceWhenTheServerDies) {
  read(std::uint64_t{1});
  await_running();
  auto begin = steady_clock::now();
  server_.kill();
  ASSERT_TRUE(lost_.next());
  EXPECT_LT(steady_clock::now() - begin, 500ms);
  EXPECT_EQ(lost_.next(100ms), std::nullopt);
}

TEST_F(JetstreamLogTest, EndsReadingWithinTwoSecondsOfSilence) {
  read(std::uint64_t{1});
  await_running();
  auto begin = steady_clock::now();
  server_.freeze();
  ASSERT_TRUE(lost_.next());
  EXPECT_LT(steady_clock::now() - begin, 2s);
  server_.thaw();
}

TEST_F(JetstreamLogTest, EndsReadingWhenItsStreamIsDeleted) {
  read(std::uint64_t{1});
  await_running();
  api("STREAM.DELETE.LARDER_CHANGES");
  EXPECT_TRUE(lost_.next());
}

TEST_F(JetstreamLogTest, ReadsOnAfterARestartWithNoneLeftOutOrTwice) {
  for (int i = 1; i <= 5; ++i)
    append(i);
  read(std::uint64_t{1});
  log_position last;
  for (int i = 1; i <= 5; ++i)
    last = records_.next()->at;
  server_.kill();
  ASSERT_TRUE(lost_.next());
  server_.start();
  ASSERT_TRUE(client_->wait_connected(5s));
  auto anchor = at(5);
  ASSERT_TRUE(anchor && *anchor);
  EXPECT_EQ((*anchor)->at, last);
  append(6);
  read(std::uint64_t{6});
  EXPECT_EQ(records_.next()->at.sequence, 6u);
}

TEST_F(JetstreamLogTest, CallsNothingOnceStopped) {
  append(1);
  std::atomic<bool> stopped{false};
  std::atomic<int> after{0};
  std::atomic<int> got{0};
  for (int i = 0; i < 30; ++i) {
    stopped = false;
    log_->read(std::uint64_t{1}, {[&](log_record) {
                                    ++got;
                                    after += stopped;
                                  },
                                  [&](caf::error) { after += stopped; }});
    if (i % 2 == 0) {
      ASSERT_TRUE(eventually([&] { return got > 0; }));
    }
    log_->stop();
    stopped = true;
    got = 0;
  }
  log_.reset();
  client_.reset();
  EXPECT_EQ(after, 0);
}

TEST_F(JetstreamLogTest, MayBeStoppedFromItsOwnReader) {
  append(1);
  append(2);
  log_->read(std::uint64_t{1}, {[&](log_record r) {
                                  log_->stop();
                                  records_.put(std::move(r));
                                },
                                [](caf::error) {}});
  EXPECT_TRUE(records_.next());
  EXPECT_EQ(records_.next(100ms), std::nullopt);
}

TEST_F(JetstreamLogTest, LeavesNoConsumerBehind) {
  read(std::uint64_t{1});
  await_running();
  log_->stop();
  EXPECT_TRUE(eventually([&] {
    auto state = api("STREAM.INFO.LARDER_CHANGES").at("state");
    return state.at("consumer_count") == 0;
  }));
}

TEST_F(JetstreamLogTest, NamesTheStreamThatHasOneOfItsSubjects) {
  auto made = api("STREAM.CREATE.OTHER", {{"name", "OTHER"},
                                          {"subjects", {"template.updated.>"}},
                                          {"storage", "memory"}});
  ASSERT_FALSE(made.contains("error")) << made;
  auto i = info();
  ASSERT_FALSE(i);
  EXPECT_EQ(code_of(i.error()), ec::unavailable);
  EXPECT_NE(message_of(i.error()).find("OTHER already has the subject "
                                       "template.updated.>"),
            std::string::npos)
      << message_of(i.error());
  read(std::uint64_t{1});
  EXPECT_TRUE(lost_.next());
}

TEST_F(JetstreamLogTest, FailsWhileDisconnected) {
  server_.stop();
  ASSERT_TRUE(eventually([&] { return !client_->connected(); }));
  auto p = publish("template.updated.t.x", "", "");
  ASSERT_FALSE(p);
  EXPECT_EQ(code_of(p.error()), ec::unavailable);
  read(std::uint64_t{1});
  EXPECT_TRUE(lost_.next(1s));
}

TEST_F(JetstreamLogTest, AddsSubjectsToAStreamOfAnEarlierRelease) {
  append(1);
  jetstream_log later{client_, {}, {{}, {"more.updated.>"}, "more.updated.>"}};
  auto stored = outcome_of<std::uint64_t>([&](auto done) {
    later.publish("more.updated.a.b", "id", "x", 2s, std::move(done));
  });
  ASSERT_TRUE(stored);
  ASSERT_TRUE(*stored) << message_of(stored->error());
  EXPECT_EQ(**stored, 2u);
  auto subjects = api("STREAM.INFO.LARDER_CHANGES")["config"]["subjects"];
  EXPECT_EQ(subjects.size(), 4u) << subjects.dump();
  // The earlier release goes on with it.
  EXPECT_TRUE(info());
}

TEST_F(JetstreamLogTest, ReadsOnlyWhatItsFilterNames) {
  jetstream_log some{client_, {}, {{}, {"more.updated.>"}, "more.updated.>"}};
  auto publish_more = [&](int i) {
    auto n = std::to_string(i);
    auto stored = outcome_of<std::uint64_t>([&](auto done) {
      some.publish("more.updated.a." + n, n, n, 2s, std::move(done));
    });
    ASSERT_TRUE(stored && *stored);
  };
  publish_more(1);
  append(2);
  publish_more(3);
  some.read(std::uint64_t{1},
            {[this](log_record r) { records_.put(std::move(r)); },
             [this](caf::error e) { lost_.put(message_of(e)); }});
  for (auto expected : {"1", "3"}) {
    auto r = records_.next();
    ASSERT_TRUE(r);
    EXPECT_EQ(r->payload, expected);
  }
  some.stop();
}

}  // namespace larder
