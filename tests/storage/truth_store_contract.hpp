// What every source of truth must do, and every outbox: one suite, run against
// each store by INSTANTIATE_TEST_SUITE_P. What the judge does not run, rots.
//
// Included once by each executable that runs it.
#pragma once

#include "storage/error.hpp"
#include "storage/outbox.hpp"
#include "storage/truth_store.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
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

class TruthStoreContract : public testing::TestWithParam<truth_world_maker> {
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
    EXPECT_TRUE(outbox_->published(ids));
  }

  std::unique_ptr<truth_world> world_;
  std::unique_ptr<truth_store> store_;
  std::unique_ptr<outbox> outbox_;
};

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(TruthStoreContract);

TEST_P(TruthStoreContract, AnswersAbsenceForAKeyThatNeverWas) {
  auto found = get({"t", "never"});
  EXPECT_FALSE(found.value);
  EXPECT_EQ(found.info.revision, 0);
  EXPECT_FALSE(found.info.epoch.empty());
}

TEST_P(TruthStoreContract, ReturnsWhatWasPutWithItsVersion) {
  auto info = put({"framework", "phoenix"}, R"({"a":1})");
  EXPECT_GT(info.revision, 0);
  EXPECT_EQ(info.version, 1);
  auto found = get({"framework", "phoenix"});
  ASSERT_TRUE(found.value);
  EXPECT_EQ(found.value->content(), R"({"a":1})");
  EXPECT_EQ(found.value->type(), "framework");
  EXPECT_EQ(found.value->id(), "phoenix");
  EXPECT_EQ(found.value->info(), info);
  EXPECT_EQ(found.info, info);
}

TEST_P(TruthStoreContract, KeepsValuesByteForByte) {
  std::vector<std::string> values{
      R"({"b":1,"a":2})",
      "{ \"a\" :\t1 ,\r\n  \"b\":2 }  ",
      R"({"n":1e400})",
      R"({"n":1e200000,"m":-1E-200000})",
      R"({"n":0.10,"m":1.0e+02,"k":-0})",
      R"({"s":"\u0000 and \ud800"})",
      R"({"s":"\\ \" \/ ' {} , NULL $1 %s"})",
      R"({"twice":1,"twice":2})",
      "{\"s\":\"gr\xc3\xbc\xc3\x9f \xe4\xbd\xa0\xe5\xa5\xbd "
      "\xf0\x9f\x90\x98\"}",
      "{\"s\":\"" + std::string(512 * 1024 - 8, 'x') + "\"}",
      R"({"deep":)" + std::string(60, '[') + std::string(60, ']') + "}",
      "{}",
  };
  for (std::size_t i = 0; i < values.size(); ++i)
    put({"bytes", std::to_string(i)}, values[i]);
  for (std::size_t i = 0; i < values.size(); ++i)
    EXPECT_TRUE(content_of({"bytes", std::to_string(i)}) == values[i])
        << "value " << i;
}

TEST_P(TruthStoreContract, AnswersInTheOrderOfTheKeys) {
  put({"t", "a"}, R"({"v":"a"})");
  put({"t", "b"}, R"({"v":"b"})");
  std::vector<key> keys{{"t", "b"}, {"t", "x"}, {"t", "a"}, {"t", "b"}};
  auto all = store_->get(keys);
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 4u);
  EXPECT_EQ((*all)[0].value->content(), R"({"v":"b"})");
  EXPECT_FALSE((*all)[1].value);
  EXPECT_EQ((*all)[2].value->content(), R"({"v":"a"})");
  EXPECT_EQ((*all)[3].value->content(), R"({"v":"b"})");
  auto none = store_->get({});
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
}

TEST_P(TruthStoreContract, RevisionsSayTheSameWithoutValues) {
  auto info = put({"t", "a"}, "{}");
  std::vector<key> keys{{"t", "x"}, {"t", "a"}};
  auto all = store_->revisions(keys);
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ((*all)[0].info.revision, 0);
  EXPECT_EQ((*all)[1].info, info);
  EXPECT_FALSE((*all)[1].value);
}

TEST_P(TruthStoreContract, CountsVersionsByOneAndRaisesRevisions) {
  auto last = put({"t", "a"}, "{}");
  for (int version = 2; version < 6; ++version) {
    put({"t", "other"}, "{}");
    auto next = put({"t", "a"}, version % 2 ? "{}" : R"({"v":1})");
    EXPECT_EQ(next.version, version);
    EXPECT_GT(next.revision, last.revision);
    EXPECT_EQ(next.epoch, last.epoch);
    last = next;
  }
}

TEST_P(TruthStoreContract, GoesOnCountingAfterADelete) {
  auto first = put({"t", "a"}, "{}");
  auto gone = write(delete_of({"t", "a"}));
  ASSERT_TRUE(gone);
  EXPECT_GT(gone->revision, first.revision);
  auto found = get({"t", "a"});
  EXPECT_FALSE(found.value);
  EXPECT_EQ(found.info, *gone);
  auto again = put({"t", "a"}, "{}");
  EXPECT_GT(again.revision, gone->revision);
  EXPECT_EQ(again.version, 2);
}

TEST_P(TruthStoreContract, SaysThatThereIsNothingToDelete) {
  auto r = write(delete_of({"t", "never"}));
  ASSERT_FALSE(r);
  EXPECT_EQ(code_of(r.error()), ec::not_found);
  EXPECT_TRUE(unpublished().rows.empty());
}

TEST_P(TruthStoreContract, WritesOnlyIfTheExpectedRevisionIsCurrent) {
  auto first = put_of({"t", "a"}, R"({"v":1})");
  first.expected_revision = 0;
  auto info = write(first);
  ASSERT_TRUE(info);

  auto again = write(first);
  ASSERT_FALSE(again);
  EXPECT_EQ(code_of(again.error()), ec::revision_conflict);
  EXPECT_EQ(current_revision_of(again.error()), info->revision);

  auto second = put_of({"t", "a"}, R"({"v":2})");
  second.expected_revision = info->revision + 1000;
  EXPECT_EQ(code_of(write(second).error()), ec::revision_conflict);
  EXPECT_EQ(content_of({"t", "a"}), R"({"v":1})");
  second.expected_revision = info->revision;
  auto next = write(second);
  ASSERT_TRUE(next);
  EXPECT_EQ(content_of({"t", "a"}), R"({"v":2})");

  auto gone = delete_of({"t", "a"});
  gone.expected_revision = info->revision;
  EXPECT_EQ(code_of(write(gone).error()), ec::revision_conflict);
  gone.expected_revision = next->revision;
  EXPECT_TRUE(write(gone));

  // Absent now: its revision is 0 to a writer, whatever the deletion's is.
  auto absent = write(gone);
  ASSERT_FALSE(absent);
  EXPECT_EQ(code_of(absent.error()), ec::revision_conflict);
  EXPECT_EQ(current_revision_of(absent.error()), 0);
  EXPECT_TRUE(write(first));
}

TEST_P(TruthStoreContract, AppliesTwoRequestsForOneKeyInOrder) {
  std::vector<write_request> batch{
      put_of({"t", "z"}, R"({"v":1})"), put_of({"t", "a"}, R"({"v":1})"),
      put_of({"t", "z"}, R"({"v":2})"), delete_of({"t", "a"}),
      put_of({"t", "z"}, R"({"v":3})"),
  };
  auto all = store_->write(batch);
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 5u);
  for (auto& one : *all)
    ASSERT_TRUE(one) << message_of(one.error());
  EXPECT_LT((*all)[0]->revision, (*all)[2]->revision);
  EXPECT_LT((*all)[2]->revision, (*all)[4]->revision);
  EXPECT_EQ((*all)[4]->version, 3);
  EXPECT_EQ(content_of({"t", "z"}), R"({"v":3})");
  EXPECT_EQ(content_of({"t", "a"}), "(absent)");
}

TEST_P(TruthStoreContract, LetsNoFailureUndoAnother) {
  auto current = put({"t", "there"}, "{}");
  auto conflicting = put_of({"t", "there"}, R"({"v":1})");
  conflicting.expected_revision = 0;
  auto bad_metadata = put_of({"t", "meta"}, "{}");
  bad_metadata.metadata = "not json";
  auto list_metadata = put_of({"t", "meta"}, "{}");
  list_metadata.metadata = "[1]";
  std::vector<write_request> batch{
      put_of({"t", "1"}, R"({"v":1})"),
      conflicting,
      put_of({"t", "nul"}, std::string("{\"a\":\"\0\"}", 9)),
      put_of({"t", "utf8"}, "{\"a\":\"\xff\xfe\"}"),
      bad_metadata,
      list_metadata,
      delete_of({"t", "absent"}),
      put_of({"t", "2"}, R"({"v":2})"),
  };
  auto all = store_->write(batch);
  ASSERT_TRUE(all) << message_of(all.error());
  ASSERT_EQ(all->size(), batch.size());
  EXPECT_TRUE((*all)[0]);
  EXPECT_EQ(code_of((*all)[1].error()), ec::revision_conflict);
  EXPECT_EQ(current_revision_of((*all)[1].error()), current.revision);
  EXPECT_EQ(code_of((*all)[2].error()), ec::invalid_request);
  EXPECT_EQ(code_of((*all)[3].error()), ec::invalid_request);
  EXPECT_EQ(code_of((*all)[4].error()), ec::invalid_request);
  EXPECT_EQ(code_of((*all)[5].error()), ec::invalid_request);
  EXPECT_EQ(code_of((*all)[6].error()), ec::not_found);
  EXPECT_TRUE((*all)[7]);
  EXPECT_EQ(content_of({"t", "1"}), R"({"v":1})");
  EXPECT_EQ(content_of({"t", "2"}), R"({"v":2})");
  EXPECT_EQ(content_of({"t", "meta"}), "(absent)");
}

TEST_P(TruthStoreContract, TakesAnyTextForAnIdAndForNothingElse) {
  std::vector<std::string> ids{
      "'; DROP TABLE knowledge_artifacts; --",
      "\"quoted\"",
      "back\\slash",
      "{a,b}",
      "NULL",
      "$1",
      "%s",
      " leading and trailing ",
      "socket.io",
      "@nats-io/kv",
      "\xc3\xa9t\xc3\xa9",
      "e\xcc\x81",
      "100%",
  };
  for (auto& id : ids)
    put({"it's", id}, "{\"id\":" + std::to_string(id.size()) + "}");
  for (auto& id : ids)
    EXPECT_EQ(content_of({"it's", id}),
              "{\"id\":" + std::to_string(id.size()) + "}")
        << id;
  auto items = store_->list("it's", 100, "");
  ASSERT_TRUE(items);
  EXPECT_EQ(items->size(), ids.size());
}

TEST_P(TruthStoreContract, ListsByIdInByteOrderPageByPage) {
  for (auto id : {"b", "B", "a", "_", "a.b", "a-b", "\xc3\xa4", "Z"})
    put({"t", id}, "{}");
  put({"other", "c"}, "{}");
  put({"t", "gone"}, "{}");
  ASSERT_TRUE(write(delete_of({"t", "gone"})));
  std::vector<std::string> seen;
  std::string after;
  while (true) {
    auto page = store_->list("t", 3, after);
    ASSERT_TRUE(page);
    if (page->empty())
      break;
    EXPECT_LE(page->size(), 3u);
    for (auto& item : *page) {
      EXPECT_EQ(item.revision, get({"t", item.id}).info.revision);
      EXPECT_EQ(item.version, 1);
      EXPECT_EQ(item.updated_at.size(), 27u) << item.updated_at;
      EXPECT_EQ(item.updated_at.back(), 'Z');
      seen.push_back(item.id);
    }
    after = seen.back();
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"B", "Z", "_", "a", "a-b", "a.b",
                                            "b", "\xc3\xa4"}));
}

TEST_P(TruthStoreContract, ScansValuesByKeyPageByPage) {
  std::vector<key> keys{{"a", "2"}, {"a", "1"},  {"B", "1"},
                        {"b", "1"}, {"ab", "1"}, {"b", "2"}};
  for (auto& k : keys)
    put(k, "{\"" + k.type + "\":\"" + k.id + "\"}");
  std::vector<key> seen;
  std::optional<key> after;
  while (true) {
    auto page = store_->scan(std::nullopt, 2, after);
    ASSERT_TRUE(page);
    if (page->empty())
      break;
    for (auto& a : *page) {
      seen.push_back({std::string{a->type()}, std::string{a->id()}});
      EXPECT_EQ(a->content(), content_of(seen.back()));
      EXPECT_EQ(a->info(), get(seen.back()).info);
    }
    after = seen.back();
  }
  std::sort(keys.begin(), keys.end());
  EXPECT_EQ(seen, keys);

  auto of_type = store_->scan("b", 10, key{"b", "1"});
  ASSERT_TRUE(of_type);
  ASSERT_EQ(of_type->size(), 1u);
  EXPECT_EQ(of_type->front()->id(), "2");
  EXPECT_EQ(store_->scan("b", 10, key{"a", "9"})->size(), 2u);
  EXPECT_EQ(store_->scan("b", 10, key{"c", ""})->size(), 0u);
  EXPECT_EQ(store_->scan("b", 10, std::nullopt)->size(), 2u);
}

TEST_P(TruthStoreContract, CountsUsageWithoutAChange) {
  auto info = put({"t", "a"}, "{}");
  publish_all();
  std::vector<usage> reads{
      {{"t", "a"}, 3}, {{"t", "never"}, 1}, {{"t", "a"}, 4}};
  ASSERT_TRUE(store_->count_usage(reads));
  EXPECT_EQ(get({"t", "a"}).info, info);
  EXPECT_TRUE(unpublished().rows.empty());
}

TEST_P(TruthStoreContract, SeesWhatAProgramPastLarderWrites) {
  world_->program_put({"t", "a"}, R"({"v":1})");
  auto first = get({"t", "a"});
  ASSERT_TRUE(first.value);
  EXPECT_GT(first.info.revision, 0);
  EXPECT_EQ(first.info.version, 1);
  auto ours = put({"t", "a"}, R"({"v":2})");
  EXPECT_EQ(ours.version, 2);
  world_->program_put({"t", "a"}, R"({"v":3})");
  auto third = get({"t", "a"});
  EXPECT_EQ(third.value->content(), R"({"v":3})");
  EXPECT_EQ(third.info.version, 3);
  EXPECT_GT(third.info.revision, ours.revision);
  world_->program_erase({"t", "a"});
  auto gone = get({"t", "a"});
  EXPECT_FALSE(gone.value);
  EXPECT_GT(gone.info.revision, third.info.revision);
}

TEST_P(TruthStoreContract, TakesARenameForADeleteAndAPut) {
  auto info = put({"t", "old"}, R"({"v":1})");
  put({"t", "new"}, R"({"v":0})");
  ASSERT_TRUE(write(delete_of({"t", "new"})));
  publish_all();
  world_->program_rename({"t", "old"}, {"t", "new"});
  auto old_one = get({"t", "old"});
  auto new_one = get({"t", "new"});
  EXPECT_FALSE(old_one.value);
  EXPECT_GT(old_one.info.revision, info.revision);
  ASSERT_TRUE(new_one.value);
  EXPECT_EQ(new_one.value->content(), R"({"v":1})");
  EXPECT_EQ(new_one.info.version, 2);
  auto batch = unpublished();
  ASSERT_EQ(batch.rows.size(), 2u);
  EXPECT_NE(batch.rows[0].deleted, batch.rows[1].deleted);
}

TEST_P(TruthStoreContract, BeginsANewEpochWhenTheTableIsTruncated) {
  auto info = put({"t", "a"}, "{}");
  ASSERT_FALSE(unpublished().rows.empty());
  world_->truncate();
  auto found = get({"t", "a"});
  EXPECT_FALSE(found.value);
  EXPECT_NE(found.info.epoch, info.epoch);
  EXPECT_GT(found.info.revision, info.revision);
  auto batch = unpublished();
  EXPECT_EQ(batch.epoch, found.info.epoch);
  EXPECT_TRUE(batch.rows.empty());
  auto again = put({"t", "a"}, "{}");
  EXPECT_EQ(again.epoch, found.info.epoch);
  EXPECT_EQ(again.version, 2);
  EXPECT_EQ(store_->list("t", 10, "")->size(), 1u);
}

TEST_P(TruthStoreContract, WritesABatchOfHundreds) {
  std::vector<write_request> batch;
  for (int i = 0; i < 300; ++i)
    batch.push_back(
        put_of({"t", std::to_string(i)}, "{\"i\":" + std::to_string(i) + "}"));
  auto all = store_->write(batch);
  ASSERT_TRUE(all);
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE((*all)[static_cast<std::size_t>(i)]);
    EXPECT_EQ(get(batch[static_cast<std::size_t>(i)].key).info,
              *(*all)[static_cast<std::size_t>(i)]);
  }
  EXPECT_EQ(*outbox_->backlog(), 300u);
}

// -- the outbox ---------------------------------------------------------------

TEST_P(TruthStoreContract, OutboxHoldsEveryChangeInOrderWithTheValueOfNow) {
  EXPECT_TRUE(unpublished().rows.empty());
  EXPECT_FALSE(unpublished().epoch.empty());
  auto one = put({"t", "a"}, R"({"v":1})");
  auto two = put({"t", "a"}, R"({"v":2})");
  world_->program_put({"t", "b"}, R"({"v":3})");
  auto gone = write(delete_of({"t", "b"}));
  ASSERT_TRUE(gone);
  auto batch = unpublished();
  EXPECT_FALSE(batch.more);
  EXPECT_EQ(batch.epoch, one.epoch);
  ASSERT_EQ(batch.rows.size(), 4u);
  auto& r = batch.rows;
  EXPECT_EQ(r[0].key, (key{"t", "a"}));
  EXPECT_EQ(r[0].info, one);
  EXPECT_FALSE(r[0].deleted);
  EXPECT_EQ(r[1].info, two);
  EXPECT_LT(r[0].id, r[1].id);
  EXPECT_EQ(r[0].current_info, two);
  EXPECT_EQ(r[1].current_info, two);
  ASSERT_TRUE(r[0].current);
  EXPECT_EQ(r[0].current->content(), R"({"v":2})");
  EXPECT_EQ(r[0].current->info(), two);
  EXPECT_EQ(r[0].current, r[1].current);
  EXPECT_FALSE(r[2].deleted);
  EXPECT_FALSE(r[2].current);
  EXPECT_TRUE(r[3].deleted);
  EXPECT_EQ(r[3].info, *gone);
  EXPECT_EQ(r[3].current_info, *gone);
}

TEST_P(TruthStoreContract, OutboxSaysWhenThereIsMore) {
  for (int i = 0; i < 5; ++i)
    put({"t", std::to_string(i)}, "{}");
  auto some = unpublished(4);
  EXPECT_EQ(some.rows.size(), 4u);
  EXPECT_TRUE(some.more);
  auto all = unpublished(5);
  EXPECT_EQ(all.rows.size(), 5u);
  EXPECT_FALSE(all.more);
  EXPECT_EQ(*outbox_->backlog(), 5u);
}

TEST_P(TruthStoreContract, OutboxForgetsWhatIsPublishedAndNothingElse) {
  for (auto id : {"a", "b", "c"})
    put({"t", id}, "{}");
  auto rows = unpublished().rows;
  ASSERT_EQ(rows.size(), 3u);
  std::vector<std::int64_t> ids{rows[1].id, 1'000'000'000};
  ASSERT_TRUE(outbox_->published(ids));
  ASSERT_TRUE(outbox_->published(ids));
  ASSERT_TRUE(outbox_->published({}));
  auto left = unpublished().rows;
  ASSERT_EQ(left.size(), 2u);
  EXPECT_EQ(left[0].key.id, "a");
  EXPECT_EQ(left[1].key.id, "c");
}

TEST_P(TruthStoreContract, OutboxSpeaksOfNoWriteThatFailed) {
  auto w = put_of({"t", "a"}, "{}");
  w.expected_revision = 17;
  EXPECT_FALSE(write(w));
  EXPECT_TRUE(unpublished().rows.empty());
}

TEST_P(TruthStoreContract, RaisesTheEpochOnceForAllWhoSawTheSameOne) {
  auto info = put({"t", "a"}, "{}");
  auto raised = outbox_->raise_epoch(info.epoch);
  ASSERT_TRUE(raised);
  EXPECT_NE(*raised, info.epoch);
  EXPECT_EQ(*world_->open_outbox()->raise_epoch(info.epoch), *raised);
  EXPECT_EQ(*outbox_->raise_epoch(larder::epoch{"elsewhere-1-1"}), *raised);
  EXPECT_EQ(get({"t", "a"}).info.epoch, *raised);
  EXPECT_EQ(unpublished().epoch, *raised);
  EXPECT_EQ(content_of({"t", "a"}), "{}");
}

TEST_P(TruthStoreContract, LeaseHasOneHolderUntilItExpiresOrIsReleased) {
  using namespace std::chrono_literals;
  auto other = world_->open_outbox();
  EXPECT_TRUE(*outbox_->hold_lease("relay", "one", 1h));
  EXPECT_TRUE(*outbox_->hold_lease("relay", "one", 1h));
  EXPECT_FALSE(*other->hold_lease("relay", "two", 1h));
  EXPECT_TRUE(*other->hold_lease("another", "two", 1h));
  ASSERT_TRUE(other->release_lease("relay", "two"));
  EXPECT_FALSE(*other->hold_lease("relay", "two", 1h));
  ASSERT_TRUE(outbox_->release_lease("relay", "one"));
  EXPECT_TRUE(*other->hold_lease("relay", "two", 100ms));
  auto deadline = std::chrono::steady_clock::now() + 10s;
  while (!*outbox_->hold_lease("relay", "one", 1h))
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  EXPECT_FALSE(*other->hold_lease("relay", "two", 1h));
}

}  // namespace larder::test
