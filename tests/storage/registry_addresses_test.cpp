#include "storage/registry_addresses.hpp"

#include "storage/error.hpp"

#include <gtest/gtest.h>

#include <map>

namespace larder::test {

namespace {

class RegistryAddressesTest : public ::testing::Test {
 protected:
  registry_address find(const std::string& ecosystem,
                        const std::string& name = "x") {
    auto got = address_of(ecosystem, name, ours, from());
    if (got)
      return *got;
    failure = got.error();
    return {};
  }

  registry_surroundings from() {
    auto look = [](auto& map) {
      return [&map](const std::string& name) -> std::optional<std::string> {
        auto found = map.find(name);
        if (found == map.end())
          return std::nullopt;
        return found->second;
      };
    };
    return {look(variables), look(files), "/home/me", "/home/me/src/app"};
  }

  config::registry_settings ours;
  std::map<std::string, std::string> variables;
  std::map<std::string, std::string> files;
  caf::error failure;
};

TEST_F(RegistryAddressesTest, OursIsFirst) {
  variables["NPM_CONFIG_REGISTRY"] = "http://theirs.test";
  ours.npm = "http://ours.test/npm/";
  EXPECT_EQ(find("npm").url, "http://ours.test/npm");
  ours.pypi = "ftp://ours.test";
  find("pypi");
  EXPECT_EQ(code_of(failure), ec::configuration);
  ours.cargo = "sparse+https://ours.test/index/";
  EXPECT_EQ(find("cargo").url, "https://ours.test/index");
}

TEST_F(RegistryAddressesTest, NpmByEnvironmentProjectUserAndMachine) {
  files["/etc/npmrc"] = "registry=http://machine.test\n";
  EXPECT_EQ(find("npm").url, "http://machine.test");
  files["/home/me/.npmrc"] =
      "; comment\n# too\nregistry = \"http://user.test/\"\n"
      "@scope:registry=http://scope.test/${TEAM}/\n"
      "//scope.test/a/:_authToken=${TOKEN}\n"
      "//scope.test/:_auth=dTpw\n";
  variables["TEAM"] = "a";
  variables["TOKEN"] = "t0k";
  EXPECT_EQ(find("npm").url, "http://user.test");
  files["/home/me/src/app/.npmrc"] = "registry=http://project.test\n";
  EXPECT_EQ(find("npm").url, "http://project.test");
  variables["npm_config_registry"] = "http://variable.test";
  EXPECT_EQ(find("npm").url, "http://variable.test");
  EXPECT_EQ(find("npm").authorization, "");
  auto scoped = find("npm", "@scope/name");
  EXPECT_EQ(scoped.url, "http://scope.test/a");
  EXPECT_EQ(scoped.authorization, "Bearer t0k");
  variables["TEAM"] = "b/c";
  EXPECT_EQ(find("npm", "@scope/name").authorization, "Basic dTpw");
}

TEST_F(RegistryAddressesTest, NpmReadsTheFilesThatItsVariablesName) {
  variables["NPM_CONFIG_USERCONFIG"] = "/else/npmrc";
  files["/home/me/.npmrc"] = "registry=http://wrong.test\n";
  files["/else/npmrc"] = "registry=http://right.test\n";
  EXPECT_EQ(find("npm").url, "http://right.test");
}

TEST_F(RegistryAddressesTest, CargoByReplacementAndByDefault) {
  files["/home/me/.cargo/config.toml"] =
      "[source.crates-io]\nreplace-with = \"mirror\"\n"
      "[source.mirror]\nreplace-with = \"near\"\n"
      "[source.near]\nregistry = \"sparse+http://near.test/index/\"\n";
  EXPECT_EQ(find("cargo").url, "http://near.test/index");
  files["/home/me/.cargo/config.toml"] =
      "[registry]\ndefault = \"my-own\"\n"
      "[registries.my-own]\nindex = \"sparse+http://own.test/\"\n";
  EXPECT_EQ(find("cargo").url, "http://own.test");
  variables["CARGO_REGISTRIES_MY_OWN_INDEX"] = "sparse+http://variable.test";
  variables["CARGO_REGISTRIES_MY_OWN_TOKEN"] = "tok";
  EXPECT_EQ(find("cargo").url, "http://variable.test");
  EXPECT_EQ(find("cargo").authorization, "tok");
  files["/home/me/src/.cargo/config.toml"] =
      "[registry]\ndefault = \"near\"\n"
      "[registries.near]\nindex = \"sparse+http://near.test\"\n";
  EXPECT_EQ(find("cargo").url, "http://near.test");
  files["/home/me/src/.cargo/config.toml"] = "[registries.near";
  EXPECT_EQ(find("cargo").url, "http://variable.test");
}

TEST_F(RegistryAddressesTest, CargoRefusesAnIndexInGit) {
  files["/home/me/.cargo/config.toml"] =
      "[registry]\ndefault = \"own\"\n"
      "[registries.own]\nindex = \"http://own.test/index.git\"\n";
  find("cargo");
  EXPECT_EQ(code_of(failure), ec::configuration);
  EXPECT_NE(message_of(failure).find("sparse"), std::string::npos);
}

TEST_F(RegistryAddressesTest, CargoEndsInACircle) {
  files["/home/me/.cargo/config.toml"] =
      "[source.crates-io]\nreplace-with = \"a\"\n"
      "[source.a]\nreplace-with = \"b\"\n[source.b]\nreplace-with = \"a\"\n";
  find("cargo");
  EXPECT_EQ(code_of(failure), ec::configuration);
}

TEST_F(RegistryAddressesTest, PipByEnvironmentUserAndMachine) {
  files["/etc/pip.conf"] = "[global]\nindex-url = http://machine.test/simple\n";
  EXPECT_EQ(find("pypi").url, "http://machine.test/simple");
  files["/home/me/.config/pip/pip.conf"] =
      "[list]\nindex-url = http://no.test\n"
      "[global]\nindex-url = https://me:p%40ss@user.test/simple/\n";
  EXPECT_EQ(find("pypi").url, "https://user.test/simple");
  EXPECT_EQ(find("pypi").authorization, "Basic bWU6cEBzcw==");
  variables["PIP_INDEX_URL"] = "http://variable.test/simple/";
  EXPECT_EQ(find("pypi").url, "http://variable.test/simple");
}

TEST_F(RegistryAddressesTest, HexByItsOwnVariables) {
  variables["HEX_API_URL"] = "http://api.test/api";
  variables["HEX_MIRROR"] = "http://repo.test/";
  auto got = find("hex");
  EXPECT_EQ(got.url, "http://api.test/api");
  EXPECT_EQ(got.archives, "http://repo.test");
  // Another API has other archives.
  ours.hex = "http://ours.test";
  EXPECT_EQ(find("hex").archives, "");
}

TEST_F(RegistryAddressesTest, AnswersForEveryTruncation) {
  const std::string npm = "; x\n[s]\nregistry = \"http://a.test/${B}\"\n"
                          "@s:registry=x\n//a.test/:_authToken=${T\n";
  const std::string pip = "[global]\nindex-url = https://a:b%@c.test/\n[";
  const std::string cargo = "[source.crates-io]\nreplace-with = 'a'\n"
                            "[source.a]\nregistry = 'sparse+http://b.test'\n";
  for (std::size_t size = 0; size < 200; ++size) {
    files["/home/me/.npmrc"] = npm.substr(0, std::min(size, npm.size()));
    find("npm", "@s/x");
    files["/etc/pip.conf"] = pip.substr(0, std::min(size, pip.size()));
    find("pypi");
    files["/home/me/.cargo/config"] =
        cargo.substr(0, std::min(size, cargo.size()));
    find("cargo");
  }
  EXPECT_EQ(find("cargo").url, "http://b.test");
}

TEST_F(RegistryAddressesTest, NothingMakesItGuess) {
  for (auto ecosystem : {"npm", "cargo", "hex", "pypi"}) {
    failure = {};
    find(ecosystem);
    EXPECT_EQ(code_of(failure), ec::configuration) << ecosystem;
  }
}

}  // namespace

}  // namespace larder::test
