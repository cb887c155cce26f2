#include "cluster/nats_peers.hpp"

#include "cluster/holdings.hpp"
#include "cluster/subjects.hpp"
#include "storage/error.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/nats_server.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace larder {

namespace {

using namespace larder::test;

std::shared_ptr<nats::client> connected_to(const nats_server& s) {
  auto c = nats::client::connect_now(s.settings(), "test");
  if (!c)
    throw std::runtime_error(message_of(c.error()));
  return *c;
}

/// Answers `held` with what `name` has for each key: that name's digest.
nats::subscription node(const std::shared_ptr<nats::client>& at,
                        const std::string& name) {
  auto s = at->subscribe(
      control_all(held_operation), {}, [at, name](const nats::message& m) {
        auto request = nlohmann::json::parse(m.data());
        node_holdings holdings;
        for (auto& k : request["keys"])
          holdings.held.push_back(answer_mark{
              true, {k["id"] == "a" ? 1 : 2, 1, epoch{"e"}}, name, false});
        holdings.sample = {{"t", name}};
        auto body = to_json(holdings);
        body["node"] = name;
        at->publish(std::string{m.reply()}, {}, body.dump());
      });
  return std::move(*s);
}

}  // namespace

TEST(NatsPeersTest, HearsEveryNodeThatAnswersInTime) {
  nats_server server;
  auto at = connected_to(server);
  auto one = node(at, "one");
  auto two = node(at, "two");
  ASSERT_TRUE(at->flush(2s));
  nats_peers asking{connected_to(server)};
  mailbox<caf::expected<std::vector<node_holdings>>> answers;
  asking.holdings({{"t", "a"}, {"t", "b"}}, 4, 500ms,
                  [&](auto found) { answers.put(std::move(found)); });
  auto found = answers.next();
  ASSERT_TRUE(found && *found);
  auto& all = **found;
  ASSERT_EQ(all.size(), 2u);
  if (all[0].node != "one")
    std::swap(all[0], all[1]);
  EXPECT_EQ(all[0].held[1]->info.revision, 2);
  EXPECT_EQ(all[0].held[1]->digest, "one");
  EXPECT_EQ(all[1].node, "two");
  EXPECT_EQ(all[1].sample, (std::vector<key>{{"t", "two"}}));
}

TEST(NatsPeersTest, KeepsQuestionsApart) {
  nats_server server;
  auto at = connected_to(server);
  auto one = node(at, "one");
  ASSERT_TRUE(at->flush(2s));
  nats_peers asking{connected_to(server)};
  mailbox<std::size_t> sizes;
  for (std::size_t n : {1u, 3u})
    asking.holdings(
        std::vector<key>(n, key{"t", "a"}), 0, 500ms, [&](auto found) {
          sizes.put(found && found->size() == 1 ? found->front().held.size()
                                                : 99);
        });
  auto first = sizes.next();
  auto second = sizes.next();
  EXPECT_EQ(first.value_or(0) + second.value_or(0), 4u);
}

TEST(NatsPeersTest, ReadsAsClientsDo) {
  nats_server server;
  auto at = connected_to(server);
  auto serving =
      at->subscribe(addressed("one", ">"), {}, [at](const nats::message& m) {
        nats::headers lines{{"Larder-Revision", "7"},
                            {"Larder-Version", "3"},
                            {"Larder-Epoch", "e"},
                            {"Larder-Stale", "true"}};
        if (m.subject() == "larder.node.one.template.get.t.none")
          lines = {{"Nats-Service-Error-Code", "404"},
                   {"Nats-Service-Error", "no such key"}};
        if (m.subject() == "larder.node.one.template.get.t.down")
          lines = {{"Nats-Service-Error-Code", "503"},
                   {"Nats-Service-Error", "postgres is away"}};
        at->publish(std::string{m.reply()}, lines, "{}");
      });
  ASSERT_TRUE(serving && at->flush(2s));
  nats_peers asking{connected_to(server)};
  mailbox<caf::expected<answer_mark>> answers;
  auto read = [&](const std::string& node, const std::string& id) {
    asking.read(node, {"t", id}, 1s,
                [&](auto found) { answers.put(std::move(found)); });
    auto found = answers.next();
    return found ? *found
                 : caf::expected<answer_mark>{make_error(ec::internal)};
  };
  auto value = read("one", "a");
  ASSERT_TRUE(value);
  EXPECT_TRUE(value->present);
  EXPECT_TRUE(value->stale);
  EXPECT_EQ(value->info, (version_info{7, 3, epoch{"e"}}));
  EXPECT_EQ(value->digest, digest_of("{}"));
  auto absent = read("one", "none");
  ASSERT_TRUE(absent);
  EXPECT_FALSE(absent->present);
  EXPECT_EQ(code_of(read("one", "down").error()), ec::unavailable);
  EXPECT_EQ(code_of(read("nobody", "a").error()), ec::unavailable);
}

}  // namespace larder
