#include "storage/debian_packages.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace larder::test {

TEST(DebianPackagesTest, ReadsAStanza) {
  auto p = debian_package("Package: jq\n"
                          "Version: 1.6-2.1\n"
                          "Depends: libjq1 (= 1.6), libc6 (>= 2.34) | musl,\n"
                          " python3:any\n"
                          "Suggests: gron\n"
                          "Description: JSON processor\n"
                          " It slices\n"
                          " .\n"
                          "  indented\n"
                          "Homepage: https://example.org/jq\n"
                          "Tag: role::program, use::filtering,\n"
                          " works-with::text\n"
                          "Section: utils\n"
                          "Filename: pool/j/jq.deb\n"
                          "Size: 64432\n"
                          "SHA256: c25f\n");
  ASSERT_TRUE(p);
  EXPECT_EQ(p->ecosystem, "debian");
  EXPECT_EQ(p->name, "jq");
  EXPECT_EQ(p->version, "1.6-2.1");
  EXPECT_EQ(p->versions, std::vector<std::string>{"1.6-2.1"});
  EXPECT_EQ(p->description, "JSON processor");
  EXPECT_EQ(p->readme, "It slices\n\n indented");
  EXPECT_EQ(p->homepage, "https://example.org/jq");
  EXPECT_EQ(p->keywords, std::vector<std::string>{"utils"});
  EXPECT_EQ(p->tags,
            (std::vector<std::string>{"role::program", "use::filtering",
                                      "works-with::text"}));
  EXPECT_EQ(p->dependencies,
            (std::vector<package_dependency>{{"libjq1", "= 1.6", ""},
                                             {"libc6", ">= 2.34 | musl", ""},
                                             {"python3", "", ""},
                                             {"gron", "", "optional"}}));
  EXPECT_EQ(p->archive,
            (package_archive{"pool/j/jq.deb", "sha256", "c25f", 64432, false}));
}

TEST(DebianPackagesTest, ReadsOneAfterTheOtherAndPassesOverWhatIsNone) {
  std::istringstream in{"\n\nPackage: a\nVersion: 1\n\n"
                        "Version: 2\n\n"
                        "nonsense\n\n"
                        "Package: b\nVersion: 3\r\n\r\n"
                        "Package: c\nVersion: 4"};
  debian_packages packages{in};
  EXPECT_EQ(packages.next()->name, "a");
  auto b = packages.next();
  EXPECT_EQ(b->name, "b");
  EXPECT_EQ(b->version, "3");
  EXPECT_EQ(packages.next()->name, "c");
  EXPECT_FALSE(packages.next());
  EXPECT_EQ(packages.skipped(), 2u);
}

TEST(DebianPackagesTest, CountsWhoUsesAPackageOutsideItsSource) {
  const std::string text = "Package: tool\nVersion: 1\nDepends: lib (>= 2)\n"
                           "Recommends: lib, other\n\n"
                           "Package: second\nVersion: 1\nSuggests: lib | x\n\n"
                           "Package: lib\nSource: libs (1.2)\nVersion: 1\n\n"
                           "Package: lib-dev\nSource: libs\nVersion: 1\n"
                           "Depends: lib\n";
  std::istringstream first{text};
  std::istringstream second{text};
  debian_packages packages{second, count_debian_users(first)};
  std::string seen;
  while (auto p = packages.next())
    seen += p->name + ":" + std::to_string(p->used_by) + " ";
  EXPECT_EQ(seen, "tool:0 second:0 lib:2 lib-dev:0 ");
}

TEST(DebianPackagesTest, AStanzaThatIsMuchTooLongCostsNoMoreMemory) {
  std::string text = "Package: a\nVersion: 1\n";
  for (int i = 0; i < 200; ++i)
    text += "X: " + std::string(100'000, 'x') + "\n";
  std::istringstream in{text + "\nPackage: b\nVersion: 1\n"};
  debian_packages packages{in};
  EXPECT_EQ(packages.next()->name, "a");
  EXPECT_EQ(packages.next()->name, "b");
}

}  // namespace larder::test
