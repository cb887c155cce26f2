#include "config/load.hpp"

#include "config/dump.hpp"
#include "temporary_directory.hpp"

#include <gtest/gtest.h>

using namespace std::chrono_literals;

namespace larder::config {

namespace {

class LoadTest : public testing::Test {
 protected:
  result<settings> load_yaml(const std::string& text) {
    from_.file = directory_.write("larder.yaml", text);
    return load(from_);
  }

  // The complaints about a file, without the directory it is in.
  std::string refusal(const std::string& text) {
    const auto loaded = load_yaml(text);
    if (loaded)
      return "accepted";
    auto message = loaded.error().message;
    const auto prefix = directory_.path() + "/";
    for (auto at = message.find(prefix); at != std::string::npos;
         at = message.find(prefix))
      message.erase(at, prefix.size());
    return message;
  }

  temporary_directory directory_;
  sources from_;
};

}  // namespace

TEST_F(LoadTest, GivesTheDefaultsWhenNobodySaysAnything) {
  const auto loaded = load({});
  ASSERT_TRUE(loaded);
  EXPECT_EQ(dump(*loaded), dump(settings{}));
}

TEST_F(LoadTest, KeepsTheDefaultsThatUsersRelyOn) {
  const auto loaded = load({});
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->memory.max_entries, 1'000u);
  EXPECT_EQ(loaded->memory.ttl, 30min);
  EXPECT_EQ(loaded->bucket.name, "templates");
  EXPECT_EQ(loaded->bucket.ttl, 30min);
  EXPECT_EQ(loaded->bucket.storage, "memory");
  EXPECT_EQ(loaded->ttl.short_class, 300s);
  EXPECT_EQ(loaded->ttl.medium_class, 3'600s);
  EXPECT_EQ(loaded->ttl.long_class, 86'400s);
  EXPECT_EQ(loaded->ttl.week_class, 604'800s);
  EXPECT_EQ(loaded->limits.max_value_bytes, 512u * 1'024);
  EXPECT_EQ(loaded->limits.max_mget_keys, 1'024u);
  EXPECT_EQ(loaded->http.host, "127.0.0.1");
  EXPECT_EQ(loaded->http.port, 8222);
  EXPECT_TRUE(loaded->caching);
}

TEST_F(LoadTest, ReadsEveryFormOfAValueFromAFile) {
  const auto loaded = load_yaml("caching: off\n"
                                "node:\n"
                                "  id: node-1\n"
                                "  shutdown_timeout: 2500\n"
                                "http: {port: 0, enabled: false}\n"
                                "nats:\n"
                                "  user: 4711\n"
                                "  password: \"true\"\n"
                                "memory:\n"
                                "  ttl: 2h\n"
                                "  max_bytes: 1GiB\n"
                                "ttl:\n"
                                "  short_class: 90s\n");
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_FALSE(loaded->caching);
  EXPECT_EQ(loaded->node.id, "node-1");
  EXPECT_EQ(loaded->node.shutdown_timeout, 2500ms);
  EXPECT_EQ(loaded->http.port, 0);
  EXPECT_FALSE(loaded->http.enabled);
  EXPECT_EQ(loaded->nats.user, "4711");
  EXPECT_EQ(loaded->nats.password, "true");
  EXPECT_EQ(loaded->memory.ttl, 2h);
  EXPECT_EQ(loaded->memory.max_bytes, 1ull << 30);
  EXPECT_EQ(loaded->ttl.short_class, 90s);
}

TEST_F(LoadTest, AcceptsAFileThatSetsNothing) {
  EXPECT_TRUE(load_yaml(""));
  EXPECT_TRUE(load_yaml("# comments\n"));
  EXPECT_TRUE(load_yaml("---\n"));
  EXPECT_TRUE(load_yaml("memory:\n  # ttl: 1h\n"));
}

TEST_F(LoadTest, PrefersFlagThenEnvironmentThenFileThenDefault) {
  from_.file = directory_.write("larder.yaml", "memory:\n"
                                               "  shards: 2\n"
                                               "  max_entries: 20\n"
                                               "  ttl: 2m\n");
  from_.env = {"LARDER_MEMORY__MAX_ENTRIES=30", "LARDER_MEMORY__TTL=3m"};
  from_.flags = {{"memory.ttl", "4m"}};
  const auto loaded = load(from_);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->memory.shards, 2u);
  EXPECT_EQ(loaded->memory.max_entries, 30u);
  EXPECT_EQ(loaded->memory.ttl, 4min);
  EXPECT_EQ(loaded->memory.grace, 10min);
}

TEST_F(LoadTest, NamesTheLineOfAnUnknownKeyAndTheNearestOne) {
  EXPECT_EQ(refusal("memory:\n  ttl: 1h\n  max_entires: 5\n"),
            "larder.yaml:3: unknown key \"memory.max_entires\"; did you mean "
            "\"memory.max_entries\"?");
  EXPECT_EQ(refusal("max_mget_keys: 5\n"),
            "larder.yaml:1: unknown key \"max_mget_keys\"; did you mean "
            "\"limits.max_mget_keys\"?");
}

TEST_F(LoadTest, ComplainsAboutAnUnknownSectionOnce) {
  EXPECT_EQ(refusal("\nmemroy:\n  ttl: 1h\n  shards: 5\n"),
            "larder.yaml:2: unknown key \"memroy\"; did you mean "
            "\"memory\"?");
}

TEST_F(LoadTest, NamesTheLineOfAValueOfTheWrongType) {
  EXPECT_EQ(refusal("memory:\n  shards: many\n"),
            "larder.yaml:2: memory.shards is \"many\"; expected a whole number "
            "from 1 to 64");
  EXPECT_EQ(refusal("http:\n  enabled: maybe\n"),
            "larder.yaml:2: http.enabled is \"maybe\"; expected true or "
            "false");
  EXPECT_EQ(refusal("memory:\n  ttl: 1w\n"),
            "larder.yaml:2: memory.ttl is \"1w\"; expected a duration from 1ms "
            "to 365d, such as 500ms, 2s, 30m, 1h or 7d");
  EXPECT_EQ(refusal("memory:\n  max_bytes: 64MB\n"),
            "larder.yaml:2: memory.max_bytes is \"64MB\"; expected a size from "
            "64KiB to 1TiB, such as 512KiB, 64MiB or 1GiB");
  EXPECT_EQ(refusal("ttl:\n  short_class: 1500ms\n"),
            "larder.yaml:2: ttl.short_class is \"1500ms\"; expected a duration "
            "in whole seconds from 1s to 365d, such as 90s, 30m, 1h or 7d");
}

TEST_F(LoadTest, RefusesNumbersOutOfBounds) {
  for (const auto* line :
       {"memory: {shards: 0}", "memory: {shards: 65}", "http: {port: 65536}",
        "http: {port: -1}", "memory: {ttl: 0}", "memory: {max_entries: 0}",
        "coherence: {lease_ttl: 2001ms}", "bucket: {replicas: 6}",
        "memory: {max_entries: 18446744073709551616}",
        "postgres: {connections: 0}", "limits: {max_value_bytes: 65MiB}"})
    EXPECT_NE(refusal(line).find("expected a"), std::string::npos) << line;
}

TEST_F(LoadTest, RefusesWordsThatAreNoChoice) {
  EXPECT_EQ(refusal("memory: {eviction: LRU}"),
            "larder.yaml:1: memory.eviction is \"LRU\"; expected s3fifo or "
            "lru");
  EXPECT_EQ(refusal("log: {level: loud}"),
            "larder.yaml:1: log.level is \"loud\"; expected trace, debug, "
            "info, warn, error or off");
  EXPECT_NE(refusal("log: {format: xml}"), "accepted");
  EXPECT_NE(refusal("bucket: {storage: disk}"), "accepted");
}

TEST_F(LoadTest, TakesAnAddressOfTheWebForARegistry) {
  for (const auto* url : {"", "http://127.0.0.1:8080", "https://a.b/c/"})
    EXPECT_EQ(refusal(std::string("registries: {npm: \"") + url + "\"}"),
              "accepted");
  for (const auto* url :
       {"ftp://a", "a.b", "http://", "https:///x", "http://a b"})
    EXPECT_NE(refusal(std::string("registries: {npm: \"") + url + "\"}"),
              "accepted")
        << url;
}

TEST_F(LoadTest, RefusesNamesThatSubjectsCannotCarry) {
  for (const auto* id : {"a.b", "a b", "a*", "ä", ">"})
    EXPECT_EQ(refusal(std::string("node: {id: \"") + id + "\"}"),
              std::string("larder.yaml:1: node.id is \"") + id
                  + "\"; expected letters, digits, '-' and '_'");
  EXPECT_NE(refusal("bucket: {name: a.b}"), "accepted");
  EXPECT_NE(refusal("coherence: {stream: \"\"}"), "accepted");
}

TEST_F(LoadTest, RefusesControlCharactersInText) {
  EXPECT_EQ(refusal("nats: {user: \"a\\nb\"}"),
            "larder.yaml:1: nats.user is \"a\nb\"; expected text without "
            "control characters");
}

TEST_F(LoadTest, RefusesAddressesOfAWrongShape) {
  for (const auto* url : {"http://host", "nats://", "nats://host:99999",
                          "nats://host:", "nats://a,,nats://b", "nats://[::1",
                          "", "nats://host/path"})
    EXPECT_NE(refusal(std::string("nats: {url: \"") + url + "\"}"), "accepted")
        << url;
  for (const auto* url : {"nats://host", "host:4222", "tls://[::1]:4222",
                          "nats://u:p@a:1, nats://b:2", "nats://host:4222/"})
    EXPECT_EQ(refusal(std::string("nats: {url: \"") + url + "\"}"), "accepted")
        << url;
  EXPECT_EQ(refusal("postgres: {url: \"mysql://u:hunter2@host/db\"}"),
            "larder.yaml:1: postgres.url is \"mysql://u:***@host/db\"; "
            "expected postgresql://USER:PASSWORD@HOST:PORT/DATABASE or "
            "key=value pairs");
  EXPECT_EQ(refusal("postgres: {url: \"host=db dbname=larder\"}"), "accepted");
}

TEST_F(LoadTest, NamesTheLineOfAValueOfTheWrongShape) {
  EXPECT_EQ(refusal("memory:\n  shards:\n    - 1\n"),
            "larder.yaml:2: memory.shards is a list; expected a whole number "
            "from 1 to 64");
  EXPECT_EQ(refusal("memory:\n  shards:\n"),
            "larder.yaml:2: memory.shards is without a value; expected a whole "
            "number from 1 to 64");
  EXPECT_EQ(refusal("nats:\n  user: ~\n"),
            "larder.yaml:2: nats.user is without a value; expected text "
            "without control characters, \"\" for none");
  EXPECT_EQ(refusal("caching:\n  a: 1\n"),
            "larder.yaml:1: caching is a section; expected true or false");
  EXPECT_EQ(refusal("memory: 5\n"),
            "larder.yaml:1: \"memory\" is a section; expected its keys on the "
            "lines below");
  EXPECT_EQ(refusal("memory: [5]\n"),
            "larder.yaml:1: \"memory\" is a section; expected its keys on the "
            "lines below");
}

TEST_F(LoadTest, ListsEveryProblemAtOnce) {
  from_.env = {"LARDER_HTTP__PORT=x"};
  EXPECT_EQ(refusal("memory:\n  shards: 0\nfoo: 1\n"),
            "larder.yaml:2: memory.shards is \"0\"; expected a whole number "
            "from 1 to 64\n"
            "larder.yaml:3: unknown key \"foo\"; did you mean \"node.id\"?\n"
            "LARDER_HTTP__PORT: http.port is \"x\"; expected a whole number "
            "from 0 to 65535");
}

TEST_F(LoadTest, RefusesAFileThatIsNotThere) {
  from_.file = directory_.path() + "/absent.yaml";
  const auto loaded = load(from_);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().message,
            "cannot read " + *from_.file + ": No such file or directory");
}

TEST_F(LoadTest, RefusesAnUnknownFlagAndNamesTheNearestSetting) {
  from_.flags = {{"memory.tll", "1h"}};
  const auto loaded = load(from_);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().message, "command line: no setting \"memory.tll\"; "
                                    "did you mean \"memory.ttl\"?");
}

TEST_F(LoadTest, RefusesAFlagOfAWrongValue) {
  from_.flags = {{"http.port", "http"}};
  const auto loaded = load(from_);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().message, "command line: http.port is \"http\"; "
                                    "expected a whole number from 0 to 65535");
}

TEST_F(LoadTest, NeverQuotesASecretInAComplaint) {
  const auto message = refusal("nats: {user: u, password: \"hunter2\\t\"}");
  EXPECT_EQ(message, "larder.yaml:1: nats.password is \"***\"; expected text "
                     "without control characters");
}

}  // namespace larder::config
