// A database to judge a source of truth and its outbox by, and what every test
// of one asks it.
//
// Used by tests/storage/*_contract.hpp and by those who run them. Thread rule:
// one thread.
#pragma once

#include "storage/error.hpp"
#include "storage/outbox.hpp"
#include "storage/truth_store.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

namespace larder::test {

/// One empty database, and a program that writes to it past Larder.
class truth_world {
 public:
  virtual ~truth_world() = default;
  virtual std::unique_ptr<truth_store> open_store() = 0;
  virtual std::unique_ptr<outbox> open_outbox() = 0;
  virtual void program_put(const key& k, const std::string& content) = 0;
  virtual void program_erase(const key& k) = 0;
  virtual void program_rename(const key& from, const key& to) = 0;
  virtual void truncate() = 0;
};

struct truth_world_maker {
  std::string name;
  std::function<std::unique_ptr<truth_world>()> make;
};

inline std::ostream& operator<<(std::ostream& out, const truth_world_maker& m) {
  return out << m.name;
}

/// What the suites share: the store and the outbox of a world of its own.
class truth_world_test : public testing::TestWithParam<truth_world_maker> {
 protected:
  void SetUp() override {
    world_ = GetParam().make();
    store_ = world_->open_store();
    outbox_ = world_->open_outbox();
  }

  static write_request put_of(key k, std::string content) {
    write_request w;
    w.key = std::move(k);
    w.content = std::move(content);
    return w;
  }

  static write_request delete_of(key k) {
    write_request w;
    w.key = std::move(k);
    return w;
  }

  caf::expected<version_info> write(write_request w) {
    auto all = store_->write({&w, 1});
    if (!all)
      return all.error();
    EXPECT_EQ(all->size(), 1u);
    return all->front();
  }

  version_info put(key k, std::string content) {
    auto r = write(put_of(std::move(k), std::move(content)));
    EXPECT_TRUE(r) << message_of(r.error());
    return r ? *r : version_info{};
  }

  lookup get(const key& k) {
    auto all = store_->get({&k, 1});
    EXPECT_TRUE(all) << message_of(all.error());
    return all ? all->front() : lookup{};
  }

  std::string content_of(const key& k) {
    auto found = get(k);
    return found.value ? std::string{found.value->content()} : "(absent)";
  }

  outbox_batch unpublished(std::uint32_t limit = 1000) {
    auto batch = outbox_->unpublished(limit);
    EXPECT_TRUE(batch) << message_of(batch.error());
    return batch ? *batch : outbox_batch{};
  }

  void publish_all() {
    std::vector<std::int64_t> ids;
    for (auto& row : unpublished().rows)
      ids.push_back(row.id);
    EXPECT_TRUE(outbox_->published(ids, {}));
  }

  std::unique_ptr<truth_world> world_;
  std::unique_ptr<truth_store> store_;
  std::unique_ptr<outbox> outbox_;
};

}  // namespace larder::test
