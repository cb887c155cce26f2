#include "node/many_read.hpp"

#include "storage/error.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace larder {

namespace {

class ManyReadTest : public ::testing::Test {
 protected:
  std::shared_ptr<many_read> start(std::vector<caf::expected<key>> keys,
                                   std::uint64_t room = 1 << 20) {
    auto c = std::make_shared<call>(nats::request{}, time_point{},
                                    [this](call_ptr, reply r) {
                                      ++replies;
                                      body = r.body;
                                      said = std::move(r);
                                    });
    return std::make_shared<many_read>(c, std::move(keys), room);
  }
  static answer found(const std::string& id, std::string_view content,
                      tier from = tier::jetstream) {
    return {artifact::make(key{"t", id}, content, {7, 2, epoch{"one"}}), from};
  }
  std::vector<std::size_t> look(many_read& m) {
    read_view view{memory};
    auto missing = m.take_from_memory(view, 1, 0);
    view.offline();
    return missing;
  }
  nlohmann::json results() { return nlohmann::json::parse(body)["results"]; }

  ManyReadTest() {
    memory->shards.push_back(
        std::make_shared<hot_cache>(memory->domain, hot_cache_limits{}));
  }

  std::shared_ptr<hot_tier> memory = std::make_shared<hot_tier>();
  int replies = 0;
  std::string body;
  reply said;
};

TEST_F(ManyReadTest, AnswersInTheOrderOfTheRequest) {
  auto m = start({key{"t", "a"}, key{"t", "b"}, key{"t", "c"}});
  EXPECT_EQ(look(*m), (std::vector<std::size_t>{0, 1, 2}));
  m->asked_all();
  m->found(2, found("c", "3"));
  m->found(0, found("a", "1"));
  EXPECT_EQ(replies, 0);
  m->found(1, found("b", "2"));
  ASSERT_EQ(replies, 1);
  auto r = results();
  ASSERT_EQ(r.size(), 3u);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(r[i]["id"], std::string(1, static_cast<char>('a' + i)));
    EXPECT_EQ(r[i]["status"], 200);
    EXPECT_EQ(r[i]["content"], i + 1);
    EXPECT_EQ(r[i]["revision"], 7);
    EXPECT_EQ(r[i]["version"], 2);
    EXPECT_EQ(r[i]["tier"], "jetstream");
  }
}

TEST_F(ManyReadTest, LetsOneKeyFailAlone) {
  auto m = start(
      {key{"t", "a"}, fail(ec::invalid_request, "no key"), key{"t", "c"}});
  EXPECT_EQ(look(*m), (std::vector<std::size_t>{0, 2}));
  m->asked_all();
  m->failed(0, fail(ec::not_found, "none"));
  m->found(2, found("c", "3"));
  auto r = results();
  EXPECT_EQ(r[0]["status"], 404);
  EXPECT_EQ(r[1]["status"], 400);
  EXPECT_EQ(r[2]["status"], 200);
  EXPECT_EQ(said.counted_misses, 1u);
  EXPECT_EQ(said.counted.size(), 1u);
}

TEST_F(ManyReadTest, TakesFromMemoryWhatIsProved) {
  auto held = found("a", "{\"z\" : 1e400}").value;
  held->cached().expires_at = 100;
  held->cached().verified_until = 100;
  memory->shards[0]->put(held);
  auto m = start({key{"t", "a"}});
  EXPECT_TRUE(look(*m).empty());
  m->asked_all();
  ASSERT_EQ(replies, 1);
  // Byte for byte, what no parser can represent included.
  EXPECT_NE(body.find("\"content\":{\"z\" : 1e400}"), std::string::npos);
}

TEST_F(ManyReadTest, GivesWhatIsNoJsonAsAString) {
  auto m = start({key{"t", "a"}});
  look(*m);
  m->asked_all();
  m->found(0, found("a", "no \"json\""));
  EXPECT_EQ(results()[0]["content"], "no \"json\"");
}

TEST_F(ManyReadTest, MarksWhatIsStale) {
  auto m = start({key{"t", "a"}});
  look(*m);
  m->asked_all();
  auto old = found("a", "1");
  old.stale = true;
  old.stale_for = std::chrono::milliseconds{250};
  m->found(0, old);
  EXPECT_EQ(results()[0]["stale"], true);
  EXPECT_EQ(results()[0]["stale_ms"], 250);
}

TEST_F(ManyReadTest, NeverExceedsTheRoomForAReply) {
  constexpr std::uint64_t room = 16'384;
  std::vector<caf::expected<key>> keys;
  for (int i = 0; i < 40; ++i)
    keys.emplace_back(key{"t", std::to_string(i)});
  auto m = start(keys, room);
  look(*m);
  m->asked_all();
  std::string content = "\"" + std::string(3'000, 'x') + "\"";
  for (std::size_t i = 0; i < 40; ++i)
    m->found(i, found(std::to_string(i), content));
  EXPECT_LE(body.size(), room);
  auto r = results();
  ASSERT_EQ(r.size(), 40u);
  EXPECT_EQ(r[0]["status"], 200);
  EXPECT_EQ(r[39]["status"], 413);
  EXPECT_EQ(r[39]["id"], "39");
}

TEST_F(ManyReadTest, AnswersARequestForNothing) {
  auto m = start({});
  look(*m);
  m->asked_all();
  EXPECT_EQ(replies, 1);
  EXPECT_TRUE(results().empty());
}

}  // namespace

}  // namespace larder
