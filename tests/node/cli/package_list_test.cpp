#include "node/cli/package_list.hpp"

#include "storage/error.hpp"

#include <gtest/gtest.h>

namespace larder::cli {

namespace {

std::vector<std::string> names(const caf::expected<package_list>& list) {
  std::vector<std::string> result;
  if (!list)
    return {message_of(list.error())};
  for (auto& p : list->packages)
    result.push_back(p.ecosystem + " " + p.name + " " + p.version);
  for (auto& other : list->others)
    result.push_back("passed over: " + other.what);
  return result;
}

using texts = std::vector<std::string>;

TEST(PackageListTest, ReadsPackageLockByPath) {
  EXPECT_EQ(names(parse_package_list("a/package-lock.json", R"({
              "name": "app", "lockfileVersion": 3, "packages": {
                "": {"name": "app", "version": "1.0.0"},
                "node_modules/@s/a": {"version": "1.2.3", "resolved": "x"},
                "node_modules/b/node_modules/c": {"version": "2.0.0"},
                "node_modules/c": {"version": "2.0.0"},
                "node_modules/alias": {"name": "real", "version": "3.0.0"},
                "node_modules/w": {"resolved": "packages/w", "link": true},
                "node_modules/g": {"version": "1.0.0",
                                   "resolved": "git+ssh://x"},
                "packages/w": {"version": "0.0.1"}}})",
                                     "")),
            (texts{"npm @s/a 1.2.3", "npm real 3.0.0", "npm c 2.0.0",
                   "passed over: g", "passed over: w"}));
}

TEST(PackageListTest, ReadsPackageLockOfTheFirstForm) {
  EXPECT_EQ(names(parse_package_list("x", R"({"lockfileVersion": 1,
              "dependencies": {"a": {"version": "1.0.0", "dependencies":
              {"b": {"version": "2.0.0"}}}, "g": {"version": "github:x/y"}}})",
                                     "")),
            (texts{"npm a 1.0.0", "npm b 2.0.0", "passed over: g"}));
}

TEST(PackageListTest, ReadsCargoLock) {
  EXPECT_EQ(names(parse_package_list("Cargo.lock",
                                     "version = 3\n"
                                     "[[package]]\nname = \"app\"\n"
                                     "version = \"0.1.0\"\n"
                                     "[[package]]\nname = \"serde\"\n"
                                     "version = \"1.0.1\"\n"
                                     "source = \"registry+http://x.test\"\n"
                                     "[[package]]\nname = \"forked\"\n"
                                     "version = \"1.0.0\"\n"
                                     "source = \"git+http://x.test\"\n",
                                     "")),
            (texts{"cargo serde 1.0.1", "passed over: forked"}));
}

TEST(PackageListTest, ReadsMixLock) {
  EXPECT_EQ(
      names(parse_package_list(
          "mix.lock",
          "%{\n"
          "  \"plug\": {:hex, :plug, \"1.15.0\", \"aa\", [:mix], [{:mime, "
          "\"~> 1.0\", [hex: :mime]}], \"hexpm\", \"bb\"},\n"
          "  \"app\": {:hex, :other_name, \"0.1.0\", \"cc\", [:mix], [], "
          "\"hexpm\", \"dd\"},\n"
          "  \"dep\": {:git, \"http://x.test\", \"sha\", []},\n"
          "}\n",
          "")),
      (texts{"hex plug 1.15.0", "hex other_name 0.1.0", "passed over: dep"}));
}

TEST(PackageListTest, ReadsRequirements) {
  EXPECT_EQ(names(parse_package_list(
                "requirements-dev.txt",
                "# comment\n"
                "requests[socks]==2.31.0 ; python_version > '3' # why\n"
                "flask>=2,<3\n"
                "pinned == 1.0 \\\n"
                "    --hash=sha256:00 \\\n"
                "    --hash=sha256:11\n"
                "wild==1.*\n"
                "-r other.txt\n"
                "local @ file:///x\n"
                "git+http://x.test/y\n",
                "")),
            (texts{"pypi requests 2.31.0", "pypi flask ", "pypi pinned 1.0",
                   "pypi wild ", "passed over: -r other.txt",
                   "passed over: local @ file:///x",
                   "passed over: git+http://x.test/y"}));
}

TEST(PackageListTest, ReadsNamesWithAndWithoutAVersion) {
  EXPECT_EQ(names(parse_package_list("names",
                                     "express\n@s/a@1.0.0 # why\n\n"
                                     "left-pad 1.3.0\n@s/b\nexpress\n",
                                     "npm")),
            (texts{"npm express ", "npm @s/a 1.0.0", "npm left-pad 1.3.0",
                   "npm @s/b "}));
  auto list = parse_package_list("names", "express\n", "");
  ASSERT_FALSE(list);
  EXPECT_NE(message_of(list.error()).find("--ecosystem"), std::string::npos);
}

TEST(PackageListTest, TellsTheFormByTheContent) {
  EXPECT_EQ(parse_package_list("x", "%{\n}", "")->form, "mix.lock");
  EXPECT_EQ(parse_package_list("x", "[[package]]\n", "")->form, "Cargo.lock");
  EXPECT_EQ(parse_package_list("x", "a==1\n", "")->form, "requirements.txt");
  EXPECT_EQ(parse_package_list("x", "a\n", "npm")->form, "list");
  EXPECT_EQ(parse_package_list("x", "{}", "")->packages.size(), 0u);
}

TEST(PackageListTest, AnswersForEveryTruncation) {
  for (auto [path, text] :
       {std::pair{"package-lock.json",
                  R"({"packages":{"node_modules/a":{"version":"1"},"b":7}})"},
        {"Cargo.lock", "[[package]]\nname = \"a\"\nsource = \"registry+x\"\n"},
        {"mix.lock", "%{\n \"a\": {:hex, :a, \"1\", [\"x\"]},\n}"},
        {"requirements.txt", "a[b]==1.0 ; c --hash=x \\\n -r x\n@\n"},
        {"list", "a@1\n@s/b@2 #\n"}})
    for (std::size_t size = 0; size <= std::string_view{text}.size(); ++size)
      parse_package_list(path, std::string_view{text}.substr(0, size), "npm");
}

}  // namespace

}  // namespace larder::cli
