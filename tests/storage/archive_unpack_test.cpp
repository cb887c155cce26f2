#include "storage/archive_unpack.hpp"

#include "storage/error.hpp"
#include "tests/support/archives.hpp"
#include "tests/support/peak_memory.hpp"

#include <gtest/gtest.h>

#include <cstdio>

namespace larder::test {

namespace {

bool all(std::string_view) {
  return true;
}

/// The error of an archive that has to be refused, "code: sentence".
std::string refusal(std::string_view archive,
                    const archive_limits& limits = {}) {
  auto got = unpack(archive, limits, all);
  if (got)
    return "unpacked " + std::to_string(got->files.size()) + " files";
  return std::string{name_of(code_of(got.error()))} + ": "
         + message_of(got.error());
}

void expect_refused(const std::string& archive, const std::string& code,
                    const std::string& why, const archive_limits& limits = {}) {
  auto said = refusal(archive, limits);
  EXPECT_EQ(said.substr(0, code.size()), code) << said;
  EXPECT_NE(said.find(why), std::string::npos) << said;
}

TEST(ArchiveUnpackTest, ReadsTarAndGzipAndZip) {
  auto tar = tar_writer{}
                 .directory("p/")
                 .file("p/a.txt", "A")
                 .file("./p/sub/b.txt", std::string(2'000, 'b'))
                 .done();
  for (auto& archive :
       {tar, gzip(tar),
        zip({{"p/a.txt", "A"}, {"p/sub/b.txt", std::string(2'000, 'b')}})}) {
    auto got = unpack(archive, {}, all);
    ASSERT_TRUE(got) << message_of(got.error());
    ASSERT_EQ(got->files.size(), 2u);
    EXPECT_EQ(got->files[0].path, "p/a.txt");
    EXPECT_EQ(got->files[0].content, "A");
    EXPECT_EQ(got->files[1].path, "p/sub/b.txt");
    EXPECT_EQ(got->files[1].content, std::string(2'000, 'b'));
    EXPECT_EQ(got->bytes, 2'001u);
    EXPECT_NE(got->find("p/a.txt"), nullptr);
    EXPECT_EQ(got->find("a.txt"), nullptr);
  }
}

TEST(ArchiveUnpackTest, KeepsWhatIsWantedAndNotTooLarge) {
  archive_limits limits;
  limits.kept_file_bytes = 10;
  auto tar = tar_writer{}
                 .file("wanted", "short")
                 .file("wanted.long", std::string(11, 'x'))
                 .file("other", "short")
                 .done();
  auto got = unpack(tar, limits, [](std::string_view path) {
    return path.substr(0, 6) == "wanted";
  });
  ASSERT_TRUE(got);
  ASSERT_EQ(got->files.size(), 1u);
  EXPECT_EQ(got->files[0].path, "wanted");
  EXPECT_EQ(got->entries, 3u);
}

TEST(ArchiveUnpackTest, RefusesNamesThatLeadElsewhere) {
  for (auto name : {"../../etc/passwd", "a/../../b", "..", "a/.."})
    expect_refused(tar_writer{}.file(name, "x").done(), "invalid_request",
                   "leads out of the directory");
  for (auto name : {"/etc/passwd", "\\windows\\x", "c:\\x"})
    expect_refused(tar_writer{}.file(name, "x").done(), "invalid_request",
                   "absolute name");
  expect_refused(zip({{"../x", "x"}}), "invalid_request", "leads out");
  expect_refused(tar_writer{}.file("a\nb", "x").done(), "invalid_request",
                 "control character");
}

TEST(ArchiveUnpackTest, RefusesLinksAndDevices) {
  expect_refused(tar_writer{}.link("a", "/etc/passwd", '2').done(),
                 "invalid_request", "symbolic link");
  expect_refused(tar_writer{}.file("b", "x").link("a", "b", '1').done(),
                 "invalid_request", "hard link");
  for (auto type : {'3', '4', '6'})
    expect_refused(tar_writer{}.header("a", 0, type).done(), "invalid_request",
                   "neither a file nor a directory");
}

TEST(ArchiveUnpackTest, RefusesNamesThatAreNotUtf8) {
  expect_refused(tar_writer{}.file("caf\xE9.txt", "x").done(),
                 "invalid_request", "not UTF-8");
  // The same in a header of pax, which is UTF-8 by definition.
  std::string record = "16 path=caf\xE9.tx\n";
  tar_writer pax;
  pax.header("pax", record.size(), 'x')
      .raw(record + std::string(512 - record.size(), '\0'))
      .file("plain", "x");
  expect_refused(pax.done(), "invalid_request", "not UTF-8");
  auto good = unpack(tar_writer{}.file("caf\xC3\xA9.txt", "x").done(), {}, all);
  ASSERT_TRUE(good) << message_of(good.error());
  EXPECT_EQ(good->files.at(0).path, "caf\xC3\xA9.txt");
}

TEST(ArchiveUnpackTest, CountsEntriesAndDepth) {
  archive_limits limits;
  limits.entries = 100;
  tar_writer many;
  for (int i = 0; i < 101; ++i)
    many.header("f" + std::to_string(i), 0);
  expect_refused(gzip(many.done()), "too_large", "more than 100 entries",
                 limits);
  limits.depth = 4;
  expect_refused(tar_writer{}.file("1/2/3/4/5", "x").done(), "too_large",
                 "deeper than 4", limits);
  limits.path_bytes = 20;
  expect_refused(tar_writer{}.file(std::string(21, 'x'), "x").done(),
                 "too_large", "longer than 20", limits);
}

TEST(ArchiveUnpackTest, RefusesAMillionEntriesSoonAndInLittleMemory) {
  // 512 MB of headers; in gzip, a few million bytes.
  std::string thousand;
  for (int i = 0; i < 1'000; ++i)
    thousand += tar_writer{}.header("file", 0).done().substr(0, 512);
  auto part = gzip(thousand);
  std::string million;
  for (int i = 0; i < 1'000; ++i)
    million += part;
  archive_limits all_of_them;
  all_of_them.entries = 2'000'000;
  auto counted = unpack(million, all_of_them, all);
  ASSERT_TRUE(counted) << message_of(counted.error());
  EXPECT_EQ(counted->entries, 1'000'000u);
  counted = fail(ec::none, "");
  EXPECT_LT(peak_growth_of([&] {
              expect_refused(million, "too_large", "more than 50000 entries");
            }),
            16u << 10);
}

TEST(ArchiveUnpackTest, RefusesTenGigabytesOfZerosInLittleMemory) {
  // Claimed: refused before any of it is read. A field of 12 bytes says it in
  // base 256.
  tar_writer ten_gigabytes;
  ten_gigabytes.header("zeros", 0);
  auto head = ten_gigabytes.done().substr(0, 512);
  head.replace(124, 12, std::string{"\x80\0\0\0\0\0\0\2\x80\0\0\0", 12});
  head.replace(148, 8, "        ");
  unsigned sum = 0;
  for (auto c : head)
    sum += static_cast<unsigned char>(c);
  char text[8];
  std::snprintf(text, sizeof text, "%06o", sum);
  head.replace(148, 8, std::string{text, 7} + " ");
  auto claimed = gzip_of_zeros(head, 64u << 20);
  // Within the limit of bytes, and next to nothing as it comes.
  auto small = gzip_of_zeros(
      tar_writer{}.header("zeros", 100u << 20).done().substr(0, 512),
      100u << 20);
  EXPECT_LT(peak_growth_of([&] {
              expect_refused(claimed, "too_large", "more than 268435456 bytes");
              expect_refused(small, "too_large", "200 times its own size");
            }),
            16u << 10);
}

TEST(ArchiveUnpackTest, ZerosAloneAreNoArchive) {
  expect_refused(gzip_of_zeros({}, 64u << 20), "invalid_request", "archive");
}

TEST(ArchiveUnpackTest, RefusesWhatIsNoArchive) {
  for (auto text : {"", "hello", "<html>not found</html>", "PK", "\x1f\x8b"}) {
    EXPECT_EQ(refusal(text).substr(0, 15), "invalid_request") << text;
  }
}

// Whatever part of an archive comes, the answer is a sentence and no crash.
TEST(ArchiveUnpackTest, AnswersForEveryTruncation) {
  auto tar = tar_writer{}.file("p/a", "hello").file("p/b", "world").done();
  for (auto& archive : {tar, gzip(tar), zip({{"a", "hello"}, {"b", "x"}})})
    for (std::size_t size = 0; size < archive.size(); ++size) {
      auto got = unpack(std::string_view{archive}.substr(0, size), {}, all);
      if (!got) {
        EXPECT_FALSE(message_of(got.error()).empty());
        continue;
      }
      // A tar may lack its last zeros, nothing else.
      EXPECT_LE(got->files.size(), 2u);
    }
}

TEST(ArchiveUnpackTest, AnswersForEveryDamagedByte) {
  auto tar = gzip(tar_writer{}.file("p/a", "hello").file("p/b", "w").done());
  for (std::size_t at = 0; at < tar.size(); ++at)
    for (auto flip : {0x01, 0x80, 0xFF}) {
      auto damaged = tar;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      auto got = unpack(damaged, {}, all);
      if (!got)
        continue;
      for (auto& file : got->files) {
        EXPECT_EQ(file.path.find(".."), std::string::npos);
      }
    }
}

}  // namespace

}  // namespace larder::test
