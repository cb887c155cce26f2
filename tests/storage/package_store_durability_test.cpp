// The writer is killed, its power is cut, its disk is full: all that was
// acknowledged is there, nothing by halves, and the store is sound. Longer with
// LARDER_LONG=1: 50 kills and 50 power cuts.
#include "tests/storage/package_history.hpp"
#include "tests/storage/package_store_fixture.hpp"
#include "tests/storage/package_writer_process.hpp"
#include "tests/storage/private_mounts.hpp"

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>

using namespace larder;
namespace fs = std::filesystem;

namespace {

/// Threads see the mounts of where they were made, and RocksDB keeps its own:
/// so this comes before all tests.
struct own_mounts : ::testing::Environment {
  void SetUp() override { enter_private_mounts(); }
};
const auto* const mounts = ::testing::AddGlobalTestEnvironment(new own_mounts);

bool is_long() {
  auto* set = std::getenv("LARDER_LONG");
  return set != nullptr && *set == '1';
}

package_store_options options_of(const std::string& directory) {
  package_store_options o;
  o.directory = directory;
  o.least_free_bytes = o.reserve_bytes = 0;
  return o;
}

/// A history, how much of it was acknowledged, and whether a store holds that.
class judged_history {
 public:
  explicit judged_history(std::uint64_t seed) : seed_(seed) {}

  std::uint64_t seed() const { return seed_; }
  /// The next write that is not known to be acknowledged.
  std::uint64_t next() const { return next_; }

  void acknowledge(std::optional<std::uint64_t> last) {
    for (; last && next_ <= *last; ++next_)
      model_.apply(operation_of(seed_, next_));
  }

  /// What is wrong with the store; empty: nothing.
  std::string judge(const std::string& directory) const {
    auto store = package_store::open(options_of(directory));
    if (!store)
      return message_of(store.error());
    auto checked = (*store)->check();
    if (!checked)
      return message_of(checked.error());
    if (checked->problem_count > 0)
      return checked->problems.front();
    auto with_next = model_;
    with_next.apply(operation_of(seed_, next_));
    return with_next.differs(**store, model_);
  }

 private:
  std::uint64_t seed_;
  std::uint64_t next_ = 0;
  package_model model_;
};

/// The first time none: what is lost then is the store as a whole.
std::uint64_t writes_until_next(std::mt19937_64& random, int round) {
  return round == 0 ? 0 : random() % (is_long() ? 120 : 40);
}

}  // namespace

TEST(PackageStoreDurabilityTest, KillsLoseNothingThatWasAcknowledged) {
  temporary_directory directory{"/tmp"};
  judged_history history{11};
  std::mt19937_64 random{5};
  auto rounds = is_long() ? 50 : 8;
  for (int round = 0; round < rounds; ++round) {
    package_writer_process writer{directory / "packages", history.seed(),
                                  history.next(), true};
    ASSERT_TRUE(
        writer.wait_for(history.next() + writes_until_next(random, round)));
    writer.kill();
    history.acknowledge(writer.acknowledged());
    ASSERT_EQ(history.judge(directory / "packages"), "") << "kill " << round;
  }
  std::cout << rounds << " kills, " << history.next()
            << " writes acknowledged, none lost\n";
}

namespace {

/// Cuts the power of writers until a store is found that lost something (what
/// is returned), or `rounds` times. Each round goes on with what the former cut
/// left.
std::string cut_power(const temporary_directory& directory, int rounds,
                      bool durable, std::uint64_t& acknowledged) {
  auto memory = directory / "memory";
  if (!mounted::memory(memory, ""))
    return "no tmpfs";
  auto image = memory + "/a.img", copy = memory + "/b.img";
  std::ofstream{image}.close();
  fs::resize_file(image, 96 << 20);
  if (!run_quietly("mkfs.ext4 -q -F " + image))
    return "no mkfs.ext4";
  auto disk = directory / "disk";
  judged_history history{23};
  std::mt19937_64 random{7};
  std::string lost;
  if (!mounted::image(image, disk))
    return "no loop mount";
  for (int round = 0; round < rounds && lost.empty(); ++round) {
    {
      package_writer_process writer{disk + "/packages", history.seed(),
                                    history.next(), durable};
      if (!writer.wait_for(history.next() + writes_until_next(random, round)))
        return "the writer gave up";
      writer.stop();
      history.acknowledge(writer.acknowledged());
      if (!copy_as_after_power_cut(image, disk, copy))
        return "the device is never quiet";
    }
    if (!mounted::off(disk))
      return "cannot unmount";
    fs::rename(copy, image);
    if (!mounted::image(image, disk))
      return "the image cannot be mounted after the cut";
    lost = history.judge(disk + "/packages");
    if (!lost.empty())
      lost = "cut " + std::to_string(round) + ": " + lost;
  }
  acknowledged = history.next();
  mounted::off(disk);
  mounted::off(memory);
  return lost;
}

}  // namespace

TEST(PackageStoreDurabilityTest, PowerCutsLoseNothingThatWasAcknowledged) {
  if (auto why = enter_private_mounts(); !why.empty())
    GTEST_SKIP() << why;
  temporary_directory directory{"/tmp"};
  std::uint64_t acknowledged = 0;
  auto rounds = is_long() ? 50 : 8;
  auto lost = cut_power(directory, rounds, true, acknowledged);
  if (lost == "no loop mount" || lost == "no mkfs.ext4" || lost == "no tmpfs")
    GTEST_SKIP() << lost << " here";
  ASSERT_EQ(lost, "");
  std::cout << rounds << " power cuts, " << acknowledged
            << " writes acknowledged, none lost\n";
}

// The test above can fail: without synced writes it does.
TEST(PackageStoreDurabilityTest, PowerCutsLoseWritesThatWereNotSynced) {
  if (auto why = enter_private_mounts(); !why.empty())
    GTEST_SKIP() << why;
  temporary_directory directory{"/tmp"};
  std::uint64_t acknowledged = 0;
  auto lost = cut_power(directory, 8, false, acknowledged);
  if (lost == "no loop mount" || lost == "no mkfs.ext4" || lost == "no tmpfs")
    GTEST_SKIP() << lost << " here";
  EXPECT_EQ(lost.substr(0, 4), "cut ") << lost;
}

namespace {

/// Takes all the space that is left but `bytes`.
void fill_up(const std::string& file, std::uint64_t bytes) {
  auto free = fs::space(fs::path{file}.parent_path()).available;
  std::ofstream out{file, std::ios::binary};
  std::string block(1 << 16, 'x');
  for (; free > bytes + block.size(); free -= block.size())
    out.write(block.data(), static_cast<std::streamsize>(block.size()));
}

std::string document_of(int number, std::size_t bytes = 20'000) {
  auto p =
      make_package("npm", "p" + std::to_string(number), "1.0.0", "parcels");
  // Of many different bytes: files are compressed.
  std::mt19937_64 random(number);
  while (p.readme.size() < bytes)
    p.readme += std::to_string(random());
  return to_json(p);
}

void disk_full(std::uint64_t reserve) {
  if (auto why = enter_private_mounts(); !why.empty())
    GTEST_SKIP() << why;
  temporary_directory directory{"/tmp"};
  auto disk = directory / "disk";
  if (!mounted::memory(disk, "96m"))
    GTEST_SKIP() << "no tmpfs here";
  {
    auto options = options_of(disk + "/packages");
    options.reserve_bytes = reserve;
    auto opened = package_store::open(options);
    ASSERT_TRUE(opened) << message_of(opened.error());
    auto store = std::move(*opened);
    ASSERT_TRUE(store->store(document_of(0)));
    auto ballast = disk + "/ballast";
    fill_up(ballast, 1 << 20);

    // It fills up what is left, and says so.
    int stored = 1;
    auto written = store->store(document_of(stored));
    for (; written && stored < 1'000;
         written = store->store(document_of(stored)))
      ++stored;
    ASSERT_FALSE(written);
    EXPECT_EQ(code_of(written.error()), ec::unavailable);
    EXPECT_NE(message_of(written.error()).find("no space"), std::string::npos)
        << message_of(written.error());
    EXPECT_EQ(code_of(store->remove("npm", "p0").error()), ec::unavailable);

    // Reads go on.
    for (int i = 0; i < stored; ++i)
      EXPECT_TRUE(store->get("npm", "p" + std::to_string(i))->document) << i;
    EXPECT_EQ(store->list("npm", 1'000, "")->items.size(),
              static_cast<std::size_t>(stored));
    EXPECT_FALSE(store->search({"parcels"})->hits.empty());

    // With space there are writes again, at the latest after ten seconds.
    fs::remove(ballast);
    auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    written = store->store(document_of(stored));
    while (!written && std::chrono::steady_clock::now() < deadline)
      written = store->store(document_of(stored));
    ASSERT_TRUE(written) << message_of(written.error());
    auto checked = store->check();
    ASSERT_TRUE(checked) << message_of(checked.error());
    EXPECT_EQ(checked->problems, std::vector<std::string>{});
    EXPECT_EQ(checked->packages, static_cast<std::uint64_t>(stored) + 1);
  }
  mounted::off(disk);
}

}  // namespace

TEST(PackageStoreDurabilityTest, KeepsReadingWhenItMayNotFillTheDisk) {
  disk_full(16 << 20);
}

// RocksDB alone takes some seconds to recover from this.
TEST(PackageStoreDurabilityTest, KeepsReadingOnADiskWithoutAByteLeft) {
  if (!is_long())
    GTEST_SKIP() << "takes 5 s; set LARDER_LONG=1";
  disk_full(0);
}
