#include "storage/key.hpp"

#include "storage/error.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace larder {
namespace {

/// Expects a refusal that says `part`.
void refused(const std::string& tokens, const std::string& part) {
  auto result = parse_tokens(tokens);
  ASSERT_FALSE(result) << tokens;
  EXPECT_EQ(code_of(result.error()), ec::invalid_request) << tokens;
  EXPECT_NE(message_of(result.error()).find(part), std::string::npos)
      << tokens << ": " << message_of(result.error());
}

key parsed(const std::string& tokens) {
  auto result = parse_tokens(tokens);
  EXPECT_TRUE(result) << tokens << ": " << message_of(result.error());
  return result ? *result : key{};
}

void refused_parts(std::string_view type, std::string_view id,
                   const std::string& part) {
  auto result = make_key(type, id);
  ASSERT_FALSE(result);
  EXPECT_EQ(code_of(result.error()), ec::invalid_request);
  EXPECT_NE(message_of(result.error()).find(part), std::string::npos)
      << message_of(result.error());
}

/// The definition, straight from the tokens.
std::uint32_t fnv1a(const std::string& bytes) {
  std::uint32_t hash = 2'166'136'261u;
  for (unsigned char c : bytes)
    hash = (hash ^ c) * 16'777'619u;
  return hash;
}

TEST(KeyTest, ReadsTypeAndId) {
  EXPECT_EQ(parsed("framework.phoenix"), (key{"framework", "phoenix"}));
  EXPECT_EQ(parsed("a.B9-_/z"), (key{"a", "B9-_/z"}));
}

TEST(KeyTest, JoinsTheTokensOfAnId) {
  EXPECT_EQ(parsed("npm.socket.io"), (key{"npm", "socket.io"}));
  EXPECT_EQ(parsed("npm.a.b.c.d"), (key{"npm", "a.b.c.d"}));
}

TEST(KeyTest, TakesADotOfAnIdEitherWay) {
  EXPECT_EQ(parsed("npm.socket.io"), parsed("npm.socket=2Eio"));
}

TEST(KeyTest, DecodesEscapes) {
  EXPECT_EQ(parsed("npm.=40nats-io/kv"), (key{"npm", "@nats-io/kv"}));
  EXPECT_EQ(parsed("npm.a=3Db"), (key{"npm", "a=b"}));
  EXPECT_EQ(parsed("a=2Eb.c"), (key{"a.b", "c"}));
  EXPECT_EQ(parsed("t.=C3=A9"), (key{"t", "é"}));
  EXPECT_EQ(parsed("t.=41=2F"), (key{"t", "A/"}))
      << "a byte that needs no escape may have one";
}

TEST(KeyTest, RefusesAMissingId) {
  refused("framework", "the id is missing");
  refused("", "the id is missing");
}

TEST(KeyTest, RefusesAnEmptyToken) {
  refused(".phoenix", "the type is empty");
  refused("framework.", "token 1 of the id is empty");
  refused("framework.a..b", "token 2 of the id is empty");
  refused("framework.a.", "token 2 of the id is empty");
  refused(".", "the type is empty");
}

TEST(KeyTest, RefusesAByteThatNeedsAnEscapeAndNamesIt) {
  refused("npm.@nats-io/kv", "holds '@'");
  refused("npm.@nats-io/kv", "write it as =40");
  refused("npm.*", "write it as =2A");
  refused("npm.>", "write it as =3E");
  refused("npm.a b", "byte 0x20; ");
  refused("npm.a b", "write it as =20");
  refused("npm.é", "write it as =C3");
  refused("*.a", "the type holds '*'");
  refused(std::string("npm.a\0b", 7), "write it as =00");
}

TEST(KeyTest, RefusesABrokenEscapeAndQuotesIt) {
  refused("npm.a=2eb", "\"=2e\"");
  refused("npm.a=ZZ", "\"=ZZ\"");
  refused("npm.a=Z", "\"=Z\"");
  refused("npm.a=4", "\"=4\"");
  refused("npm.a=", "\"=\"");
  refused("npm.a=.40", "\"=\"");
}

TEST(KeyTest, BoundsTheLengthsOfWhatIsDecoded) {
  auto longest = std::string(64, 't') + "." + std::string(512, 'i');
  EXPECT_EQ(parsed(longest).id.size(), 512u);
  refused(std::string(65, 't') + ".i", "the type is 65 bytes long");
  refused("t." + std::string(513, 'i'), "the id is 513 bytes long");
  std::string escaped = "t.";
  for (int i = 0; i < 512; ++i)
    escaped += "=40";
  EXPECT_EQ(parsed(escaped).id, std::string(512, '@'));
  refused(escaped + "=40", "the id is 513 bytes long");
  refused_parts("", "a", "the type is missing");
  refused_parts("a", "", "the id is missing");
}

TEST(KeyTest, RefusesWhatIsNotUtf8) {
  refused("t.=FF", "not valid UTF-8: byte 0xFF at offset 0");
  refused("t.a=C3", "not valid UTF-8: byte 0xC3 at offset 1");
  refused("t.=ED=A0=80", "not valid UTF-8");     // a surrogate
  refused("t.=C0=80", "not valid UTF-8");        // overlong
  refused("t.=E0=80=AF", "not valid UTF-8");     // overlong
  refused("t.=F4=90=80=80", "not valid UTF-8");  // above U+10FFFF
  refused("=FF.a", "the type is not valid UTF-8");
  EXPECT_EQ(parsed("t.=F0=9F=A6=8A").id, "🦊");
  EXPECT_EQ(parsed("t.=F4=8F=BF=BF").id, "\xF4\x8F\xBF\xBF");
}

TEST(KeyTest, RefusesControlCharacters) {
  refused("t.=00", "control character (byte 0x00 at offset 0)");
  refused("t.a=0A", "control character (byte 0x0A at offset 1)");
  refused("t.=7F", "control character");
  refused("t.=C2=85", "control character (byte 0x85");
  EXPECT_EQ(parsed("t.=C2=A0").id, "\xC2\xA0") << "U+00A0 is none";
}

TEST(KeyTest, SpellsTheCanonicalTokens) {
  EXPECT_EQ(to_tokens(key{"npm", "@nats-io/kv"}), "npm.=40nats-io/kv");
  EXPECT_EQ(to_tokens(key{"npm", "socket.io"}), "npm.socket.io");
  EXPECT_EQ(to_tokens(key{"a.b", "c"}), "a=2Eb.c");
  EXPECT_EQ(to_tokens(key{"t", "é=*"}), "t.=C3=A9=3D=2A");
}

TEST(KeyTest, EscapesADotThatWouldLeaveAnEmptyToken) {
  EXPECT_EQ(to_tokens(key{"t", ".a"}), "t.=2Ea");
  EXPECT_EQ(to_tokens(key{"t", "a."}), "t.a=2E");
  EXPECT_EQ(to_tokens(key{"t", "."}), "t.=2E");
  EXPECT_EQ(to_tokens(key{"t", "a..b"}), "t.a=2E=2Eb");
  EXPECT_EQ(to_tokens(key{"t", "a.b..c.d"}), "t.a.b=2E=2Ec.d");
}

TEST(KeyTest, ReadsBackWhatItSpells) {
  std::mt19937 random{7};
  const std::string alphabet = "ab.=/-_@*> é0";
  for (int round = 0; round < 20'000; ++round) {
    key k;
    auto fill = [&](std::string& text) {
      auto size = 1 + random() % 8;
      while (text.size() < size) {
        auto i = random() % (alphabet.size() - 1);
        if (static_cast<unsigned char>(alphabet[i]) >= 0x80)
          text += "é";
        else
          text += alphabet[i];
      }
    };
    fill(k.type);
    fill(k.id);
    auto tokens = to_tokens(k);
    EXPECT_EQ(parsed(tokens), k) << tokens;
    EXPECT_EQ(tokens.find_first_of("@*> "), std::string::npos);
    // Our hash and the servers' over the same tokens.
    auto joined = tokens;
    std::erase(joined, '.');
    EXPECT_EQ(hash_of(k), fnv1a(joined)) << tokens;
  }
}

TEST(KeyTest, HashesAsNatsPartitioningDoes) {
  // The FNV-1a 32 of "foobar" is published
  // with the algorithm.
  EXPECT_EQ(hash_of(key{"foo", "bar"}), 0xbf9cf968u);
  EXPECT_EQ(hash_of(key{"f", "oo.bar"}), 0xbf9cf968u);
  EXPECT_EQ(hash_of(key{"npm", "@a"}), fnv1a("npm=40a"));
}

TEST(KeyTest, ReadsAndSpellsOneToken) {
  EXPECT_EQ(to_token("a.b c"), "a=2Eb=20c");
  auto back = parse_token("a=2Eb=20c");
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, "a.b c");
  EXPECT_FALSE(parse_token(""));
  EXPECT_FALSE(parse_token("a.b"));
  EXPECT_FALSE(parse_token("*"));
  EXPECT_FALSE(parse_token("=00"));
}

}  // namespace
TEST(KeyTest, SeesAPlainKeyExactlyWhereParsingWouldFindTheSame) {
  for (std::string tokens :
       {"framework.phoenix", "a.b", "a.b.c.d", "t.socket.io", "x-_/Y.0", "",
        "a", "a.", ".a", "a..b", "a.b.", "a.b..c", "a.=62", "=61.b", "a.*",
        "a.>", "a.b c", "a.b\xc3\xa9"}) {
    auto plain = plain_key(tokens);
    auto parsed = parse_tokens(tokens);
    if (plain) {
      ASSERT_TRUE(parsed) << tokens;
      EXPECT_EQ(*plain, key_view{*parsed}) << tokens;
    } else {
      EXPECT_TRUE(!parsed || tokens.find('=') != std::string::npos) << tokens;
    }
  }
  auto longest =
      std::string(max_type_bytes, 't') + "." + std::string(max_id_bytes, 'i');
  EXPECT_TRUE(plain_key(longest));
  EXPECT_FALSE(plain_key(longest + "i"));
  EXPECT_FALSE(plain_key("t" + longest));
}

}  // namespace larder
