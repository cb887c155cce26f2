#include "config/yaml_file.hpp"

#include "temporary_directory.hpp"

#include <gtest/gtest.h>

namespace larder::config {

namespace {

class YamlFileTest : public testing::Test {
 protected:
  result<std::vector<yaml_entry>> read(const std::string& text) {
    return read_yaml(directory_.write("x.yaml", text));
  }

  // What is wrong, after the directory.
  std::string refusal(const std::string& text) {
    const auto entries = read(text);
    return entries
               ? "accepted"
               : entries.error().message.substr(directory_.path().size() + 1);
  }

  temporary_directory directory_;
};

}  // namespace

TEST_F(YamlFileTest, ListsSectionsBeforeTheirKeysWithTheirLines) {
  const auto entries = read("a: 1\n\nb:\n  c: \"x # y\"\n  d: [1]\n  e:\n");
  ASSERT_TRUE(entries) << entries.error().message;
  ASSERT_EQ(entries->size(), 5u);
  EXPECT_EQ((*entries)[0].name, "a");
  EXPECT_EQ((*entries)[0].text, "1");
  EXPECT_EQ((*entries)[1].name, "b");
  EXPECT_EQ((*entries)[1].is, yaml_entry::shape::map);
  EXPECT_EQ((*entries)[1].line, 3);
  EXPECT_EQ((*entries)[2].name, "b.c");
  EXPECT_EQ((*entries)[2].text, "x # y");
  EXPECT_EQ((*entries)[2].line, 4);
  EXPECT_EQ((*entries)[3].is, yaml_entry::shape::list);
  EXPECT_EQ((*entries)[4].is, yaml_entry::shape::nothing);
}

TEST_F(YamlFileTest, NamesTheLineThatIsNotYaml) {
  EXPECT_EQ(refusal("a: 1\nb: [1\n").rfind("x.yaml:3: not YAML: ", 0), 0u)
      << refusal("a: 1\nb: [1\n");
  EXPECT_NE(refusal("a: 1\n\tb: 2\n").find("x.yaml:2: not YAML: "),
            std::string::npos)
      << refusal("a: 1\n\tb: 2\n");
}

TEST_F(YamlFileTest, RefusesAKeyThatIsThereTwice) {
  EXPECT_EQ(refusal("a:\n  b: 1\n  c: 1\n  b: 2\n"),
            "x.yaml:4: \"a.b\" is here again; line 2 has it already");
  EXPECT_EQ(refusal("a: {}\na: {}\n"),
            "x.yaml:2: \"a\" is here again; line 1 has it already");
}

TEST_F(YamlFileTest, RefusesAFileThatIsNoMap) {
  EXPECT_EQ(refusal("- a\n"), "x.yaml:1: expected `section:` lines with "
                              "`key: value` lines below them");
  EXPECT_EQ(refusal("\njust text\n"),
            "x.yaml:2: expected `section:` lines with `key: value` lines "
            "below them");
}

TEST_F(YamlFileTest, RefusesASecondDocument) {
  EXPECT_EQ(refusal("a: 1\n---\nb: 2\n"),
            "x.yaml:3: a second document; expected one");
}

TEST_F(YamlFileTest, RefusesAKeyThatIsNoWord) {
  EXPECT_EQ(refusal("? [a, b]\n: 1\n"), "x.yaml:1: a key must be a word");
}

TEST_F(YamlFileTest, RefusesADirectory) {
  const auto entries = read_yaml(directory_.path());
  ASSERT_FALSE(entries);
  EXPECT_EQ(entries.error().message,
            "cannot read " + directory_.path() + ": Is a directory");
}

TEST_F(YamlFileTest, RefusesAFileThatCannotBeAConfiguration) {
  const auto path = directory_.write("big", std::string(1'100'000, '#'));
  const auto entries = read_yaml(path);
  ASSERT_FALSE(entries);
  EXPECT_EQ(entries.error().message,
            "cannot read " + path + ": larger than 1 MiB");
}

}  // namespace larder::config
