// What a get of the package store costs, beside RocksDB's own Get of the same
// keys on a copy of the same files with the same options.
//
//   larder_package_bench DIR [--packages N] [--hot N] [--gets N] [--json]
//
// The first run fills DIR with N made-up packages of the size that Debian's
// have, each with its words and tags; later runs use what is there. Gets are of
// packages picked evenly from --hot of them, which were read once before. Both
// sides take turns of a thousand gets, so that a noisy moment hits both.
// Printed: microseconds a get, median and 99th percentile.
#include "storage/error.hpp"
#include "storage/package.hpp"
#include "storage/package_records.hpp"
#include "storage/package_store.hpp"

#include <CLI/CLI.hpp>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/utilities/options_util.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace larder;
using clock_type = std::chrono::steady_clock;
namespace fs = std::filesystem;

constexpr std::size_t cache_bytes = 64 << 20;

template <class T>
T checked(caf::expected<T> result) {
  if (!result)
    throw std::runtime_error(message_of(result.error()));
  return std::move(*result);
}

void checked(const caf::expected<void>& result) {
  if (!result)
    throw std::runtime_error(message_of(result.error()));
}

void checked(const rocksdb::Status& status) {
  if (!status.ok())
    throw std::runtime_error(status.ToString());
}

std::string name_of(std::size_t i) {
  return "package-" + std::to_string(i);
}

/// Words of a made-up language, some much more frequent than others.
std::string words(std::mt19937_64& random, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    auto rank = static_cast<std::size_t>(
        20'000.0 / (1.0 + static_cast<double>(random() % 20'000)));
    text += "w" + std::to_string(rank * 7'919 % 20'011) + " ";
  }
  return text;
}

void fill(const std::string& directory, std::size_t packages) {
  package_store_options options;
  options.directory = directory;
  auto store = checked(package_store::open(options));
  std::mt19937_64 random{1};
  std::vector<std::string> documents;
  for (std::size_t i = 0; i < packages; ++i) {
    package p;
    p.ecosystem = "debian";
    p.name = name_of(i);
    p.version = std::to_string(random() % 20) + ".1-1";
    p.description = words(random, 60 + random() % 120);
    p.tags = {"role::program", "use::" + std::to_string(random() % 50)};
    for (auto n = random() % 8; n > 0; --n)
      p.dependencies.push_back({name_of(random() % packages), ">= 1.0", ""});
    documents.push_back(to_json(p));
    if (documents.size() == 1'000 || i + 1 == packages) {
      for (auto& outcome : checked(store->store_many(documents)))
        checked(std::move(outcome));
      documents.clear();
      std::fprintf(stderr, "\rfilling %s: %zu of %zu", directory.c_str(), i + 1,
                   packages);
    }
  }
  std::fprintf(stderr, "\n");
  checked(store->get("debian", name_of(0)));
}

/// RocksDB with the options that the store's own files name.
class raw_database {
 public:
  explicit raw_database(const std::string& directory) {
    rocksdb::DBOptions options;
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    auto cache = rocksdb::NewLRUCache(cache_bytes);
    checked(
        rocksdb::LoadLatestOptions({}, directory, &options, &families, &cache));
    rocksdb::DB* db = nullptr;
    checked(rocksdb::DB::Open(options, directory, families, &handles_, &db));
    db_.reset(db);
    for (auto* handle : handles_)
      if (handle->GetName() == "documents")
        documents_ = handle;
  }

  ~raw_database() {
    for (auto* handle : handles_)
      checked(db_->DestroyColumnFamilyHandle(handle));
  }

  void get(const std::string& key, std::string& value) {
    checked(db_->Get({}, documents_, key, &value));
  }

 private:
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  rocksdb::ColumnFamilyHandle* documents_ = nullptr;
};

/// Times of single gets, in microseconds.
class times {
 public:
  explicit times(std::size_t expected) { all_.reserve(expected); }

  template <class F>
  void measure(F f) {
    auto begin = clock_type::now();
    f();
    std::chrono::duration<double, std::micro> took = clock_type::now() - begin;
    all_.push_back(took.count());
  }

  double percentile(double share) {
    auto at = all_.begin()
              + static_cast<std::ptrdiff_t>(
                  share * static_cast<double>(all_.size() - 1));
    std::nth_element(all_.begin(), at, all_.end());
    return *at;
  }

 private:
  std::vector<double> all_;
};

int run(int argc, char** argv) {
  std::string directory;
  std::size_t packages = 60'000, hot = 20'000, gets = 200'000;
  bool json = false;
  CLI::App app{"What a get of the package store costs"};
  app.add_option("directory", directory, "where the packages are or will be")
      ->required();
  app.add_option("--packages", packages, "how many are made");
  app.add_option("--hot", hot, "of which so many are read");
  app.add_option("--gets", gets, "by each side");
  app.add_flag("--json", json, "print one object");
  CLI11_PARSE(app, argc, argv);

  auto ours = directory + "/packages", copy = directory + "/copy";
  if (!fs::exists(ours)) {
    fs::create_directories(directory);
    fill(ours, packages);
  }
  package_store_options options;
  options.directory = ours;
  options.cache_bytes = cache_bytes;
  auto store = checked(package_store::open(options));
  fs::remove_all(copy);
  checked(store->backup(copy));
  raw_database raw{copy};

  hot = std::min(hot, packages);
  std::vector<std::string> names, keys;
  std::string value;
  for (std::size_t i = 0; i < hot; ++i) {
    names.push_back(name_of(i * (packages / hot)));
    keys.push_back(package_records::head_key("debian", names.back()));
    if (!checked(store->get("debian", names.back())).document)
      throw std::runtime_error(names.back() + " is not there");
    raw.get(keys.back(), value);
  }
  times of_ours{gets}, of_raw{gets};
  std::mt19937_64 random{2};
  for (std::size_t done = 0; done < gets; done += 1'000) {
    std::vector<std::size_t> picked(1'000);
    for (auto& i : picked)
      i = random() % hot;
    auto measure_ours = [&] {
      for (auto i : picked)
        of_ours.measure([&] {
          if (!store->get("debian", names[i])->document)
            throw std::runtime_error(names[i] + " is not there");
        });
    };
    auto measure_raw = [&] {
      for (auto i : picked)
        of_raw.measure([&] { raw.get(keys[i], value); });
    };
    if (done / 1'000 % 2 == 0) {
      measure_ours();
      measure_raw();
    } else {
      measure_raw();
      measure_ours();
    }
  }
  auto p50 = of_ours.percentile(0.5), p99 = of_ours.percentile(0.99);
  auto raw_p50 = of_raw.percentile(0.5), raw_p99 = of_raw.percentile(0.99);
  if (json)
    std::printf("{\"larder\": {\"p50_us\": %.3f, \"p99_us\": %.3f}, "
                "\"RocksDB\": {\"p50_us\": %.3f, \"p99_us\": %.3f}}\n",
                p50, p99, raw_p50, raw_p99);
  else
    std::printf("larder:  p50 %.2f us, p99 %.2f us\n"
                "RocksDB: p50 %.2f us, p99 %.2f us\n"
                "ratio:   p50 %.2f, p99 %.2f\n",
                p50, p99, raw_p50, raw_p99, p50 / raw_p50, p99 / raw_p99);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "larder_package_bench: %s\n", e.what());
    return 1;
  }
}
