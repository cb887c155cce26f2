#include "storage/archive_unpack.hpp"

#include "storage/error.hpp"
#include "tests/support/archives.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

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

/// The most memory that this process has had, in MiB.
std::uint64_t most_memory() {
  std::ifstream in{"/proc/self/status"};
  std::string word;
  std::uint64_t kib = 0;
  while (in >> word)
    if (word == "VmHWM:")
      in >> kib;
  return kib / 1'024;
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
  // 512 MB of headers; in gzip some hundred thousand bytes.
  auto one = tar_writer{}.header("file", 0).raw("").done();
  one.resize(512);
  std::string thousand;
  for (int i = 0; i < 1'000; ++i)
    thousand += one;
  std::string all_of_them;
  for (int i = 0; i < 1'000; ++i)
    all_of_them += gzip(thousand);
  auto before = most_memory();
  expect_refused(all_of_them, "too_large", "more than 50000 entries");
  EXPECT_LT(most_memory() - before, 32u);
}

TEST(ArchiveUnpackTest, RefusesTenGigabytesOfZerosInLittleMemory) {
  // Claimed by the header: refused before a byte of it is read.
  auto ten_gib = 7ull << 30;  // the most that a header can claim is 8 GiB
  auto honest = gzip_of_zeros(
      tar_writer{}.header("zeros", ten_gib).done().substr(0, 512), 64 << 20);
  // Not claimed: a zip of unknown size, or a tar of many files.
  tar_writer head;
  head.header("zeros", 100u << 20);
  auto files = gzip_of_zeros(head.done().substr(0, 512), 100u << 20);
  auto before = most_memory();
  expect_refused(honest, "too_large", "bytes");
  archive_limits limits;
  limits.ratio = 100;
  expect_refused(files, "too_large", "100 times its own size", limits);
  EXPECT_LT(most_memory() - before, 32u);
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
