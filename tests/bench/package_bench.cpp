// What a get of the package store costs, beside RocksDB's own Get of the same
// keys on a copy of the same files with the same options.
//
//   larder_package_bench DIR [--debian | --packages N] [--hot N] [--gets N]
//                        [--queries FILE] [--json]
//
// The first run fills DIR with N made-up packages of the size that Debian's
// have, or with Debian's own, as `apt-cache dumpavail` tells them, each with
// its words and tags; later runs use what is there. Gets are of packages picked
// evenly from --hot of them, which were read once before. Both sides take turns
// of a thousand gets, so that a noisy moment hits both. Printed: microseconds a
// get, median and 99th percentile; and, with a file of queries ("words: …" a
// line), what a search takes with its ten hits and their passages.
#include "storage/debian_packages.hpp"
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
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
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

package made_up(std::mt19937_64& random, std::size_t i, std::size_t of) {
  package p;
  p.ecosystem = "debian";
  p.name = name_of(i);
  p.version = std::to_string(random() % 20) + ".1-1";
  p.description = words(random, 60 + random() % 120);
  p.tags = {"role::program", "use::" + std::to_string(random() % 50)};
  for (auto n = random() % 8; n > 0; --n)
    p.dependencies.push_back({name_of(random() % of), ">= 1.0", ""});
  return p;
}

/// All that `next` gives, a thousand a write.
void fill(const std::string& directory,
          const std::function<std::optional<package>()>& next) {
  package_store_options options;
  options.directory = directory;
  auto store = checked(package_store::open(options));
  auto begin = clock_type::now();
  std::vector<std::string> documents;
  std::size_t all = 0, bytes = 0;
  auto write = [&] {
    for (auto& outcome : checked(store->store_many(documents)))
      checked(std::move(outcome));
    documents.clear();
    std::chrono::duration<double> took = clock_type::now() - begin;
    std::fprintf(stderr, "\rfilling %s: %zu packages, %zu MiB, %.1f s",
                 directory.c_str(), all, bytes >> 20, took.count());
  };
  for (auto p = next(); p; p = next()) {
    documents.push_back(to_json(*p));
    all += 1;
    bytes += documents.back().size();
    if (documents.size() == 1'000)
      write();
  }
  write();
  std::fprintf(stderr, "\n");
}

void fill_from_debian(const std::string& directory) {
  auto list = directory + ".dumpavail";
  if (std::system(("apt-cache dumpavail > " + list).c_str()) != 0)
    throw std::runtime_error("apt-cache dumpavail failed");
  std::ifstream in{list, std::ios::binary};
  debian_packages packages{in};
  fill(directory, [&] { return packages.next(); });
  fs::remove(list);
}

/// Every `step`-th name of what is there.
std::vector<std::string> names_in(const package_store& store,
                                  std::size_t wanted) {
  std::vector<std::string> all, some;
  for (std::string after;;) {
    auto page = checked(store.list("debian", 1'000, after));
    for (auto& item : page.items)
      all.push_back(std::move(item.key.name));
    after = page.next;
    if (after.empty())
      break;
  }
  auto step = std::max<std::size_t>(all.size() / wanted, 1);
  for (std::size_t i = 0; i < all.size() && some.size() < wanted; i += step)
    some.push_back(std::move(all[i]));
  return some;
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

/// Ten hits each, with their passages.
void measure_searches(const package_store& store, const std::string& file) {
  times all{4'096};
  std::ifstream in{file};
  for (std::string line; std::getline(in, line);) {
    package_query query{line.substr(0, line.find(':'))};
    if (line.empty() || line.front() == '#')
      continue;
    checked(store.search(query));
    for (int i = 0; i < 20; ++i)
      all.measure([&] { checked(store.search(query)); });
  }
  std::printf("searches: p50 %.0f us, p95 %.0f us, most %.0f us\n",
              all.percentile(0.5), all.percentile(0.95), all.percentile(1));
}

int run(int argc, char** argv) {
  std::string directory, queries;
  std::size_t packages = 60'000, hot = 20'000, gets = 200'000;
  bool json = false, debian = false;
  CLI::App app{"What a get of the package store costs"};
  app.add_option("directory", directory, "where the packages are or will be")
      ->required();
  app.add_option("--packages", packages, "how many are made");
  app.add_flag("--debian", debian, "Debian's own, instead");
  app.add_option("--hot", hot, "of which so many are read");
  app.add_option("--gets", gets, "by each side");
  app.add_option("--queries", queries, "also search for what this file asks");
  app.add_flag("--json", json, "print one object");
  CLI11_PARSE(app, argc, argv);

  auto ours = directory + "/packages", copy = directory + "/copy";
  if (!fs::exists(ours)) {
    fs::create_directories(directory);
    std::mt19937_64 random{1};
    std::size_t i = 0;
    if (debian)
      fill_from_debian(ours);
    else
      fill(ours, [&]() -> std::optional<package> {
        if (i == packages)
          return {};
        return made_up(random, i++, packages);
      });
  }
  package_store_options options;
  options.directory = ours;
  options.cache_bytes = cache_bytes;
  auto store = checked(package_store::open(options));
  fs::remove_all(copy);
  checked(store->backup(copy));
  raw_database raw{copy};

  if (!queries.empty())
    measure_searches(*store, queries);
  auto names = names_in(*store, hot);
  hot = names.size();
  std::vector<std::string> keys;
  std::string value;
  for (auto& name : names) {
    keys.push_back(package_records::head_key("debian", name));
    if (!checked(store->get("debian", name)).document)
      throw std::runtime_error(name + " is not there");
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
