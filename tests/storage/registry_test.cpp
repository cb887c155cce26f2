// The index and the archive of each registry, in the shapes that they have.
#include "storage/registry.hpp"

#include "storage/digest.hpp"
#include "storage/python_metadata.hpp"
#include "storage/simple_index.hpp"
#include "tests/support/archives.hpp"
#include "tests/support/scripted_registry.hpp"

#include <gtest/gtest.h>

namespace larder::test {

namespace {

using namespace std::chrono_literals;
using texts = std::vector<std::string>;

const std::string base = "http://index.test";
const std::string files = "http://files.test";

class RegistryTest : public ::testing::Test {
 protected:
  /// What the collector of `ecosystem` answers for `name`.
  collect_reply collect(const std::string& ecosystem, const std::string& name,
                        const std::string& version = {}) {
    config::registry_settings settings;
    settings.cargo = settings.pypi = settings.hex = settings.npm = base;
    settings.hex_mirror = files;
    package_collector subject{settings, 1'000'000, registry.world()};
    collect_request request;
    request.package = {ecosystem, name};
    request.version = version;
    request.deadline = registry.now + 60s;
    registry.asked.clear();
    return subject.collect(request);
  }

  package collected(const std::string& ecosystem, const std::string& name,
                    const std::string& version = {}) {
    auto reply = collect(ecosystem, name, version);
    EXPECT_EQ(reply.outcome, collect_outcome::collected)
        << message_of(reply.failure);
    auto got = parse_package(reply.document);
    return got ? *got : package{};
  }

  scripted_registry registry;
};

// -- Cargo -------------------------------------------------------------------

class CargoRegistryTest : public RegistryTest {
 protected:
  CargoRegistryTest() {
    registry.serve(base + "/config.json",
                   R"({"dl":"http://files.test/crates","api":null})");
    crate = gzip(
        tar_writer{}
            .file("tokio-1.2.0/Cargo.toml",
                  "[package]\nname = \"tokio\"\n"
                  "description = \"An event-driven platform\"\n"
                  "license = \"MIT/Apache-2.0\"\nreadme = \"docs/READ.md\"\n"
                  "keywords = [\"io\", \"async\"]\n"
                  "categories = [\"asynchronous\"]\n"
                  "repository = \"http://code.test\"\n")
            .file("tokio-1.2.0/docs/READ.md", "```\nmain()\n```\n")
            .file("tokio-1.2.0/src/lib.rs",
                  "/// ```\n/// run()\n/// ```\npub fn run() {}\n")
            .done());
    sum = to_hex(*digest_of("sha256", crate));
    registry.serve(base + "/to/ki/tokio",
                   line("1.1.0", false) + line("1.3.0", true)
                       + line("1.2.0", false) + line("2.0.0-alpha", false));
    registry.serve(files + "/crates/tokio/1.2.0/download", crate);
    registry.serve(files + "/crates/tokio/1.3.0/download", crate);
  }

  std::string line(const std::string& version, bool yanked) const {
    return R"({"name":"tokio","vers":")" + version
           + R"(","deps":[{"name":"bytes","req":"^1","optional":false,)"
             R"("kind":"normal"},{"name":"renamed","package":"mio",)"
             R"("req":"^0.8","optional":true,"kind":"normal"},)"
             R"({"name":"loom","req":"^0.5","kind":"dev"}],"cksum":")"
           + sum + R"(","features":{},"yanked":)" + (yanked ? "true" : "false")
           + "}\n";
  }

  std::string crate;
  std::string sum;
};

TEST_F(CargoRegistryTest, TakesTheHighestReleaseThatIsNotYanked) {
  auto got = collected("cargo", "Tokio");
  EXPECT_EQ(got.name, "tokio");
  EXPECT_EQ(got.version, "1.2.0");
  EXPECT_EQ(got.versions.size(), 4u);
  EXPECT_EQ(got.description, "An event-driven platform");
  EXPECT_EQ(got.licenses, (texts{"MIT", "Apache-2.0"}));
  EXPECT_EQ(got.keywords, (texts{"io", "async"}));
  EXPECT_EQ(got.tags, (texts{"asynchronous"}));
  EXPECT_EQ(got.repository, "http://code.test");
  EXPECT_EQ(got.dependencies,
            (std::vector<package_dependency>{{"bytes", "^1", "normal"},
                                             {"mio", "^0.8", "optional"},
                                             {"loom", "^0.5", "dev"}}));
  EXPECT_EQ(got.archive.algorithm, "sha256");
  EXPECT_EQ(got.archive.digest, sum);
  EXPECT_EQ(got.deprecated, "");
  ASSERT_EQ(got.snippets.size(), 2u);
  EXPECT_EQ(got.snippets[0].path, "docs/READ.md");
  EXPECT_EQ(got.snippets[1].path, "src/lib.rs");
}

TEST_F(CargoRegistryTest, SaysThatAVersionIsYanked) {
  EXPECT_EQ(collected("cargo", "tokio", "1.3.0").deprecated, "yanked");
}

TEST_F(CargoRegistryTest, FillsInTheAddressOfTheIndex) {
  registry.serve(base + "/config.json",
                 R"({"dl":"http://files.test/{prefix}/{lowerprefix}/{crate})"
                 R"(-{version}-{sha256-checksum}.crate"})");
  registry.serve(files + "/to/ki/to/ki/tokio-1.2.0-" + sum + ".crate", crate);
  EXPECT_EQ(collected("cargo", "tokio").version, "1.2.0");
}

TEST_F(CargoRegistryTest, KnowsWhereShortNamesStand) {
  for (auto [name, place] : {std::pair{"a", "/1/a"},
                             {"ab", "/2/ab"},
                             {"Abc", "/3/a/abc"},
                             {"abcd", "/ab/cd/abcd"}}) {
    collect("cargo", name);
    ASSERT_FALSE(registry.asked.empty());
    EXPECT_EQ(registry.asked[0].url, base + place);
  }
  EXPECT_EQ(code_of(collect("cargo", "../x").failure), ec::invalid_request);
}

TEST_F(CargoRegistryTest, AnswersForEveryTruncationOfTheIndex) {
  auto whole = registry.bodies[base + "/to/ki/tokio"].body;
  for (std::size_t size = 0; size < whole.size(); size += 3) {
    registry.serve(base + "/to/ki/tokio", whole.substr(0, size));
    auto reply = collect("cargo", "tokio", "2.0.0-alpha");
    EXPECT_EQ(reply.outcome, collect_outcome::failed);
  }
}

// -- Hex ---------------------------------------------------------------------

class HexRegistryTest : public RegistryTest {
 protected:
  HexRegistryTest() {
    registry.serve(
        base + "/packages/plug",
        R"({"name":"plug","latest_stable_version":"1.15.0","meta":{)"
        R"("description":"Compose web apps","licenses":["Apache-2.0"],)"
        R"("links":{"GitHub":"http://code.test","Site":"http://plug.test"}},)"
        R"("releases":[{"version":"1.15.0"},{"version":"1.14.0"}]})",
        "\"e\"");
    publish(contents());
  }

  static std::string contents() {
    return gzip(tar_writer{}
                    .file("README.md", "# Plug\n```elixir\nplug :x\n```\n")
                    .file("lib/plug.ex", "defmodule Plug do\nend\n")
                    .done());
  }

  void publish(const std::string& inner, std::string checksum = {}) {
    if (checksum.empty())
      checksum = to_hex(*digest_of("sha256", "3meta" + inner));
    tarball = tar_writer{}
                  .file("VERSION", "3")
                  .file("CHECKSUM", checksum)
                  .file("metadata.config", "meta")
                  .file("contents.tar.gz", inner)
                  .done();
    registry.serve(
        base + "/packages/plug/releases/1.15.0",
        R"({"version":"1.15.0","checksum":")"
            + to_hex(*digest_of("sha256", tarball))
            + R"(","requirements":{"mime":{"app":"mime","optional":false,)"
              R"("requirement":"~> 1.0"},"telemetry":{"optional":true,)"
              R"("requirement":"~> 0.4"}},"retirement":{"reason":"security",)"
              R"("message":"CVE"}})");
    registry.serve(files + "/tarballs/plug-1.15.0.tar", tarball);
  }

  std::string tarball;
};

TEST_F(HexRegistryTest, ReadsPackageReleaseAndTarball) {
  auto got = collected("hex", "plug");
  EXPECT_EQ(got.version, "1.15.0");
  EXPECT_EQ(got.versions, (texts{"1.15.0", "1.14.0"}));
  EXPECT_EQ(got.description, "Compose web apps");
  EXPECT_EQ(got.licenses, (texts{"Apache-2.0"}));
  EXPECT_EQ(got.repository, "http://code.test");
  EXPECT_EQ(got.homepage, "http://plug.test");
  EXPECT_EQ(got.deprecated, "security: CVE");
  EXPECT_EQ(got.dependencies, (std::vector<package_dependency>{
                                  {"mime", "~> 1.0", "normal"},
                                  {"telemetry", "~> 0.4", "optional"}}));
  ASSERT_EQ(got.snippets.size(), 1u);
  EXPECT_EQ(got.snippets[0].title, "Plug");
  EXPECT_TRUE(got.archive.verified);
}

TEST_F(HexRegistryTest, ChecksTheInnerChecksumToo) {
  publish(contents(), std::string(64, '0'));
  auto reply = collect("hex", "plug");
  EXPECT_EQ(code_of(reply.failure), ec::invalid_request);
  EXPECT_NE(message_of(reply.failure).find("CHECKSUM"), std::string::npos);
}

TEST_F(HexRegistryTest, RefusesAHarmfulArchiveWithinTheArchive) {
  publish(gzip(tar_writer{}.link("x", "/etc/passwd", '2').done()));
  auto reply = collect("hex", "plug");
  EXPECT_EQ(code_of(reply.failure), ec::invalid_request);
  EXPECT_NE(message_of(reply.failure).find("symbolic link"), std::string::npos);
}

TEST_F(HexRegistryTest, SaysThatThereIsNoSuchVersion) {
  auto reply = collect("hex", "plug", "9.0.0");
  EXPECT_EQ(code_of(reply.failure), ec::not_found);
  EXPECT_NE(message_of(reply.failure).find("9.0.0"), std::string::npos);
}

// -- PyPI --------------------------------------------------------------------

class PypiRegistryTest : public RegistryTest {
 protected:
  PypiRegistryTest() {
    sdist =
        gzip(tar_writer{}
                 .file("Zope.Interface-2.0/PKG-INFO",
                       "Metadata-Version: 2.1\nName: zope.interface\n"
                       "Summary: Interfaces\nKeywords: interface,components\n"
                       "License: ZPL-2.1\n"
                       "Project-URL: Source, http://code.test\n"
                       "Requires-Dist: setuptools (>=40)\n"
                       "Requires-Dist: coverage>=5 ; extra == 'test'\n"
                       "\nLong\n====\n\nUse::\n\n  import zope\n")
                 .file("Zope.Interface-2.0/zope/interface.py",
                       "def f():\n    \"\"\"F.\n\n    >>> f()\n    \"\"\"\n")
                 .done());
    wheel = zip({{"zope/a.py", "x = 1\n"},
                 {"zope_interface-1.0.dist-info/METADATA",
                  "Name: zope.interface\nSummary: Old\n\nhello\n"}});
    sha_sdist = to_hex(*digest_of("sha256", sdist));
    sha_wheel = to_hex(*digest_of("sha256", wheel));
    registry.serve(files + "/s.tar.gz", sdist);
    registry.serve(base + "/w.whl", wheel);
  }

  void serve_json() {
    auto url = base + "/zope-interface/";
    registry.serve(
        url, R"({"meta":{"api-version":"1.0"},"name":"zope-interface",)"
             R"("files":[{"filename":"zope.interface-1.0-py3-none-any.whl",)"
             R"("url":"../w.whl","hashes":{"sha256":")"
                 + sha_wheel
                 + R"("}},{"filename":"zope.interface-2.0.tar.gz","url":")"
                   R"(http://files.test/s.tar.gz","hashes":{"sha256":")"
                 + sha_sdist
                 + R"("},"yanked":false},{"filename":"Zope.Interface-3.0)"
                   R"(.tar.gz","url":"x","hashes":{"sha256":")"
                 + sha_sdist + R"("},"yanked":"broken"},)"
                 + R"({"filename":"zope.interface-2.1rc1.tar.gz","url":"x",)"
                   R"("hashes":{"sha256":")"
                 + sha_sdist
                 + R"("}},{"filename":"zope.interface-2.0.exe","url":"x",)"
                   R"("hashes":{}}]})");
    registry.serve_type(url, "application/vnd.pypi.simple.v1+json");
  }

  std::string sdist;
  std::string wheel;
  std::string sha_sdist;
  std::string sha_wheel;
};

TEST_F(PypiRegistryTest, ReadsTheIndexInJson) {
  serve_json();
  auto got = collected("pypi", "Zope.Interface");
  EXPECT_EQ(got.name, "zope-interface");
  EXPECT_EQ(got.version, "2.0");
  EXPECT_EQ(got.versions, (texts{"1.0", "2.0", "2.1rc1", "3.0"}));
  EXPECT_EQ(got.description, "Interfaces");
  EXPECT_EQ(got.keywords, (texts{"interface", "components"}));
  EXPECT_EQ(got.licenses, (texts{"ZPL-2.1"}));
  EXPECT_EQ(got.repository, "http://code.test");
  EXPECT_EQ(got.dependencies,
            (std::vector<package_dependency>{{"setuptools", ">=40", "normal"},
                                             {"coverage", ">=5", "optional"}}));
  EXPECT_EQ(got.archive.url, files + "/s.tar.gz");
  ASSERT_EQ(got.snippets.size(), 2u);
  EXPECT_EQ(got.snippets[0].kind, "readme");
  EXPECT_EQ(got.snippets[0].code, "import zope\n");
  // At the line of the file, behind the fields.
  EXPECT_EQ(got.snippets[0].line, 15u);
  EXPECT_EQ(got.snippets[1].title, "f");
}

TEST_F(PypiRegistryTest, TakesAWheelWhereThereIsNoSourceArchive) {
  serve_json();
  auto got = collected("pypi", "zope.interface", "1.0");
  EXPECT_EQ(got.description, "Old");
  EXPECT_EQ(got.archive.url, base + "/w.whl");
  EXPECT_EQ(got.readme, "hello\n");
}

TEST_F(PypiRegistryTest, FindsAVersionHoweverItIsWritten) {
  serve_json();
  EXPECT_EQ(collected("pypi", "zope.interface", "2.0.0").version, "2.0");
}

TEST_F(PypiRegistryTest, ReadsTheIndexInHtml) {
  auto url = base + "/zope-interface/";
  registry.serve(url, "<!DOCTYPE html><html><body>\n<a href=\""
                      "http://files.test/s.tar.gz#sha256="
                          + sha_sdist
                          + "\" data-requires-python=\"&gt;=3\">\n"
                            "zope.interface-2.0.tar.gz</a>\n"
                            "<a data-yanked='bad &amp; old' href='x#sha256="
                          + sha_sdist
                          + "'>zope.interface-3.0.tar.gz</a></body>");
  registry.serve_type(url, "text/html");
  auto got = collected("pypi", "zope.interface");
  EXPECT_EQ(got.version, "2.0");
  EXPECT_EQ(got.versions, (texts{"2.0", "3.0"}));
}

TEST(SimpleIndexTest, AnswersForEveryTruncation) {
  std::string html = "<a href='x#sha256=00' data-yanked=\"a &lt; b\">x-1.zip"
                     "</a><a href=y>y</a><A HREF><a";
  std::string json = R"({"files":[{"filename":"a","hashes":{"sha256":"0"},)"
                     R"("yanked":true},7,{"url":null}]})";
  for (std::size_t size = 0; size <= html.size(); ++size)
    parse_simple_index(html.substr(0, size), "text/html", "x");
  for (std::size_t size = 0; size < json.size(); ++size)
    EXPECT_FALSE(parse_simple_index(json.substr(0, size), "json", "x"));
  EXPECT_TRUE(parse_simple_index(json, "json", "x"));
}

TEST(SimpleIndexTest, ReadsVersionsOutOfFileNames) {
  for (auto [file, version] : {std::pair{"a-b-1.0.tar.gz", "1.0"},
                               {"a_b-1.0.zip", "1.0"},
                               {"A.B-2.0.post1.tgz", "2.0.post1"},
                               {"a_b-1.5-1-cp39-cp39-linux.whl", "1.5"},
                               {"a-1.0.tar.gz", ""},
                               {"a-b-c-1.0.tar.gz", ""},
                               {"a-b", ""}})
    EXPECT_EQ(version_of_python_file(file, "a-b"), version) << file;
}

TEST(PythonMetadataTest, ReadsWhatIsThere) {
  auto got = parse_python_metadata("Name: x\r\nLicense: a\n  b\n"
                                   "Classifier: License :: OSI Approved :: MIT "
                                   "License\nHome-page: UNKNOWN\n"
                                   "Project-URL: Homepage, http://x.test\n"
                                   "Requires-Dist: a[b,c] (>1) ; x\n"
                                   "Keywords: one two\n\ntext\n");
  EXPECT_EQ(got.licenses, (texts{"MIT License"}));
  EXPECT_EQ(got.homepage, "http://x.test");
  EXPECT_EQ(got.keywords, (texts{"one", "two"}));
  EXPECT_EQ(got.dependencies,
            (std::vector<package_dependency>{{"a", ">1", "normal"}}));
  EXPECT_EQ(got.description, "text\n");
  EXPECT_EQ(got.description_line, 10u);
}

}  // namespace

}  // namespace larder::test
