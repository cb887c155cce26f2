#include "cluster/package_subjects.hpp"

#include "storage/error.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace larder {

namespace {

const package_subjects subjects;

package_event stored() {
  return {{{"npm", "@scope/a.b"}, "1.0.0", 7, false}, "node-1"};
}

}  // namespace

TEST(PackageSubjectsTest, FindsItsWayBackFromEverySubject) {
  for (auto op : {package_op::get, package_op::remove, package_op::store_many,
                  package_op::search_by_tags, package_op::revisions}) {
    auto address = subjects.parse(subjects.of(op));
    ASSERT_TRUE(address) << name_of(op);
    EXPECT_EQ(address->op, op);
    EXPECT_EQ(address->token, "");
  }
  EXPECT_EQ(subjects.of(package_op::remove), "packages.storage.delete");
  auto served = subjects.served();
  EXPECT_EQ(
      std::count(served.begin(), served.end(), "packages.registry.collect.*"),
      1);
  for (auto& s : served)
    EXPECT_TRUE(subjects.parse(s)) << s;
}

TEST(PackageSubjectsTest, TakesTheEcosystemOfACollect) {
  auto address = subjects.parse("packages.registry.collect.npm");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->op, package_op::collect);
  EXPECT_EQ(address->token, "npm");
  ASSERT_TRUE(subjects.parse("packages.registry.collect"));
  EXPECT_EQ(subjects.parse("packages.registry.collect")->token, "");
}

TEST(PackageSubjectsTest, KnowsNothingElse) {
  for (auto s : {"", "packages", "packages.storage", "packages.storage.",
                 "packages.storage.nope", "packages.storage.get.x",
                 "packages.storage.collect", "packages.registry.collector",
                 "package.storage.get", "template.get"})
    EXPECT_FALSE(subjects.parse(s)) << s;
}

TEST(PackageSubjectsTest, CarriesAnyNameInAnEvent) {
  auto e = stored();
  auto subject = subjects.event(e.change);
  EXPECT_EQ(subject, "packages.updated.npm.=40scope/a.b");
  auto back = parse_event(subjects, subject, to_body(e));
  ASSERT_TRUE(back) << message_of(back.error());
  EXPECT_EQ(back->change.key, e.change.key);
  EXPECT_EQ(back->change.version, "1.0.0");
  EXPECT_EQ(back->change.revision, 7);
  EXPECT_FALSE(back->change.removed);
  EXPECT_EQ(back->node, "node-1");
}

TEST(PackageSubjectsTest, TellsARemovalFromAVersion) {
  auto e = stored();
  e.change.removed = true;
  e.change.version.clear();
  auto back = parse_event(subjects, subjects.event(e.change), to_body(e));
  ASSERT_TRUE(back);
  EXPECT_TRUE(back->change.removed);
  EXPECT_NE(message_id(e.change), message_id(stored().change));
}

TEST(PackageSubjectsTest, BelievesNoBodyThatSaysNothingOfThePackage) {
  auto subject = subjects.event(stored().change);
  auto other = stored();
  other.change.key.name = "b";
  for (auto& body :
       {std::string{}, std::string{"x"}, std::string{"[]"}, to_body(other),
        std::string(5'000, ' ') + to_body(stored()),
        std::string{R"({"ecosystem":"npm","name":"@scope/a.b","op":"store",)"
                    R"("revision":-1,"node":"n"})"},
        std::string{R"({"ecosystem":"npm","name":"@scope/a.b","op":"store",)"
                    R"("revision":18446744073709551615})"},
        std::string{R"({"ecosystem":"npm","name":"@scope/a.b","op":"boil",)"
                    R"("revision":1})"}}) {
    auto e = parse_event(subjects, subject, body);
    ASSERT_TRUE(e) << body;
    EXPECT_EQ(e->change.revision, 0) << body;
    EXPECT_EQ(e->change.key.name, "@scope/a.b");
  }
}

TEST(PackageSubjectsTest, DoesNotAskANodeWhoseNameIsNone) {
  auto e = stored();
  e.node = "a.>";
  auto back = parse_event(subjects, subjects.event(e.change), to_body(e));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->node, "");
  EXPECT_EQ(back->change.revision, 7);
}

TEST(PackageSubjectsTest, RefusesASubjectThatNamesNoPackage) {
  for (auto s : {"packages.updated.npm", "packages.updated.npm.=zz",
                 "packages.updated.NPM.a", "packages.storage.get",
                 "template.updated.a.b"})
    EXPECT_FALSE(parse_event(subjects, s, "")) << s;
}

}  // namespace larder
