// A search index in a store of its own, and the documents that were put there.
//
// Used by the tests of search_*. Thread rule: one thread.
#pragma once

#include "storage/error.hpp"
#include "storage/search_index.hpp"
#include "tests/support/scratch_directory.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace larder::test {

inline constexpr rocks_family records = 0;

inline search_document document(const std::string& name,
                                const std::string& description,
                                const std::string& keywords = {},
                                const std::string& body = {}) {
  search_document d;
  d.id = "id:" + name;
  d.name = name;
  d.description = description;
  d.keywords = keywords;
  d.body = body;
  return d;
}

class search_fixture : public testing::Test {
 protected:
  static std::unique_ptr<rocks_database> open(const std::string& path) {
    rocks_options options;
    options.families = {"records"};
    options.least_free_bytes = 0;
    options.reserve_bytes = 0;
    auto db = rocks_database::open(path, options);
    if (!db)
      throw std::runtime_error{message_of(db.error())};
    return std::move(*db);
  }

  /// Puts `d` in place of what was stored under its id.
  void put(const search_document& d) { change(d.id, &d); }
  void remove(const std::string& name) { change("id:" + name, nullptr); }

  void change(const std::string& id, const search_document* after) {
    auto old = stored_.find(id);
    search_update update{index_};
    update.change(old == stored_.end() ? nullptr : &old->second, after);
    rocks_batch batch;
    ASSERT_TRUE(update.finish(batch));
    ASSERT_TRUE(db_->write(batch, rocks_write::fast));
    if (after == nullptr)
      stored_.erase(id);
    else
      stored_[id] = *after;
  }

  search_results search(const search_query& query) {
    auto found = index_.search(query);
    EXPECT_TRUE(found) << (found ? "" : message_of(found.error()));
    return found ? std::move(*found) : search_results{};
  }

  /// The names of the hits, best first.
  std::string names(const search_query& query) {
    std::string all;
    for (auto& hit : search(query).hits)
      all += (all.empty() ? "" : " ") + hit.id.substr(3);
    return all;
  }
  std::string names_for(const std::string& text) {
    return names(search_query{text});
  }

  std::vector<std::string> check(const search_index& index) {
    auto moment = db_->snapshot();
    search_check check{index, moment};
    for (auto& [id, d] : stored_)
      EXPECT_TRUE(check.expect(d));
    auto wrong = check.finish();
    EXPECT_TRUE(wrong);
    return wrong ? *wrong : std::vector<std::string>{};
  }

  /// Keys and values, all of them.
  std::map<std::string, std::string> content() const {
    std::map<std::string, std::string> all;
    EXPECT_TRUE(db_->each(records, "", "", [&](auto key, auto value) {
      all.emplace(key, value);
      return true;
    }));
    return all;
  }

  scratch_directory directory_;
  std::unique_ptr<rocks_database> db_ = open(directory_ / "store");
  search_index index_{*db_, records, "s"};
  std::map<std::string, search_document> stored_;
};

}  // namespace larder::test
