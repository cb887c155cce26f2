#include "storage/package_records.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

using namespace larder;
using namespace larder::package_records;

TEST(PackageRecordsTest, HeadsComeBeforeTheirVersionsAndBeforeLongerNames) {
  std::vector<std::string> keys{head_key("npm", "a"),
                                version_key(head_key("npm", "a"), "1"),
                                version_key(head_key("npm", "a"), "\xC3\xBF"),
                                head_key("npm", "a b"),
                                head_key("npm", "aa"),
                                head_key("npm-x", "a")};
  for (std::size_t i = 1; i < keys.size(); ++i)
    EXPECT_LT(keys[i - 1], keys[i]) << i;
  EXPECT_EQ(parse_head(keys[0]), (package_key{"npm", "a"}));
  EXPECT_FALSE(parse_head(keys[1]));
  EXPECT_FALSE(parse_head("npm"));
}

TEST(PackageRecordsTest, ATrailerGoesOnAndOffADocument) {
  document_meta meta{true, 1'763'000'000'000'000, -5, 7, "1.0.0"};
  std::string value = "{}";
  append_meta(value, meta);
  auto read = take_meta(value);
  ASSERT_TRUE(read);
  EXPECT_EQ(value, "{}");
  EXPECT_EQ(read->revision, meta.revision);
  EXPECT_EQ(read->stored_at, meta.stored_at);
  EXPECT_EQ(read->removed, meta.removed);
  EXPECT_EQ(read->version, meta.version);
  EXPECT_TRUE(read->present);
}

TEST(PackageRecordsTest, RefusesTrailersThatAreNone) {
  for (std::string value : {"", "{}", "{\"a\":\"a long enough document\"}"}) {
    auto before = value;
    EXPECT_FALSE(take_meta(value));
    EXPECT_EQ(value, before);
  }
  // A version longer than all that is there.
  std::string value;
  append_meta(value, {true, 1, 1, 0, "1.0.0"});
  EXPECT_FALSE(read_meta(std::string_view{value}.substr(1)));
}

TEST(PackageRecordsTest, ValuesComeBackAndCutOnesDoNot) {
  summary_record s{"1.0", "d", "", 9, 8, 7, 6, {"a", "b"}};
  EXPECT_EQ(decode_summary(encode(s)), s);
  package_snippet n{"k", "l", "p", 1, "t", "c"};
  EXPECT_EQ(decode_snippet(encode(n)), n);
  ecosystem_counters c{1, 2, 3, -4};
  EXPECT_EQ(decode_counters(encode(c)), c);
  package_log_position p{1, "id", 2};
  EXPECT_EQ(decode_position(encode(p)), p);
  EXPECT_EQ(decode_revision(encode_revision(5)), 5);
  for (std::size_t i = 0; i < encode(n).size(); ++i)
    EXPECT_FALSE(decode_snippet(encode(n).substr(0, i))) << i;
  EXPECT_FALSE(decode_snippet(encode(n) + "x"));
  for (std::size_t i = 0; i < 40; ++i)
    EXPECT_FALSE(decode_summary(encode(s).substr(0, i))) << i;
}

TEST(PackageRecordsTest, TagsAreOneSpellingEach) {
  EXPECT_EQ(plain_tag("  Async Runtime "), "async runtime");
  EXPECT_EQ(plain_tag("web::\xC3\x9C"), "web::\xC3\x9C");
  EXPECT_EQ(plain_tag("   "), "");
  EXPECT_EQ(plain_tag(std::string(129, 'x')), "");
  EXPECT_EQ(plain_tag(std::string_view{"a\0b", 3}), "");
  package p;
  p.tags = {"Web", "b"};
  p.keywords = {"web", "a", ""};
  EXPECT_EQ(tags_of(p), (std::vector<std::string>{"a", "b", "web"}));
}

TEST(PackageRecordsTest, DescriptionsAreCutBetweenCharacters) {
  package p;
  p.description = std::string(999, 'x') + "\xE2\x82\xAC";
  EXPECT_EQ(summary_of(p, 0, 0, 0).description, std::string(999, 'x'));
  p.description = std::string(997, 'x') + "\xE2\x82\xAC" + "y";
  EXPECT_EQ(summary_of(p, 0, 0, 0).description,
            std::string(997, 'x') + "\xE2\x82\xAC");
}
