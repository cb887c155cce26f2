#include "storage/jetstream_kv.hpp"

#include "storage/error.hpp"
#include "storage/jetstream_api.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/nats_server.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace larder {

namespace {

using namespace larder::test;
using nlohmann::json;

const key phoenix{"framework", "phoenix"};

class JetstreamKvTest : public testing::Test {
 protected:
  JetstreamKvTest() { bucket_.ttl = 60s; }

  static std::shared_ptr<nats::client> connected_to(const nats_server& s) {
    auto c = nats::client::connect_now(s.settings(), "test");
    if (!c)
      throw std::runtime_error(message_of(c.error()));
    return *c;
  }

  void open() {
    client_ = connected_to(server_);
    kv_ = std::make_unique<jetstream_kv>(client_, bucket_);
  }

  caf::expected<kv_entry> get(const key& k) {
    auto x = outcome_of<kv_entry>(
        [&](auto done) { kv_->get(k, 2s, std::move(done)); });
    return x ? *x : fail(ec::internal, "never completed");
  }

  caf::expected<std::uint64_t> put(const key& k, std::string_view content,
                                   std::uint64_t expected,
                                   std::int64_t revision = 7) {
    version_info info{revision, 3, epoch{"e1"}};
    kv_put p{k, artifact::make(k, content, info), info, 3, expected};
    return write(std::move(p));
  }

  caf::expected<std::uint64_t> write(kv_put p) {
    auto x = outcome_of<std::uint64_t>(
        [&](auto done) { kv_->put(std::move(p), 2s, std::move(done)); });
    return x ? *x : fail(ec::internal, "never completed");
  }

  caf::expected<void> clear(std::optional<std::string> type) {
    auto x = outcome_of<void>(
        [&](auto done) { kv_->clear(type, 2s, std::move(done)); });
    return x ? *x : fail(ec::internal, "never completed");
  }

  caf::expected<void> ready() {
    auto x = outcome_of<void>([&](auto done) { kv_->ready(std::move(done)); });
    return x ? *x : fail(ec::internal, "never completed");
  }

  // What another program would do.
  json api(const std::string& subject, const json& body = json::object()) {
    auto r = client_->request_sync("$JS.API." + subject, {}, body.dump(), 2s);
    return r ? json::parse(r->data()) : json{};
  }

  nats_server server_;
  config::bucket_settings bucket_;
  std::shared_ptr<nats::client> client_;
  std::unique_ptr<jetstream_kv> kv_;
};

std::string content(const caf::expected<kv_entry>& e) {
  if (!e)
    return "error: " + message_of(e.error());
  return e->value ? std::string{e->value->content()} : "null";
}

}  // namespace

TEST_F(JetstreamKvTest, FindsNothingThenWhatWasPut) {
  open();
  auto none = get(phoenix);
  ASSERT_TRUE(none) << message_of(none.error());
  EXPECT_EQ(none->value, nullptr);
  EXPECT_EQ(none->sequence, 0u);
  auto sequence = put(phoenix, R"({"b": 1e400, "a":0.10})", 0);
  ASSERT_TRUE(sequence) << message_of(sequence.error());
  auto e = get(phoenix);
  EXPECT_EQ(content(e), R"({"b": 1e400, "a":0.10})");
  EXPECT_EQ(e->sequence, *sequence);
  EXPECT_EQ(e->info, (version_info{7, 3, epoch{"e1"}}));
  EXPECT_EQ(e->value->name(), key_view{phoenix});
  EXPECT_EQ(e->value->info(), e->info);
}

TEST_F(JetstreamKvTest, KeepsEveryByteOf512KiB) {
  open();
  std::string body(512 << 10, '\0');
  for (std::size_t i = 0; i < body.size(); ++i)
    body[i] = static_cast<char>(i * 31 + i / 256);
  ASSERT_TRUE(put(phoenix, body, 0));
  EXPECT_TRUE(content(get(phoenix)) == body);
}

TEST_F(JetstreamKvTest, TakesAKeyOfAnyCharacters) {
  open();
  for (const key& k : {key{"npm", "@nats-io/kv"}, key{"f", "socket.io"},
                       key{"f", ".a..b."}, key{"ty pe", "ü*>"},
                       key{std::string(64, '~'), std::string(512, '~')}}) {
    ASSERT_TRUE(put(k, k.id, 0)) << k.id;
    EXPECT_EQ(content(get(k)), k.id);
  }
}

TEST_F(JetstreamKvTest, FindsAnAcknowledgedPutWhileTheBucketIsBeingMade) {
  client_ = connected_to(server_);
  bucket_.max_bytes = 1 << 20;  // each is reserved
  // Each round races the making of a bucket that the constructor begins.
  for (int i = 0; i < 30; ++i) {
    bucket_.name = "b" + std::to_string(i);
    kv_ = std::make_unique<jetstream_kv>(client_, bucket_);
    auto sequence = put(phoenix, "1", 0);
    ASSERT_TRUE(sequence) << message_of(sequence.error());
    auto e = get(phoenix);
    ASSERT_EQ(content(e), "1") << i;
    ASSERT_EQ(e->sequence, *sequence);
  }
}

TEST_F(JetstreamKvTest, RefusesAPutThatExpectsAnotherSequence) {
  open();
  auto first = put(phoenix, "1", 0);
  ASSERT_TRUE(first);
  auto blind = put(phoenix, "2", 0);
  ASSERT_FALSE(blind);
  EXPECT_EQ(code_of(blind.error()), ec::revision_conflict);
  auto wrong = put(phoenix, "2", *first + 5);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(code_of(wrong.error()), ec::revision_conflict);
  EXPECT_EQ(content(get(phoenix)), "1");
  EXPECT_TRUE(put(phoenix, "2", *first));
  EXPECT_EQ(content(get(phoenix)), "2");
}

TEST_F(JetstreamKvTest, ReadsDeletionMarkersOfAnybodyAsNoValue) {
  open();
  auto first = put(phoenix, "1", 0);
  ASSERT_TRUE(first);
  version_info gone{9, 4, epoch{"e1"}};
  auto marker = write({phoenix, nullptr, gone, 1, *first});
  ASSERT_TRUE(marker) << message_of(marker.error());
  auto e = get(phoenix);
  ASSERT_TRUE(e);
  EXPECT_EQ(e->value, nullptr);
  EXPECT_EQ(e->sequence, *marker);
  EXPECT_EQ(e->info, gone);
  // `nats kv purge`
  auto purged = client_->request_sync(
      "$KV.templates.framework.phoenix",
      {{"KV-Operation", "PURGE"}, {"Nats-Rollup", "sub"}}, "", 2s);
  ASSERT_TRUE(purged);
  e = get(phoenix);
  ASSERT_TRUE(e);
  EXPECT_EQ(e->value, nullptr);
  EXPECT_EQ(e->info, version_info{});
  EXPECT_GT(e->sequence, *marker);
}

TEST_F(JetstreamKvTest, ReadsAnEntryOfAnotherProgramWithoutAVersion) {
  open();
  ASSERT_TRUE(ready());
  auto ack = client_->request_sync("$KV.templates.framework.phoenix",
                                   {{"Larder-Revision", "99"}}, "raw", 2s);
  ASSERT_TRUE(ack);
  auto e = get(phoenix);
  EXPECT_EQ(content(e), "raw");
  EXPECT_EQ(e->info, version_info{});
  EXPECT_GT(e->sequence, 0u);
}

TEST_F(JetstreamKvTest, MakesTheBucketAsOtherKvClientsDo) {
  open();
  ASSERT_TRUE(ready());
  auto config = api("STREAM.INFO.KV_templates").at("config");
  EXPECT_EQ(config.at("subjects"), json({"$KV.templates.>"}));
  EXPECT_EQ(config.at("max_msgs_per_subject"), 1);
  EXPECT_EQ(config.at("max_age"), 60'000'000'000);
  EXPECT_EQ(config.at("storage"), "memory");
  EXPECT_EQ(config.at("discard"), "new");
  EXPECT_EQ(config.at("allow_direct"), true);
  EXPECT_EQ(config.at("allow_rollup_hdrs"), true);
  EXPECT_EQ(config.at("deny_delete"), true);
  EXPECT_EQ(config.value("deny_purge", false), false);
  EXPECT_EQ(config.at("max_bytes"), 1 << 30);
}

TEST_F(JetstreamKvTest, AdoptsABucketThatDiffers) {
  client_ = connected_to(server_);
  auto made =
      api("STREAM.CREATE.KV_templates", {{"name", "KV_templates"},
                                         {"subjects", {"$KV.templates.>"}},
                                         {"storage", "file"},
                                         {"max_msgs_per_subject", 5},
                                         {"max_age", 7'200'000'000'000},
                                         {"allow_direct", true},
                                         {"allow_rollup_hdrs", true},
                                         {"deny_delete", true},
                                         {"discard", "new"}});
  ASSERT_FALSE(made.contains("error")) << made;
  kv_ = std::make_unique<jetstream_kv>(client_, bucket_);
  ASSERT_TRUE(ready());
  ASSERT_TRUE(put(phoenix, "1", 0));
  EXPECT_EQ(content(get(phoenix)), "1");
  auto config = api("STREAM.INFO.KV_templates").at("config");
  EXPECT_EQ(config.at("storage"), "file");
  EXPECT_EQ(config.at("max_msgs_per_subject"), 5);
}

TEST_F(JetstreamKvTest, ReadsABucketThatAllowsNoDirectGets) {
  client_ = connected_to(server_);
  auto made =
      api("STREAM.CREATE.KV_templates", {{"name", "KV_templates"},
                                         {"subjects", {"$KV.templates.>"}},
                                         {"storage", "memory"},
                                         {"max_msgs_per_subject", 1}});
  ASSERT_FALSE(made.contains("error")) << made;
  kv_ = std::make_unique<jetstream_kv>(client_, bucket_);
  EXPECT_EQ(content(get(phoenix)), "null");
  std::string body = "{\"bytes\": \"\xc3\xbc\"}";
  auto sequence = put(phoenix, body, 0);
  ASSERT_TRUE(sequence);
  auto e = get(phoenix);
  EXPECT_EQ(content(e), body);
  EXPECT_EQ(e->sequence, *sequence);
  EXPECT_EQ(e->info, (version_info{7, 3, epoch{"e1"}}));
  ASSERT_TRUE(write({phoenix, nullptr, e->info, 1, *sequence}));
  EXPECT_EQ(content(get(phoenix)), "null");
}

TEST_F(JetstreamKvTest, MakesABucketAgainThatVanished) {
  open();
  ASSERT_TRUE(put(phoenix, "1", 0));
  api("STREAM.DELETE.KV_templates");
  auto e = get(phoenix);
  EXPECT_EQ(content(e), "null");
  EXPECT_EQ(e->sequence, 0u);
  ASSERT_TRUE(put(phoenix, "2", 0));
  api("STREAM.DELETE.KV_templates");
  auto again = put(phoenix, "3", 0);
  ASSERT_TRUE(again) << message_of(again.error());
  EXPECT_EQ(content(get(phoenix)), "3");
  api("STREAM.DELETE.KV_templates");
  EXPECT_TRUE(clear(std::nullopt));
}

TEST_F(JetstreamKvTest, MakesAVanishedBucketOnceForManyReaders) {
  open();
  ASSERT_TRUE(ready());
  api("STREAM.DELETE.KV_templates");
  mailbox<bool> absent;
  for (int i = 0; i < 200; ++i)
    kv_->get({"t", std::to_string(i)}, 2s, [&](caf::expected<kv_entry> e) {
      absent.put(e && e->sequence == 0);
    });
  for (int i = 0; i < 200; ++i)
    EXPECT_EQ(absent.next(), true);
}

TEST_F(JetstreamKvTest, IsBackAfterARestartOfItsServer) {
  open();
  ASSERT_TRUE(put(phoenix, "1", 0));
  server_.kill();
  ASSERT_TRUE(eventually([&] { return !client_->connected(); }));
  auto down = get(phoenix);
  ASSERT_FALSE(down);
  EXPECT_EQ(code_of(down.error()), ec::unavailable);
  auto refused = put(phoenix, "2", 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(code_of(refused.error()), ec::unavailable);
  server_.start();
  ASSERT_TRUE(client_->wait_connected(5s));
  auto e = get(phoenix);
  EXPECT_EQ(content(e), "null");
  EXPECT_TRUE(put(phoenix, "3", 0));
  EXPECT_EQ(content(get(phoenix)), "3");
}

TEST_F(JetstreamKvTest, ClearsOneTypeOrAll) {
  open();
  ASSERT_TRUE(put({"a", "1"}, "x", 0));
  ASSERT_TRUE(put({"a", "b.c"}, "x", 0));
  ASSERT_TRUE(put({"ab", "1"}, "x", 0));
  ASSERT_TRUE(clear("a"));
  EXPECT_EQ(content(get({"a", "1"})), "null");
  EXPECT_EQ(content(get({"a", "b.c"})), "null");
  EXPECT_EQ(content(get({"ab", "1"})), "x");
  ASSERT_TRUE(write({bucket_mark_key, nullptr, {7, 1, epoch{"e"}}, 3, 0}));
  ASSERT_TRUE(clear(std::nullopt));
  EXPECT_EQ(content(get({"ab", "1"})), "null");
  auto mark = get(bucket_mark_key);
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->info.revision, 7) << "the mark went with the entries";
  EXPECT_EQ(mark->generation, 3u);
  EXPECT_TRUE(put({"a", "1"}, "y", 0));
}

TEST_F(JetstreamKvTest, UsesFewerReplicasWhereThereAreFewerServers) {
  bucket_.replicas = 3;
  open();
  auto r = ready();
  ASSERT_TRUE(r) << message_of(r.error());
  auto config = api("STREAM.INFO.KV_templates").at("config");
  EXPECT_EQ(config.at("num_replicas"), 1);
  EXPECT_TRUE(put(phoenix, "1", 0));
}

TEST_F(JetstreamKvTest, TakesASmallerBucketFromAServerWithLittleRoom) {
  nats_server small{"jetstream { store_dir: \"DIRECTORY/js\", "
                    "max_mem: 32MB }",
                    false};
  client_ = connected_to(small);
  kv_ = std::make_unique<jetstream_kv>(client_, bucket_);
  auto r = ready();
  ASSERT_TRUE(r) << message_of(r.error());
  auto config = api("STREAM.INFO.KV_templates").at("config");
  EXPECT_EQ(config.at("max_bytes"), 32 << 20);
  EXPECT_TRUE(put(phoenix, "1", 0));
}

TEST_F(JetstreamKvTest, NeverTakesAServerWithoutJetstreamForAMiss) {
  nats_server plain{"", false};
  client_ = connected_to(plain);
  kv_ = std::make_unique<jetstream_kv>(client_, bucket_);
  auto e = get(phoenix);
  ASSERT_FALSE(e);
  EXPECT_EQ(code_of(e.error()), ec::unavailable);
  EXPECT_NE(message_of(e.error()).find("JetStream is not enabled"),
            std::string::npos);
  auto p = put(phoenix, "1", 0);
  ASSERT_FALSE(p);
  EXPECT_EQ(code_of(p.error()), ec::unavailable);
  auto c = clear(std::nullopt);
  ASSERT_FALSE(c);
  EXPECT_EQ(code_of(c.error()), ec::unavailable);
}

TEST_F(JetstreamKvTest, CompletesWhatIsInFlightWhenItGoes) {
  open();
  ASSERT_TRUE(ready());
  mailbox<bool> done;
  for (int i = 0; i < 100; ++i)
    kv_->get(phoenix, 1s, [&](caf::expected<kv_entry>) { done.put(true); });
  kv_.reset();
  client_.reset();
  for (int i = 0; i < 100; ++i)
    ASSERT_TRUE(done.next());
}

}  // namespace larder
