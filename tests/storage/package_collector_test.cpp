#include "storage/package_collector.hpp"

#include "storage/digest.hpp"
#include "tests/support/archives.hpp"
#include "tests/support/scripted_registry.hpp"

#include <gtest/gtest.h>

namespace larder::test {

namespace {

using namespace std::chrono_literals;

const std::string base = "http://registry.test";

class PackageCollectorTest : public ::testing::Test {
 protected:
  PackageCollectorTest() {
    settings.npm = base + "/";
    archive = gzip(tar_writer{}
                       .file("package/package.json",
                             R"({"name":"left-pad","description":"Pads",)"
                             R"("license":"MIT OR WTFPL",)"
                             R"("keywords":["pad","string"],)"
                             R"("homepage":"http://left.test",)"
                             R"("repository":{"url":"git+left"},)"
                             R"("devDependencies":{"tape":"^1"}})")
                       .file("package/README.md",
                             "# left-pad\n\n```js\nleftPad('a', 5)\n```\n")
                       .file("package/index.d.ts",
                             "export function leftPad(s: string): string;\n")
                       .done());
    publish("1.3.0", integrity());
  }

  std::string integrity() const {
    return "sha512-" + to_base64(*digest_of("sha512", archive));
  }

  void publish(const std::string& version, const std::string& sri,
               const std::string& more = {}) {
    registry.serve(
        base + "/left-pad",
        R"({"name":"left-pad","dist-tags":{"latest":")" + version
            + R"("},"versions":{"1.0.0":{"dist":{"tarball":")" + base
            + R"(/left-pad/-/left-pad-1.0.0.tgz","shasum":"00"}},")" + version
            + R"(":{"dependencies":{"x":"^1"},)" + more
            + R"("dist":{"tarball":"http://elsewhere.test/left-pad/-/)"
            + version + R"(.tgz","integrity":")" + sri
            + R"("}}},"readme":"long"})",
        "\"" + version + more + "\"");
    registry.serve(base + "/left-pad/-/" + version + ".tgz", archive);
  }

  collect_reply collect(std::string version = {}) {
    collect_request request;
    request.package = {"npm", "left-pad"};
    request.version = std::move(version);
    request.state = state;
    request.known = known;
    request.deadline = registry.now + 60s;
    registry.asked.clear();
    auto reply = subject.collect(request);
    state = reply.state;
    if (!reply.document.empty())
      known = reply.document;
    return reply;
  }

  scripted_registry registry;
  config::registry_settings settings;
  std::string archive;
  std::string state;
  std::string known;
  package_collector subject{[this] {
                              settings.npm = base;
                              return settings;
                            }(),
                            1'000'000, registry.world()};
};

TEST_F(PackageCollectorTest, MakesADocumentOfTheIndexAndTheArchive) {
  auto reply = collect();
  ASSERT_EQ(reply.outcome, collect_outcome::collected)
      << message_of(reply.failure);
  auto got = parse_package(reply.document);
  ASSERT_TRUE(got) << message_of(got.error());
  EXPECT_EQ(got->name, "left-pad");
  EXPECT_EQ(got->version, "1.3.0");
  EXPECT_EQ(got->versions, (std::vector<std::string>{"1.0.0", "1.3.0"}));
  EXPECT_EQ(got->description, "Pads");
  EXPECT_EQ(got->licenses, (std::vector<std::string>{"MIT", "WTFPL"}));
  EXPECT_EQ(got->keywords, (std::vector<std::string>{"pad", "string"}));
  EXPECT_EQ(got->homepage, "http://left.test");
  EXPECT_EQ(got->repository, "git+left");
  EXPECT_EQ(got->dependencies,
            (std::vector<package_dependency>{{"x", "^1", "normal"},
                                             {"tape", "^1", "dev"}}));
  // Under the registry that was asked, whatever the index says.
  EXPECT_EQ(got->archive.url, base + "/left-pad/-/1.3.0.tgz");
  EXPECT_EQ(got->archive.algorithm, "sha512");
  EXPECT_EQ(got->archive.digest, integrity());
  EXPECT_EQ(got->archive.bytes, archive.size());
  EXPECT_TRUE(got->archive.verified);
  ASSERT_EQ(got->snippets.size(), 2u);
  EXPECT_EQ(got->snippets[0].kind, "readme");
  EXPECT_EQ(got->snippets[0].path, "README.md");
  EXPECT_EQ(got->snippets[1].title, "leftPad");
  EXPECT_EQ(got->collected_at, "2024-10-04T00:00:00Z");
  EXPECT_GT(reply.bytes, archive.size());
}

TEST_F(PackageCollectorTest, DoesNotAskWhileThePackageIsFresh) {
  collect();
  auto reply = collect();
  EXPECT_EQ(reply.outcome, collect_outcome::unchanged);
  EXPECT_EQ(reply.document, known);
  EXPECT_TRUE(registry.asked.empty());
}

TEST_F(PackageCollectorTest, AsksWhetherItChangedAndBelievesThatItDidNot) {
  collect();
  registry.now += settings.fresh_for + 1s;
  auto reply = collect();
  EXPECT_EQ(reply.outcome, collect_outcome::unchanged);
  ASSERT_EQ(registry.asked.size(), 1u);
  // And is fresh again.
  EXPECT_EQ(collect().outcome, collect_outcome::unchanged);
  EXPECT_TRUE(registry.asked.empty());
}

TEST_F(PackageCollectorTest, DownloadsNothingWhenOnlyTheIndexChanged) {
  collect();
  publish("1.3.0", integrity(), R"("deprecated":"use padStart",)");
  registry.now += settings.fresh_for + 1s;
  auto reply = collect();
  EXPECT_EQ(reply.outcome, collect_outcome::collected);
  EXPECT_EQ(registry.asked.size(), 1u);
  auto got = parse_package(reply.document);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->deprecated, "use padStart");
  EXPECT_EQ(got->snippets.size(), 2u);
}

TEST_F(PackageCollectorTest, CollectsANewRelease) {
  collect();
  publish("1.4.0", integrity());
  registry.now += settings.fresh_for + 1s;
  auto reply = collect();
  ASSERT_EQ(reply.outcome, collect_outcome::collected);
  EXPECT_EQ(parse_package(reply.document)->version, "1.4.0");
}

TEST_F(PackageCollectorTest, TheVersionKeptIsNotTakenForTheNewest) {
  publish("2.0.0", integrity());
  registry.serve(base + "/left-pad/-/left-pad-1.0.0.tgz", archive);
  auto old = registry.bodies[base + "/left-pad"].body;
  auto at = old.find(R"("shasum":"00")");
  old.replace(at, 13,
              R"("shasum":")" + to_hex(*digest_of("sha1", archive)) + "\"");
  registry.serve(base + "/left-pad", old, "\"same\"");
  ASSERT_EQ(collect("1.0.0").outcome, collect_outcome::collected);
  // The index has not changed since; but it is not what is asked for.
  auto newest = collect();
  ASSERT_EQ(newest.outcome, collect_outcome::collected);
  EXPECT_EQ(parse_package(newest.document)->version, "2.0.0");
}

TEST_F(PackageCollectorTest, RefusesAnArchiveWithAnotherDigest) {
  publish("1.3.0", "sha512-" + to_base64(std::string(64, 'x')));
  auto reply = collect();
  EXPECT_EQ(reply.outcome, collect_outcome::failed);
  EXPECT_EQ(code_of(reply.failure), ec::invalid_request);
  auto said = message_of(reply.failure);
  EXPECT_NE(said.find("sha512"), std::string::npos) << said;
  EXPECT_NE(said.find(to_hex(*digest_of("sha512", archive))), std::string::npos)
      << said;
  EXPECT_TRUE(reply.document.empty());
}

TEST_F(PackageCollectorTest, RefusesAnArchiveWithoutADigest) {
  publish("1.3.0", "sha512-not base64");
  auto reply = collect();
  EXPECT_EQ(reply.outcome, collect_outcome::failed);
  EXPECT_NE(message_of(reply.failure).find("cannot be verified"),
            std::string::npos);
  EXPECT_EQ(registry.asked.size(), 1u);
}

TEST_F(PackageCollectorTest, DownloadsOnceMoreWhatCameShort) {
  http_response index = registry.bodies[base + "/left-pad"];
  index.status = 200;
  http_response part = index;
  part.body = archive.substr(0, archive.size() / 2);
  registry.then(index);
  registry.then(part);
  EXPECT_EQ(collect().outcome, collect_outcome::collected);
  EXPECT_EQ(registry.asked.size(), 3u);
}

TEST_F(PackageCollectorTest, RemembersThatThereIsNoSuchPackage) {
  registry.forget(base + "/left-pad");
  auto reply = collect();
  EXPECT_EQ(code_of(reply.failure), ec::not_found);
  EXPECT_EQ(registry.asked.size(), 1u);
  reply = collect();
  EXPECT_EQ(code_of(reply.failure), ec::not_found);
  EXPECT_TRUE(registry.asked.empty());
  // Not for ever.
  registry.now += settings.missing_for + 1s;
  publish("1.3.0", integrity());
  EXPECT_EQ(collect().outcome, collect_outcome::collected);
  EXPECT_EQ(collect("9.9.9").outcome, collect_outcome::failed);
  registry.asked.clear();
  EXPECT_EQ(code_of(collect("9.9.9").failure), ec::not_found);
  EXPECT_TRUE(registry.asked.empty());
}

TEST_F(PackageCollectorTest, AnswersAnOldDocumentWhileTheRegistryFails) {
  collect();
  auto document = known;
  registry.now += settings.fresh_for + 1s;
  for (int i = 0; i < 4; ++i)
    registry.then_status(503);
  auto reply = collect();
  EXPECT_EQ(reply.outcome, collect_outcome::stale);
  EXPECT_EQ(reply.document, document);
  EXPECT_EQ(code_of(reply.failure), ec::unavailable);
  // Not for ever.
  registry.now += settings.stale_for + 1s;
  for (int i = 0; i < 4; ++i)
    registry.then_status(503);
  reply = collect();
  EXPECT_EQ(reply.outcome, collect_outcome::failed);
}

TEST_F(PackageCollectorTest, SaysWhatToSetWhereNoAddressIsKnown) {
  package_collector nowhere{{}, 1'000'000, registry.world()};
  for (auto [ecosystem, variable] : {std::pair{"npm", "NPM_CONFIG_REGISTRY"},
                                     {"pypi", "PIP_INDEX_URL"},
                                     {"cargo", "registry.default"},
                                     {"hex", "HEX_API_URL"}}) {
    collect_request request;
    request.package = {ecosystem, "x"};
    auto reply = nowhere.collect(request);
    EXPECT_EQ(code_of(reply.failure), ec::configuration);
    auto said = message_of(reply.failure);
    EXPECT_NE(said.find("registries." + std::string{ecosystem}),
              std::string::npos);
    EXPECT_NE(said.find(variable), std::string::npos) << said;
  }
  collect_request other;
  other.package = {"debian", "x"};
  EXPECT_EQ(code_of(nowhere.collect(other).failure), ec::not_supported);
}

TEST_F(PackageCollectorTest, RefusesNamesThatAreNoneBeforeAsking) {
  for (auto name : {"../x", "a/b", "@a", "@a/b/c", "a?b", "a b", ".x"}) {
    collect_request request;
    request.package = {"npm", name};
    EXPECT_EQ(code_of(subject.collect(request).failure), ec::invalid_request)
        << name;
  }
  EXPECT_TRUE(registry.asked.empty());
}

TEST_F(PackageCollectorTest, AnswersForEveryTruncationOfTheIndex) {
  auto whole = registry.bodies[base + "/left-pad"].body;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    registry.serve(base + "/left-pad", whole.substr(0, size));
    auto reply = collect();
    EXPECT_EQ(reply.outcome, collect_outcome::failed);
    EXPECT_EQ(code_of(reply.failure), ec::unavailable);
  }
}

TEST_F(PackageCollectorTest, WhatIsThrownIsAFailure) {
  auto world = registry.world();
  world.get = [](auto&) -> caf::expected<http_response> {
    throw std::runtime_error{"unforeseen"};
  };
  settings.npm = base;
  package_collector unlucky{settings, 1'000'000, world};
  collect_request request;
  request.package = {"npm", "left-pad"};
  request.state = "kept";
  auto reply = unlucky.collect(request);
  EXPECT_EQ(reply.outcome, collect_outcome::failed);
  EXPECT_EQ(code_of(reply.failure), ec::internal);
  EXPECT_EQ(reply.state, "kept");
}

TEST_F(PackageCollectorTest, IgnoresAStateThatIsDamagedOrOfAnotherRegistry) {
  collect();
  auto good = state;
  for (auto bad : {std::string{"{"}, std::string{"[]"},
                   std::string{R"({"address":"http://other.test"})"},
                   good.substr(0, good.size() / 2)}) {
    state = bad;
    EXPECT_EQ(collect().outcome, collect_outcome::unchanged);
    EXPECT_EQ(registry.asked.size(), 1u) << bad;
  }
}

TEST(ShrinkToTest, MakesTheDocumentFit) {
  package p;
  p.ecosystem = "npm";
  p.name = "x";
  p.readme = std::string(500'000, 'r');
  p.dependencies = {{"good", "1", "dev"}, {"", "1", ""}, {"b\nd", "1", ""}};
  for (int i = 0; i < 6'000; ++i) {
    p.versions.push_back("1.0." + std::to_string(i));
    p.snippets.push_back({"doc", "js", "a.js", 1, "t", std::string(500, 'c')});
  }
  shrink_to(p, 100'000);
  EXPECT_LE(to_json(p).size(), 100'000u);
  EXPECT_EQ(p.versions.back(), "1.0.5999");
  ASSERT_EQ(p.dependencies.size(), 1u);
  EXPECT_EQ(p.dependencies[0].name, "good");
  EXPECT_FALSE(p.snippets.empty());
  package tiny;
  tiny.name = std::string(2'000, 'x');
  shrink_to(tiny, 10);
}

}  // namespace

}  // namespace larder::test
