#include "config/nats_context.hpp"

#include "config/load.hpp"
#include "temporary_directory.hpp"

#include <gtest/gtest.h>

namespace larder::config {

namespace {

class NatsContextTest : public testing::Test {
 protected:
  NatsContextTest() { from_.env = {"HOME=" + directory_.path()}; }

  std::string write(const std::string& name, const std::string& json) {
    return directory_.write(".config/nats/context/" + name + ".json", json);
  }

  void select(const std::string& name) {
    directory_.write(".config/nats/context.txt", name);
    from_.use_selected_nats_context = true;
  }

  nats_settings accept() {
    const auto loaded = load(from_);
    EXPECT_TRUE(loaded) << loaded.error().message;
    return loaded ? loaded->nats : nats_settings{};
  }

  std::string refusal() {
    const auto loaded = load(from_);
    return loaded ? "accepted" : loaded.error().message;
  }

  temporary_directory directory_;
  sources from_;
};

}  // namespace

TEST_F(NatsContextTest, FillsEverythingThatNobodySet) {
  const auto creds = directory_.write("a.creds", "x");
  directory_.write("tls/cert", "x");
  directory_.write("tls/key", "x");
  directory_.write("tls/ca", "x");
  directory_.write("tls/nkey", "x");
  write("prod", R"({"description": "d", "url": "tls://prod:4222", "creds": ")"
                    + creds + R"(", "nkey": "~/tls/nkey",
                    "cert": "~/tls/cert", "key": "~/tls/key",
                    "ca": "~/tls/ca", "user": null, "socks_proxy": ""})");
  from_.env.push_back("NATS_CONTEXT=prod");
  const auto nats = accept();
  EXPECT_EQ(nats.url, "tls://prod:4222");
  EXPECT_EQ(nats.creds_file, creds);
  EXPECT_EQ(nats.nkey_seed_file, directory_.path() + "/tls/nkey");
  EXPECT_EQ(nats.tls_cert_file, directory_.path() + "/tls/cert");
  EXPECT_EQ(nats.tls_key_file, directory_.path() + "/tls/key");
  EXPECT_EQ(nats.tls_ca_file, directory_.path() + "/tls/ca");
}

TEST_F(NatsContextTest, LooksInTheXdgDirectoryFirst) {
  directory_.write("xdg/nats/context/a.json", R"({"url": "nats://xdg:1"})");
  write("a", R"({"url": "nats://home:1"})");
  from_.env.push_back("XDG_CONFIG_HOME=" + directory_.path() + "/xdg");
  from_.flags = {{"nats.context", "a"}};
  EXPECT_EQ(accept().url, "nats://xdg:1");
}

TEST_F(NatsContextTest, LeavesWhatIsSetAlone) {
  write("a", R"({"url": "nats://a:1", "user": "u", "password": "p"})");
  from_.flags = {{"nats.context", "a"}, {"nats.url", "nats://b:1"}};
  const auto nats = accept();
  EXPECT_EQ(nats.url, "nats://b:1");
  EXPECT_EQ(nats.user, "u");
  EXPECT_EQ(nats.password, "p");
}

TEST_F(NatsContextTest, DoesNotMixItsCredentialsWithOurs) {
  write("a", R"({"url": "nats://a:1", "user": "u", "password": "p"})");
  from_.flags = {{"nats.context", "a"}, {"nats.token", "t"}};
  const auto nats = accept();
  EXPECT_EQ(nats.url, "nats://a:1");
  EXPECT_EQ(nats.token, "t");
  EXPECT_EQ(nats.user, "");
  EXPECT_EQ(nats.password, "");
}

TEST_F(NatsContextTest, UsesTheSelectedContextWhenNoUrlIsGiven) {
  write("a", R"({"url": "nats://a:1"})");
  select("a\n");
  EXPECT_EQ(accept().url, "nats://a:1");
  from_.env.push_back("NATS_URL=nats://b:1");
  EXPECT_EQ(accept().url, "nats://b:1");
}

TEST_F(NatsContextTest, LeavesTheSelectedContextToClients) {
  write("a", R"({"url": "nats://a:1"})");
  select("a");
  from_.use_selected_nats_context = false;
  EXPECT_EQ(accept().url, "nats://127.0.0.1:4222");
}

TEST_F(NatsContextTest, PrefersANamedContextToTheSelectedOne) {
  write("a", R"({"url": "nats://a:1"})");
  write("b", R"({"url": "nats://b:1"})");
  select("a");
  from_.env.push_back("NATS_CONTEXT=b");
  EXPECT_EQ(accept().url, "nats://b:1");
}

TEST_F(NatsContextTest, FallsBackToTheDefaultWithoutASelection) {
  from_.use_selected_nats_context = true;
  EXPECT_EQ(accept().url, "nats://127.0.0.1:4222");
  select("\n");
  EXPECT_EQ(accept().url, "nats://127.0.0.1:4222");
  from_.env.clear();
  EXPECT_EQ(accept().url, "nats://127.0.0.1:4222");
}

TEST_F(NatsContextTest, NamesAContextThatIsNotThere) {
  from_.env.push_back("NATS_CONTEXT=nope");
  EXPECT_EQ(refusal(), "nats.context (NATS_CONTEXT): no NATS context \"nope\": "
                       "cannot read "
                           + directory_.path()
                           + "/.config/nats/context/nope.json: No such file or "
                             "directory");
}

TEST_F(NatsContextTest, NamesASelectedContextThatIsNotThere) {
  select("gone");
  EXPECT_EQ(refusal().rfind("nats.context (chosen with `nats context select`): "
                            "no NATS context \"gone\": cannot read ",
                            0),
            0u)
      << refusal();
}

TEST_F(NatsContextTest, SaysThatItCannotLookWithoutAHome) {
  from_.env = {"NATS_CONTEXT=a"};
  EXPECT_EQ(refusal(), "nats.context (NATS_CONTEXT): cannot look for the NATS "
                       "context \"a\": neither XDG_CONFIG_HOME nor HOME is "
                       "set");
}

TEST_F(NatsContextTest, RefusesANameThatLeavesTheDirectory) {
  for (const auto* name : {"../../etc/passwd", "a/b", ".."}) {
    from_.flags = {{"nats.context", name}};
    EXPECT_EQ(refusal(), std::string("command line: nats.context is \"") + name
                             + "\"; expected the name of a context");
  }
}

TEST_F(NatsContextTest, RefusesAFileThatIsNotAContext) {
  from_.flags = {{"nats.context", "a"}};
  for (const auto* json : {"", "{", "[]", "5"}) {
    const auto path = write("a", json);
    EXPECT_EQ(refusal(), "nats.context (command line): " + path
                             + ": not a JSON object; `nats context` writes "
                               "one");
  }
}

TEST_F(NatsContextTest, RefusesAFieldThatIsNotText) {
  const auto path = write("a", R"({"url": 5})");
  from_.flags = {{"nats.context", "a"}};
  EXPECT_EQ(refusal(),
            "nats.context (command line): " + path + ": \"url\" is not text");
}

TEST_F(NatsContextTest, RefusesCredentialsThatOnlyTheNatsCommandCanFetch) {
  const auto path = write("a", R"({"creds": "nsc://operator/account/user"})");
  from_.flags = {{"nats.context", "a"}};
  EXPECT_EQ(refusal(), "nats.context (command line): " + path
                           + ": \"creds\" is nsc://operator/account/user, "
                             "which only the nats command can fetch; write it "
                             "to a file and set nats.creds_file");
}

TEST_F(NatsContextTest, NamesTheContextOfAWrongValue) {
  write("a", R"({"url": "http://bob:hunter2@a"})");
  from_.flags = {{"nats.context", "a"}};
  EXPECT_EQ(refusal(), "NATS context \"a\": nats.url is "
                       "\"http://bob:***@a\"; expected nats://HOST:PORT or "
                       "tls://HOST:PORT, several separated by commas");
}

}  // namespace larder::config
