#include "cluster/nats_package_peers.hpp"

#include "storage/error.hpp"

#include <gtest/gtest.h>

#include <string>

namespace larder {

namespace {

// A page of one package, with one of its parts as the test has it.
std::string page_with(const std::string& ecosystem, const std::string& name,
                      const std::string& removed_at,
                      const std::string& versions,
                      const std::string& next = "null") {
  return R"({"items":[{"ecosystem":)" + ecosystem + R"(,"name":)" + name
         + R"(,"removed_at":)" + removed_at + R"(,"versions":)" + versions
         + R"(}],"next":)" + next + "}";
}

}  // namespace

TEST(NatsPackagePeersTest, TellsAPageSoThatItsReaderHasAllOfIt) {
  package_revision_page page;
  page.items.push_back(
      {{"npm", "@scope/\"a\"\\.b"}, 7, {{"1.0.0", 8}, {"2.0.0-rc.1", 9}}});
  page.items.push_back({{"debian", "gone"}, 3, {}});
  page.next = package_key{"debian", "gone"};
  auto back = revision_page_in(to_body(page));
  ASSERT_TRUE(back) << message_of(back.error());
  ASSERT_EQ(back->items.size(), 2u);
  auto& first = back->items[0];
  EXPECT_EQ(first.key, page.items[0].key);
  EXPECT_EQ(first.removed_at, 7);
  ASSERT_EQ(first.versions.size(), 2u);
  EXPECT_EQ(first.versions[1].version, "2.0.0-rc.1");
  EXPECT_EQ(first.versions[1].revision, 9);
  EXPECT_TRUE(back->items[1].versions.empty());
  EXPECT_EQ(back->next, page.next);
  page.next.reset();
  EXPECT_FALSE(revision_page_in(to_body(page))->next);
}

TEST(NatsPackagePeersTest, TakesAnEmptyPage) {
  auto page = revision_page_in(to_body(package_revision_page{}));
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->items.empty());
}

TEST(NatsPackagePeersTest, RefusesWhatIsNoPage) {
  for (std::string body :
       {"", "{", "[]", "{}", "7", R"({"items":7,"next":null})",
        R"({"items":[7],"next":null})", R"({"items":[{}],"next":null})",
        R"({"items":[]})", R"({"items":[],"next":"a/b"})",
        R"({"items":[],"next":{"ecosystem":"npm"}})", "\xff"}) {
    auto page = revision_page_in(body);
    ASSERT_FALSE(page) << body;
    EXPECT_EQ(code_of(page.error()), ec::unavailable) << body;
  }
  EXPECT_FALSE(revision_page_in(std::string(100'000, '[')));
}

TEST(NatsPackagePeersTest, RefusesPackagesAndVersionsThatCannotBe) {
  auto good = page_with(R"("npm")", R"("x")", "0",
                        R"([{"version":"1.0.0","revision":1}])");
  EXPECT_TRUE(revision_page_in(good));
  for (auto& body :
       {page_with(R"("NPM")", R"("x")", "0", "[]"),
        page_with(R"("")", R"("x")", "0", "[]"),
        page_with(R"("npm")", R"("")", "0", "[]"),
        page_with(R"("npm")", '"' + std::string(513, 'x') + '"', "0", "[]"),
        page_with(R"("npm")", R"("a\u0000b")", "0", "[]"),
        page_with(R"("npm")", R"("x")", "-1", "[]"),
        page_with(R"("npm")", R"("x")", R"("1")", "[]"),
        page_with(R"("npm")", R"("x")", "0", R"({"a":1})"),
        page_with(R"("npm")", R"("x")", "0", R"([{"version":"1.0.0"}])"),
        page_with(R"("npm")", R"("x")", "0",
                  R"([{"version":"1.0.0","revision":0}])"),
        page_with(R"("npm")", R"("x")", "0",
                  R"([{"version":"","revision":1}])"),
        page_with(R"("npm")", R"("x")", "0",
                  R"([{"version":"a\u0000","revision":1}])"),
        page_with(R"("npm")", R"("x")", "0", "[]",
                  R"({"ecosystem":"a.b","name":"x"})")}) {
    auto page = revision_page_in(body);
    ASSERT_FALSE(page) << body;
    EXPECT_EQ(code_of(page.error()), ec::unavailable) << body;
  }
}

}  // namespace larder
