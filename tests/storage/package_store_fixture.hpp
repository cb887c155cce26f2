// A package store in a directory of its own, with a clock that the test turns.
// Used by the tests of the package store.
//
// Thread rule: one thread.
#pragma once

#include "storage/error.hpp"
#include "storage/package.hpp"
#include "storage/package_store.hpp"
#include "storage/rocks_database.hpp"

#include <gtest/gtest.h>

#include <stdlib.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace larder {

class temporary_directory {
 public:
  /// Under `where`, if that is there: by default in memory, since most tests
  /// are not about the disk.
  explicit temporary_directory(const char* where = "/dev/shm") {
    auto parent = std::filesystem::is_directory(where)
                      ? std::filesystem::path{where}
                      : std::filesystem::temp_directory_path();
    auto pattern = (parent / "larder-package-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~temporary_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  std::string operator/(const std::string& name) const {
    return path_ + "/" + name;
  }

 private:
  std::string path_;
};

inline package make_package(std::string ecosystem, std::string name,
                            std::string version = "1.0.0",
                            std::string description = "") {
  package p;
  p.ecosystem = std::move(ecosystem);
  p.name = std::move(name);
  p.version = std::move(version);
  p.description = std::move(description);
  return p;
}

/// One write that another node accepted, and what becomes of it.
inline caf::expected<package_written>
apply_store(package_store& store, const std::string& document,
            std::int64_t revision,
            const std::optional<package_log_position>& position = {}) {
  auto p = parse_package(document);
  package_update update{{{p->ecosystem, p->name}, p->version, revision, false},
                        document};
  return store.apply_many({&update, 1}, position)->front();
}

inline caf::expected<package_written>
apply_remove(package_store& store, const std::string& ecosystem,
             const std::string& name, std::int64_t revision,
             const std::optional<package_log_position>& position = {}) {
  package_update update{{{ecosystem, name}, "", revision, true}, ""};
  return store.apply_many({&update, 1}, position)->front();
}

/// Changes the database of a store that is closed.
inline void
damage_packages(const std::string& directory,
                const std::function<void(rocks_database&, rocks_batch&)>& how) {
  rocks_options o;
  o.families = {"documents", "summaries", "details", "search"};
  o.least_free_bytes = o.reserve_bytes = 0;
  auto db = rocks_database::open(directory, o);
  ASSERT_TRUE(db) << message_of(db.error());
  rocks_batch batch;
  how(**db, batch);
  ASSERT_TRUE((*db)->write(batch));
}

struct package_store_fixture : ::testing::Test {
  package_store_fixture() { open(); }

  package_store_options options() {
    package_store_options o;
    o.directory = directory / "packages";
    // What is tested here is not the disk.
    o.least_free_bytes = 0;
    o.reserve_bytes = 0;
    o.sync = false;
    o.clock = [this] { return now; };
    return o;
  }

  void open() {
    store.reset();
    auto opened = package_store::open(options());
    ASSERT_TRUE(opened) << message_of(opened.error());
    store = std::move(*opened);
  }

  void damage(const std::function<void(rocks_database&, rocks_batch&)>& how) {
    store.reset();
    damage_packages(options().directory, how);
    open();
  }

  void damage(const std::function<void(rocks_batch&)>& how) {
    damage([&](rocks_database&, rocks_batch& batch) { how(batch); });
  }

  package_written put(const package& p) {
    auto written = store->store(to_json(p));
    EXPECT_TRUE(written) << message_of(written.error());
    return written ? *written : package_written{};
  }

  /// What is answered for the package, or "".
  std::string document(const std::string& ecosystem, const std::string& name,
                       const std::string& version = {}) {
    auto found = store->get(ecosystem, name, version);
    EXPECT_TRUE(found) << message_of(found.error());
    return found ? found->document.value_or("") : "?";
  }

  void expect_clean() {
    auto found = store->check();
    ASSERT_TRUE(found) << message_of(found.error());
    EXPECT_EQ(found->problems, std::vector<std::string>{});
    EXPECT_EQ(found->problem_count, 0u);
  }

  temporary_directory directory;
  std::int64_t now = 1'000'000;
  std::unique_ptr<package_store> store;
};

}  // namespace larder
