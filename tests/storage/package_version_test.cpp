#include "storage/package_version.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

using namespace larder;

namespace {

/// Each is before every later one, both ways round, and equal to itself.
void expect_ascending(const char* ecosystem,
                      const std::vector<std::string>& versions) {
  for (std::size_t i = 0; i < versions.size(); ++i)
    for (std::size_t j = 0; j < versions.size(); ++j)
      EXPECT_TRUE(compare_versions(ecosystem, versions[i], versions[j])
                  == (i <=> j))
          << ecosystem << ": " << versions[i] << " beside " << versions[j];
}

}  // namespace

// The example of section 11 of the specification, and around it.
TEST(PackageVersionTest, OrdersSemanticVersions) {
  for (auto* ecosystem : {"npm", "cargo", "hex", "anything"})
    expect_ascending(ecosystem,
                     {"", "latest", "0.9.10", "1.0.0-alpha", "1.0.0-alpha.1",
                      "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2",
                      "1.0.0-beta.11", "1.0.0-rc.1", "v1.0.0", "1.0.1", "1.2.0",
                      "1.10.0", "1.10.0.1", "2.0rc1", "2", "2024.01",
                      "99999999999999999999999.0"});
}

TEST(PackageVersionTest, LooksNotAtBuildMetadata) {
  EXPECT_TRUE(compare_versions("npm", "1.0.0+b", "1.0.0+a") == 0);
  EXPECT_TRUE(compare_versions("npm", "1.0", "1.0.0") == 0);
  EXPECT_FALSE(is_prerelease("npm", "1.0.0+alpha-1"));
}

// The example of PEP 440, "Summary of permitted suffixes and relative
// ordering", and around it.
TEST(PackageVersionTest, OrdersPythonVersions) {
  expect_ascending("pypi", {"no version",
                            "1.0.dev456",
                            "1.0a1",
                            "1.0a2.dev456",
                            "1.0a12.dev456",
                            "1.0a12",
                            "1.0b1.dev456",
                            "1.0b2",
                            "1.0b2.post345.dev456",
                            "1.0b2.post345",
                            "1.0rc1.dev456",
                            "1.0rc1",
                            "1.0",
                            "1.0+abc.5",
                            "1.0+abc.7",
                            "1.0+5",
                            "1.0.post456.dev34",
                            "1.0.post456",
                            "1.0.15",
                            "1.1.dev1",
                            "1!0.1"});
}

TEST(PackageVersionTest, ReadsTheSpellingsThatPythonAllows) {
  for (auto* same : {"1.0rc1", "1.0c1", "1.0-rc.1", "v1.0RC1", "1.0_preview_1"})
    EXPECT_TRUE(compare_versions("pypi", "1.0.0rc1", same) == 0) << same;
  for (auto* same : {"1.0.post1", "1.0-1", "1.0rev1", "1.0.r1"})
    EXPECT_TRUE(compare_versions("pypi", "1.0.post1", same) == 0) << same;
  EXPECT_TRUE(compare_versions("pypi", "1.0a", "1.0a0") == 0);
}

// What dpkg --compare-versions says of them.
TEST(PackageVersionTest, OrdersDebianVersions) {
  expect_ascending("debian",
                   {"x:1", "1.0~~", "1.0~~a", "1.0~", "1.0~rc1-1", "1.0",
                    "1.0-1~bpo11+1", "1.0-1", "1.0-1+b1", "1.0-2", "1.0-10",
                    "1.0a-1", "1.0+dfsg-1", "1.0.1", "1.2", "1.10", "1:0.1"});
}

TEST(PackageVersionTest, TellsPrereleasesFromReleases) {
  for (auto* v : {"1.0.0-rc.1", "1.0.0-0", "2.0rc1", "", "main"})
    EXPECT_TRUE(is_prerelease("npm", v)) << v;
  for (auto* v : {"1.0.0", "v2", "1.0"})
    EXPECT_FALSE(is_prerelease("npm", v)) << v;
  for (auto* v : {"1.0a1", "1.0.dev3", "1.0.post1.dev2", "x"})
    EXPECT_TRUE(is_prerelease("pypi", v)) << v;
  for (auto* v : {"1.0", "1.0.post1", "1!2"})
    EXPECT_FALSE(is_prerelease("pypi", v)) << v;
  for (auto* v : {"1.0~rc1-1", "2~beta2+dfsg-1"})
    EXPECT_TRUE(is_prerelease("debian", v)) << v;
  for (auto* v : {"1.0-1", "1.0~dfsg-1", "1.0-1~bpo1", "1:1.0"})
    EXPECT_FALSE(is_prerelease("debian", v)) << v;
}

TEST(PackageVersionTest, PrefersReleasesThenTheHigherThenTheGreaterBytes) {
  EXPECT_TRUE(is_preferred("npm", "1.0.0", "2.0.0-rc.1"));
  EXPECT_FALSE(is_preferred("npm", "2.0.0-rc.1", "1.0.0"));
  EXPECT_TRUE(is_preferred("npm", "1.10.0", "1.9.0"));
  EXPECT_TRUE(is_preferred("npm", "2.0.0-rc.2", "2.0.0-rc.1"));
  EXPECT_TRUE(is_preferred("npm", "1.0.0", "1.0"));
  EXPECT_FALSE(is_preferred("npm", "1.0", "1.0"));
}
