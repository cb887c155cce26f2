#include "storage/embedded_store.hpp"

#include "storage/embedded_outbox.hpp"
#include "storage/embedded_text.hpp"
#include "tests/storage/fingerprint_contract.hpp"
#include "tests/storage/outbox_contract.hpp"
#include "tests/storage/search_contract.hpp"
#include "tests/storage/truth_store_contract.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/scratch_directory.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

namespace larder::test {

namespace {

std::shared_ptr<embedded_database> open_in(const std::string& directory) {
  embedded_options options;
  options.directory = directory;
  auto database = embedded_database::open(std::move(options));
  EXPECT_TRUE(database) << (database ? "" : message_of(database.error()));
  return database ? *database : nullptr;
}

class embedded_world final : public truth_world {
 public:
  std::unique_ptr<truth_store> open_store() override {
    return std::make_unique<embedded_store>(database_);
  }
  std::unique_ptr<outbox> open_outbox() override {
    return std::make_unique<embedded_outbox>(database_);
  }
  void program_put(const key& k, const std::string& content) override {
    write({{k, content, {}, {}, {}}});
  }
  void program_erase(const key& k) override { write({{k, {}, {}, {}, {}}}); }
  void program_rename(const key& from, const key& to) override {
    auto old_one = embedded_store{database_}.get({&from, 1});
    ASSERT_TRUE(old_one && old_one->front().value);
    std::string content{old_one->front().value->content()};
    write({{from, {}, {}, {}, {}}, {to, content, {}, {}, {}}});
  }
  void truncate() override { EXPECT_TRUE(database_->truncate()); }

 private:
  void write(std::vector<write_request> requests) {
    auto all = database_->write(requests);
    ASSERT_TRUE(all);
    for (auto& one : *all)
      EXPECT_TRUE(one);
  }

  scratch_directory directory_;
  std::shared_ptr<embedded_database> database_ = open_in(directory_ / "store");
};

const auto on_disk = testing::Values(truth_world_maker{
    "embedded", [] { return std::make_unique<embedded_world>(); }});

INSTANTIATE_TEST_SUITE_P(Embedded, FingerprintContract, on_disk);
INSTANTIATE_TEST_SUITE_P(Embedded, OutboxContract, on_disk);
INSTANTIATE_TEST_SUITE_P(Embedded, SearchContract, on_disk);
INSTANTIATE_TEST_SUITE_P(Embedded, TruthStoreContract, on_disk);

class EmbeddedStoreTest : public testing::Test {
 protected:
  void open() {
    database_ = nullptr;
    database_ = open_in(path_);
    ASSERT_TRUE(database_);
  }

  static write_request put_of(key k, std::string content) {
    return {std::move(k), std::move(content), {}, {}, {}};
  }

  /// The store is closed; its index is lost, and its state has `name`.
  void lose_index(std::string_view name, std::string_view value) {
    database_ = nullptr;
    rocks_options options;
    options.families = embedded::family_names();
    auto rocks = rocks_database::open(path_, std::move(options));
    ASSERT_TRUE(rocks);
    rocks_batch batch;
    batch.erase_range(embedded::search, "", "\xff\xff");
    batch.put(embedded::state, name, value);
    ASSERT_TRUE((*rocks)->write(batch));
  }

  version_info put(const key& k, std::string content) {
    auto w = put_of(k, std::move(content));
    auto all = database_->write({&w, 1});
    EXPECT_TRUE(all && all->front());
    return all && all->front() ? *all->front() : version_info{};
  }

  lookup get(const key& k) {
    auto found = embedded_store{database_}.get({&k, 1});
    EXPECT_TRUE(found);
    return found ? found->front() : lookup{};
  }

  std::string found_by(const std::string& words) {
    artifact_query q;
    q.words = words;
    auto matches = embedded_store{database_}.search(q);
    EXPECT_TRUE(matches) << (matches ? "" : message_of(matches.error()));
    std::string ids;
    if (matches)
      for (auto& m : matches->found)
        ids += m.key.id + ' ';
    return ids;
  }

  scratch_directory directory_;
  std::string path_ = directory_ / "store";
  std::shared_ptr<embedded_database> database_;
  key a_{"t", "a"};
};

}  // namespace

TEST_F(EmbeddedStoreTest, KeepsEverythingWhenItIsOpenedAgain) {
  open();
  auto w = put_of(a_, R"({"text":"marmalade"})");
  w.metadata = R"({"who":"me"})";
  w.tags = std::vector<std::string>{"preserve"};
  ASSERT_TRUE(database_->write({&w, 1}));
  put({"t", "gone"}, "{}");
  write_request erase{{"t", "gone"}, {}, {}, {}, {}};
  auto gone = database_->write({&erase, 1})->front();
  ASSERT_TRUE(gone);
  auto before = get(a_);
  auto rows = embedded_outbox{database_}.unpublished(10)->rows;
  auto old_epoch = before.info.epoch;

  open();
  auto after = get(a_);
  ASSERT_TRUE(after.value);
  EXPECT_EQ(after.value->content(), R"({"text":"marmalade"})");
  EXPECT_EQ(after.info.revision, before.info.revision);
  EXPECT_EQ(after.info.version, before.info.version);
  EXPECT_EQ(get({"t", "gone"}).info.revision, gone->revision);
  EXPECT_EQ(embedded_outbox{database_}.unpublished(10)->rows.size(),
            rows.size());
  EXPECT_EQ(found_by("marmalade"), "a ");
  EXPECT_EQ(found_by("preserve"), "a ");
  EXPECT_GT(put(a_, "{}").revision, gone->revision);
  // The directory might have been put back from a copy.
  EXPECT_TRUE(old_epoch.precedes(after.info.epoch));
}

TEST_F(EmbeddedStoreTest, GivesOutNoRevisionASecondTimeAfterACopyWasPutBack) {
  open();
  put(a_, R"({"v":1})");
  database_ = nullptr;
  std::filesystem::copy(path_, directory_ / "copy",
                        std::filesystem::copy_options::recursive);
  open();
  auto lost = put(a_, R"({"v":2})");
  database_ = nullptr;
  std::filesystem::remove_all(path_);
  std::filesystem::rename(directory_ / "copy", path_);
  // Opened once since the copy was made, like the history that is lost.
  open();
  auto found = get(a_);
  EXPECT_EQ(found.value->content(), R"({"v":1})");
  auto again = put(a_, R"({"v":3})");
  EXPECT_NE(std::pair(again.revision, again.epoch),
            std::pair(lost.revision, lost.epoch));
}

TEST_F(EmbeddedStoreTest, IsOpenInOneProcessOnly) {
  open();
  embedded_options options;
  options.directory = path_;
  auto second = embedded_database::open(std::move(options));
  ASSERT_FALSE(second);
  EXPECT_EQ(code_of(second.error()), ec::unavailable);
  EXPECT_NE(message_of(second.error()).find(path_), std::string::npos)
      << message_of(second.error());
}

// The writer below as a program of its own: a process that has opened a
// database once cannot be forked, because RocksDB has threads.
TEST_F(EmbeddedStoreTest, DISABLED_WritesUntilItIsKilled) {
  auto* to = std::getenv("LARDER_TEST_WRITES_TO");
  ASSERT_NE(to, nullptr);
  database_ = open_in(to);
  ASSERT_TRUE(database_);
  std::vector<std::thread> writers;
  for (int t = 0; t < 3; ++t)
    writers.emplace_back([&, t] {
      for (int i = 0;; ++i) {
        auto w = put_of({"t" + std::to_string(t), std::to_string(i % 7)},
                        "{\"text\":\"word" + std::to_string(i) + "\"}");
        auto all = database_->write({&w, 1});
        if (!all || !all->front())
          ::_exit(1);
        std::int64_t said[3]{t, i % 7, all->front()->revision};
        if (::write(STDERR_FILENO, said, sizeof said) != sizeof said)
          ::_exit(2);
      }
    });
  for (auto& w : writers)
    w.join();
}

TEST_F(EmbeddedStoreTest, LosesNothingAcknowledgedWhenItIsKilled) {
  for (int round = 0; round < 5; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(::pipe(pipe_ends), 0);
    auto child = ::fork();
    if (child == 0) {
      ::dup2(pipe_ends[1], STDERR_FILENO);
      ::close(pipe_ends[0]);
      ::close(pipe_ends[1]);
      ::setenv("LARDER_TEST_WRITES_TO", path_.c_str(), 1);
      ::execl("/proc/self/exe", "writer", "--gtest_also_run_disabled_tests",
              "--gtest_filter=*DISABLED_WritesUntilItIsKilled", nullptr);
      ::_exit(3);
    }
    ::close(pipe_ends[1]);
    std::map<key, std::int64_t> acknowledged;
    std::int64_t said[3];
    int count = 0;
    while (::read(pipe_ends[0], said, sizeof said) == sizeof said) {
      auto& last = acknowledged[{"t" + std::to_string(said[0]),
                                 std::to_string(said[1])}];
      last = std::max(last, said[2]);
      if (++count == 60)
        ::kill(child, SIGKILL);
    }
    EXPECT_GE(count, 60);
    ::close(pipe_ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    open();
    std::set<std::int64_t> rows;
    auto batch = embedded_outbox{database_}.unpublished(100'000);
    ASSERT_TRUE(batch);
    for (auto& row : batch->rows)
      EXPECT_TRUE(rows.insert(row.info.revision).second);
    for (auto& [k, revision] : acknowledged) {
      auto found = get(k);
      ASSERT_TRUE(found.value);
      EXPECT_GE(found.info.revision, revision);
      EXPECT_EQ(rows.count(found.info.revision), 1u);
    }
    // One that outlived its database would be a defect.
    auto at = std::make_unique<rocks_snapshot>(database_->rocks().snapshot());
    auto check = std::make_unique<search_check>(database_->words(), *at);
    auto all = embedded_store{database_}.scan({}, 1000, {});
    ASSERT_TRUE(all);
    for (auto& value : *all) {
      embedded::value_row row;
      row.content = value->content();
      ASSERT_TRUE(check->expect(embedded::document_of(
          {std::string{value->type()}, std::string{value->id()}}, row)));
    }
    EXPECT_EQ(*check->finish(), std::vector<std::string>{});
    check = nullptr;
    at = nullptr;
    database_ = nullptr;
  }
}

TEST_F(EmbeddedStoreTest, GivesEveryWriterItsOwnAnswerWhenTheyWriteTogether) {
  open();
  std::atomic<int> created{0};
  std::atomic<int> refused{0};
  std::vector<std::thread> writers;
  for (int t = 0; t < 4; ++t)
    writers.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i) {
        auto w = put_of({"t", std::to_string(i)},
                        "{\"v\":" + std::to_string(t) + "}");
        w.expected_revision = 0;
        auto all = database_->write({&w, 1});
        ASSERT_TRUE(all);
        ++(all->front() ? created : refused);
        if (all->front()) {
          EXPECT_EQ(get(w.key).info, *all->front());
        }
      }
    });
  for (auto& w : writers)
    w.join();
  EXPECT_EQ(created, 25);
  EXPECT_EQ(refused, 75);
  EXPECT_EQ(*embedded_outbox{database_}.backlog(), 25u);
}

TEST_F(EmbeddedStoreTest, MakesAnIndexAnewThatDoesNotAgree) {
  open();
  std::vector<write_request> batch;
  for (int i = 0; i < 1'200; ++i)
    batch.push_back(
        put_of({"t", std::to_string(i)}, R"({"text":"marmalade"})"));
  ASSERT_TRUE(database_->write(batch));
  lose_index("search", "stale");
  open();
  artifact_query q;
  q.words = "marmalade";
  q.limit = 2'000;
  auto matches = embedded_store{database_}.search(q);
  ASSERT_TRUE(matches);
  EXPECT_EQ(matches->found.size(), 1'200u);
}

TEST_F(EmbeddedStoreTest, MakesTheIndexOfAnOlderFormatAnew) {
  open();
  put({"framework", "a"}, R"({"text":"marmalade"})");
  lose_index("format", "1");
  open();
  EXPECT_EQ(found_by("framework"), "a ");
  EXPECT_EQ(found_by("marmalade"), "a ");
}

TEST_F(EmbeddedStoreTest, RefusesWritesOnAFullDiskAndReadsOn) {
  small_disk disk{64 << 20};
  if (!disk.mounted())
    GTEST_SKIP() << "only root may mount";
  auto filler = disk / "filler";
  std::ofstream{filler} << std::string(24 << 20, 'x');
  embedded_options options;
  options.directory = disk / "store";
  options.least_free_bytes = 8 << 20;
  auto opened = embedded_database::open(std::move(options));
  ASSERT_TRUE(opened) << message_of(opened.error());
  database_ = *opened;
  std::mt19937 random{7};
  std::map<key, version_info> acknowledged;
  caf::error refused;
  for (int i = 0; i < 300 && !refused; ++i) {
    std::string text(256 << 10, ' ');
    for (auto& c : text)
      c = static_cast<char>('0' + random() % 75);
    std::replace(text.begin(), text.end(), '\\', '/');
    key k{"t", std::to_string(i)};
    auto w = put_of(k, "{\"blob\":\"" + text + "\"}");
    auto all = database_->write({&w, 1});
    if (all)
      acknowledged[k] = *all->front();
    else
      refused = all.error();
  }
  EXPECT_EQ(code_of(refused), ec::unavailable) << message_of(refused);
  ASSERT_FALSE(acknowledged.empty());
  for (auto& [k, info] : acknowledged)
    EXPECT_EQ(get(k).info, info);
  std::filesystem::remove(filler);
  EXPECT_TRUE(eventually([&] {
    auto w = put_of(a_, "{}");
    auto all = database_->write({&w, 1});
    return all && all->front();
  }));
  database_ = nullptr;
}

}  // namespace larder::test
