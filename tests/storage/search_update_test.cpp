#include "storage/search_layout.hpp"
#include "tests/storage/search_fixture.hpp"
#include "tests/support/random.hpp"

namespace larder::test {

class SearchUpdateTest : public search_fixture {};

TEST_F(SearchUpdateTest, AnUpdateLeavesNothingOfWhatWasBehind) {
  auto d = document("a", "old words", "tag", "body text");
  d.filters = {"e:npm"};
  put(d);
  d.description = "new words";
  d.filters = {"e:hex"};
  d.name = "b";
  put(d);
  EXPECT_EQ(names_for("old"), "");
  EXPECT_EQ(names({"words", {"e:npm"}}), "");
  EXPECT_EQ(names({"new", {"e:hex"}}), "a");
  EXPECT_EQ(search({"b"}).hits[0].match, search_match::exact);
  EXPECT_EQ(check(index_), std::vector<std::string>{});
}

TEST_F(SearchUpdateTest, RemovingLeavesTheHeadAlone) {
  put(document("a", "some words", "tag"));
  put(document("b", "more words"));
  remove("a");
  remove("b");
  auto left = content();
  EXPECT_EQ(left.size(), 1u) << left.begin()->first;
  EXPECT_EQ(index_.counts()->documents, 0u);
  put(document("a", "again"));
  EXPECT_EQ(names_for("again"), "a");
}

TEST_F(SearchUpdateTest, ManyChangesOfOneDocumentInOneBatchAreTheLastOfThem) {
  auto first = document("a", "first");
  auto second = document("a", "second");
  search_update update{index_};
  update.change(nullptr, &first);
  update.change(&first, &second);
  update.change(&second, nullptr);
  update.change(nullptr, &second);
  rocks_batch batch;
  ASSERT_TRUE(update.finish(batch));
  ASSERT_TRUE(db_->write(batch));
  stored_["id:a"] = second;
  EXPECT_EQ(names_for("second"), "a");
  EXPECT_EQ(names_for("first"), "");
  EXPECT_EQ(check(index_), std::vector<std::string>{});
}

TEST_F(SearchUpdateTest, ABatchThatIsNotWrittenChangesNothing) {
  put(document("a", "words"));
  auto before = content();
  {
    auto d = document("b", "words");
    search_update update{index_};
    update.change(nullptr, &d);
    rocks_batch batch;
    ASSERT_TRUE(update.finish(batch));
    EXPECT_FALSE(batch.empty());
  }
  EXPECT_EQ(content(), before);
  put(document("c", "words"));
  EXPECT_EQ(names_for("words"), "a c");
  EXPECT_EQ(check(index_), std::vector<std::string>{});
}

TEST_F(SearchUpdateTest, RefusesABeforeThatDisagrees) {
  auto d = document("a", "words");
  auto refused = [&](const search_document* before,
                     const search_document* after) {
    search_update update{index_};
    update.change(before, after);
    rocks_batch batch;
    auto done = update.finish(batch);
    EXPECT_TRUE(batch.empty());
    return !done && code_of(done.error()) == ec::internal;
  };
  EXPECT_TRUE(refused(&d, &d));
  put(d);
  EXPECT_TRUE(refused(nullptr, &d));
}

TEST_F(SearchUpdateTest, RandomChangesLeaveWhatANewIndexWouldHold) {
  prng random{42};
  auto any = [&] {
    auto d = document("name" + std::to_string(random.below(800)), "");
    for (auto n = random.below(12); n > 0; --n)
      d.description += "w" + std::to_string(random.below(40)) + "x ";
    d.filters = {"e:" + std::to_string(random.below(3))};
    return d;
  };
  for (int round = 0; round < 60; ++round) {
    search_update update{index_};
    for (auto n = random.below(60) + 1; n > 0; --n) {
      auto d = any();
      auto old = stored_.find(d.id);
      auto removes = random.below(3) == 0;
      if (old == stored_.end() && removes)
        continue;
      update.change(old == stored_.end() ? nullptr : &old->second,
                    removes ? nullptr : &d);
      if (removes)
        stored_.erase(d.id);
      else
        stored_[d.id] = d;
    }
    rocks_batch batch;
    ASSERT_TRUE(update.finish(batch));
    ASSERT_TRUE(db_->write(batch, rocks_write::fast));
    ASSERT_EQ(check(index_), std::vector<std::string>{}) << "round " << round;
  }
  EXPECT_EQ(index_.counts()->documents, stored_.size());
  // Every term finds exactly the documents that have it.
  for (int w = 0; w < 40; ++w) {
    auto word = "w" + std::to_string(w) + "x";
    std::uint64_t have = 0;
    for (auto& [id, d] : stored_)
      have += (" " + d.description).find(" " + word + " ") != std::string::npos;
    EXPECT_EQ(search({word, {}, {}, false, 10'000}).hits.size(), have) << word;
  }
}

TEST_F(SearchUpdateTest, TheCheckFindsWhatIsWrong) {
  put(document("a", "some words"));
  put(document("b", "other words"));
  auto says = [&](const std::string& part) {
    auto wrong = check(index_);
    return !wrong.empty() && wrong[0].find(part) != std::string::npos;
  };
  auto kept = stored_;
  stored_["id:b"].description = "different words";
  EXPECT_TRUE(says("\"id:b\" is not in the search index as its record"));
  stored_ = kept;
  stored_.erase("id:a");
  EXPECT_TRUE(says("is not in the search index as its record has it"));
  stored_ = kept;
  stored_["id:c"] = document("c", "new");
  EXPECT_TRUE(says("\"id:c\" is not in the search index"));
  stored_ = kept;
  ASSERT_TRUE(check(index_).empty());
  rocks_batch batch;
  for (auto& [key, value] : content())
    if (key.starts_with("stother"))
      batch.erase(records, key);
  ASSERT_TRUE(db_->write(batch));
  EXPECT_TRUE(says("\"id:b\" is not in the search index as its record"));
}

TEST_F(SearchUpdateTest, KnowsAnIndexOfAnotherVersionAndClearsItWhole) {
  put(document("a", "some words"));
  search_index neighbour{*db_, records, "t"};
  rocks_batch batch;
  batch.put(records, search_layout::key("s", search_layout::meta_key),
            search_layout::to_bytes({search_layout::version + 1, 1, 1}));
  batch.put(records, "u", "not of the index");
  ASSERT_TRUE(db_->write(batch));
  EXPECT_FALSE(*index_.is_current());
  EXPECT_TRUE(*neighbour.is_current());
  batch.clear();
  index_.clear(batch);
  ASSERT_TRUE(db_->write(batch));
  EXPECT_EQ(content().size(), 1u);
  EXPECT_TRUE(*index_.is_current());
}

}  // namespace larder::test
