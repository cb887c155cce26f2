#include "cluster/subjects.hpp"

#include "storage/error.hpp"

#include <gtest/gtest.h>

#include <string>

namespace larder {

namespace {

const collection_subjects templates;
const collection_subjects packages{"packages.storage"};
const key phoenix{"framework", "phoenix"};

change known(std::string_view body) {
  auto c = parse_change(templates, "template.updated.framework.phoenix", body);
  return c ? *c : change{};
}

}  // namespace

TEST(SubjectsTest, NamesTheRequestsOfACollection) {
  EXPECT_EQ(templates.of(request_op::get, phoenix),
            "template.get.framework.phoenix");
  EXPECT_EQ(templates.of(request_op::remove), "template.delete");
  EXPECT_EQ(packages.of(request_op::get, {"npm", "@nats-io/kv"}),
            "packages.storage.get.npm.=40nats-io/kv");
}

TEST(SubjectsTest, FindsTheOperationAndItsTokens) {
  for (auto op :
       {request_op::get, request_op::put, request_op::remove, request_op::mget,
        request_op::list, request_op::search, request_op::stats}) {
    auto plain = templates.parse(templates.of(op));
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->op, op);
    EXPECT_EQ(plain->tokens, "");
    auto full = packages.parse(packages.of(op, phoenix));
    ASSERT_TRUE(full);
    EXPECT_EQ(full->op, op);
    EXPECT_EQ(full->tokens, "framework.phoenix");
  }
}

TEST(SubjectsTest, TakesNoOtherSubjectForARequest) {
  for (auto subject :
       {"", "template", "template.", "template.gets.a.b", "templates.get.a.b",
        "template.updated.a.b", "other.get.a.b", "template..get"})
    EXPECT_FALSE(templates.parse(subject)) << subject;
}

TEST(SubjectsTest, ServesEveryOperationInTheFormsThatItHas) {
  auto served = templates.served();
  auto has = [&](const char* s) {
    return std::count(served.begin(), served.end(), s) == 1;
  };
  EXPECT_TRUE(has("template.get"));
  EXPECT_TRUE(has("template.get.>"));
  EXPECT_TRUE(has("template.put.>"));
  EXPECT_TRUE(has("template.mget"));
  EXPECT_TRUE(has("template.stats"));
  for (const auto& s : served)
    EXPECT_FALSE(templates.is_event(s)) << s;
}

TEST(SubjectsTest, RepeatsEveryChangeThatItWrites) {
  for (const auto& c :
       {change{phoenix, change_op::put, 42, 3, "sys/1/0"},
        change{{"f", "socket.io"}, change_op::remove, 43, 4, "sys/1/0"},
        change{{"npm", "@a/b"}, change_op::invalidate, 44, 5, "e"}}) {
    auto back = parse_change(templates, templates.event(c), to_body(c));
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, c);
  }
}

TEST(SubjectsTest, PublishesADeleteAsAnInvalidation) {
  EXPECT_EQ(templates.event({phoenix, change_op::remove, 1, 1, "e"}),
            "template.invalidate.framework.phoenix");
  EXPECT_EQ(templates.event({phoenix, change_op::put, 1, 1, "e"}),
            "template.updated.framework.phoenix");
}

TEST(SubjectsTest, KnowsNoRevisionFromAnotherProgramsBody) {
  for (std::string body :
       {"", "{}", "null", "7", "\"x\"", "[1,2]", "not json",
        "{\"revision\":", R"({"revision":5,"epoch":"e"})",
        R"({"type":"framework","id":"other","revision":5,"epoch":"e"})",
        R"({"type":"framework","id":"phoenix","revision":5})",
        R"({"type":"framework","id":"phoenix","revision":-5,"epoch":"e"})",
        R"({"type":"framework","id":"phoenix","revision":1.5,"epoch":"e"})",
        R"({"type":"framework","id":"phoenix","revision":"5","epoch":"e"})",
        R"({"type":"framework","id":"phoenix",
            "revision":18446744073709551615,"epoch":"e"})",
        R"({"type":"framework","id":"phoenix",
            "revision":99999999999999999999999,"epoch":"e"})",
        "\xff\xfe"}) {
    auto c =
        parse_change(templates, "template.updated.framework.phoenix", body);
    ASSERT_TRUE(c) << body;
    EXPECT_EQ(*c, (change{phoenix, change_op::put, 0, 0, ""})) << body;
  }
}

TEST(SubjectsTest, SurvivesABodyOfAnyDepth) {
  EXPECT_EQ(known(std::string(200'000, '[')).revision, 0);
  EXPECT_EQ(known(std::string(2'000, '[') + std::string(2'000, ']')).revision,
            0);
  std::string deep;
  for (int i = 0; i < 500; ++i)
    deep += "{\"a\":";
  EXPECT_EQ(known(deep + "1" + std::string(500, '}')).revision, 0);
}

TEST(SubjectsTest, BelievesTheSubjectRatherThanTheBodyAboutTheKind) {
  auto c = known(R"({"type":"framework","id":"phoenix","op":"delete",
                     "revision":5,"epoch":"e"})");
  EXPECT_EQ(c.op, change_op::put);
  EXPECT_EQ(c.revision, 5);
}

TEST(SubjectsTest, RefusesAnEventWithoutAKey) {
  for (auto subject :
       {"template.updated", "template.updated.", "template.updated.framework",
        "template.invalidate.a.=ZZ", "template.get.a.b", "larder.log.x.fence"})
    EXPECT_FALSE(parse_change(templates, subject, "")) << subject;
}

TEST(SubjectsTest, FindsTheOperationOfAControlSubject) {
  EXPECT_EQ(parse_control("larder.control.all.ping", "n1"), "ping");
  EXPECT_EQ(parse_control("larder.control.n1.log-level", "n1"), "log-level");
  for (auto subject :
       {"larder.control.n2.ping", "larder.control.n1", "larder.control.n1.",
        "larder.control.n1.a.b", "larder.control.n11.ping", "larder.ping"})
    EXPECT_FALSE(parse_control(subject, "n1")) << subject;
}

TEST(SubjectsTest, AddressesARequestToOneNode) {
  auto subject = addressed("n1", "template.get.a.b");
  EXPECT_EQ(subject, "larder.node.n1.template.get.a.b");
  EXPECT_EQ(parse_addressed(subject, "n1"), "template.get.a.b");
  EXPECT_FALSE(parse_addressed(subject, "n"));
  EXPECT_FALSE(parse_addressed("larder.node.n1", "n1"));
}

TEST(SubjectsTest, KeepsClustersApart) {
  EXPECT_EQ(fence_signal("larder"), "larder.signal.larder.fence");
  EXPECT_EQ(
      committed_signal("larder", "template.updated.framework.phoenix"),
      "larder.signal.larder.committed.template.updated.framework.phoenix");
  EXPECT_EQ(wake_signal("a.b"), "larder.signal.a=2Eb.wake");
  EXPECT_TRUE(is_fence(fence_subject("a"), "a"));
  EXPECT_FALSE(is_fence(fence_subject("a"), "b"));
  EXPECT_TRUE(fence_subject("a").starts_with("larder.log."));
}

TEST(SubjectsTest, TakesANameThatCanStandInASubjectForANode) {
  EXPECT_TRUE(is_node_id("node-1_A"));
  for (auto id : {"", "all", "a.b", "a b", "*", "ü"})
    EXPECT_FALSE(is_node_id(id)) << id;
  EXPECT_FALSE(is_node_id(std::string(65, 'a')));
}

}  // namespace larder
