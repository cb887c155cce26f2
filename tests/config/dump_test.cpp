#include "config/dump.hpp"

#include "config/load.hpp"
#include "config/setting_table.hpp"
#include "temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

namespace larder::config {

namespace {

const std::string documented = LARDER_SOURCE_DIR "/config/larder.yaml";

std::string text_of(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

}  // namespace

TEST(DumpTest, WritesSettingsThatLoadAsTheSame) {
  settings s;
  s.caching = false;
  s.node.id = "node-1";
  s.nats.user = "a \"b\" \\ # c: {d} \xc3\xa4";
  s.memory.ttl = milliseconds{1'500};
  s.memory.max_bytes = 1'000'001;
  s.ttl.week_class = seconds{61};
  temporary_directory directory;
  sources from;
  from.file = directory.write("dumped.yaml", dump(s));
  const auto loaded = load(from);
  ASSERT_TRUE(loaded) << loaded.error().message;
  for (const auto& entry : all_settings())
    EXPECT_EQ(print(entry, *loaded), print(entry, s)) << entry.name;
}

TEST(DumpTest, ShowsNoSecret) {
  settings s;
  s.nats.url = "nats://bob:hunter2@a:4222,nats://hunter2@b";
  s.nats.password = "hunter2";
  s.nats.token = "hunter2";
  s.postgres.url = "host=db password=hunter2";
  const auto text = dump(s);
  EXPECT_EQ(text.find("hunter2"), std::string::npos) << text;
  EXPECT_NE(text.find("  password: \"***\"\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  token: \"***\"\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  url: \"host=db password=***\"\n"), std::string::npos);
  EXPECT_NE(text.find("  url: \"nats://bob:***@a:4222,nats://***@b\"\n"),
            std::string::npos);
}

TEST(DumpTest, ShowsThatASecretIsNotSet) {
  EXPECT_NE(dump({}).find("  password: \"\"\n"), std::string::npos);
}

TEST(DocumentTest, IsTheFileInTheSourceTree) {
  // The file is written from the table: LARDER_WRITE_DOCUMENT=1 writes it.
  if (std::getenv("LARDER_WRITE_DOCUMENT") != nullptr)
    std::ofstream(documented) << document();
  EXPECT_EQ(text_of(documented), document())
      << "run larder_config_test with LARDER_WRITE_DOCUMENT=1 to write it";
}

TEST(DocumentTest, LoadsAsTheDefaults) {
  sources from;
  from.file = documented;
  const auto loaded = load(from);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(dump(*loaded), dump(settings{}));
}

TEST(DocumentTest, MentionsEverySettingWithItsSentence) {
  // As one line, because sentences are wrapped.
  std::string words;
  std::istringstream in(text_of(documented));
  for (std::string word; in >> word;)
    if (word != "#")
      words += word + " ";
  for (const auto& s : all_settings()) {
    EXPECT_NE(words.find(std::string(s.sentence)), std::string::npos) << s.name;
    EXPECT_NE(words.find(" " + std::string(key_of(s)) + ": "),
              std::string::npos)
        << s.name;
    EXPECT_NE(words.find(std::string(s.usual)), std::string::npos) << s.name;
  }
}

TEST(DocumentTest, KeepsWithinEightyColumns) {
  std::istringstream in(document());
  for (std::string line; std::getline(in, line);)
    EXPECT_LE(line.size(), 80u) << line;
}

}  // namespace larder::config
