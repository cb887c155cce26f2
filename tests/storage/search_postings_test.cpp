#include "storage/search_postings.hpp"

#include "tests/storage/search_fixture.hpp"
#include "tests/support/random.hpp"

namespace larder::test {

namespace {

std::vector<search_posting> some(std::size_t count, std::uint8_t heaviest,
                                 std::uint64_t seed) {
  prng random{seed};
  std::vector<search_posting> postings;
  std::uint32_t document = 0;
  for (std::size_t i = 0; i < count; ++i) {
    document += static_cast<std::uint32_t>(1 + random.below(1 << (i % 20)));
    postings.push_back(
        {document, static_cast<std::uint8_t>(1 + random.below(heaviest))});
  }
  return postings;
}

}  // namespace

TEST(SearchBlockTest, KeepsWhatItIsGiven) {
  for (std::size_t count : {1, 2, 17, 256})
    for (int heaviest : {1, 255}) {
      auto postings = some(count, static_cast<std::uint8_t>(heaviest), count);
      auto block = encode_block(postings.data(), postings.size());
      std::vector<search_posting> read;
      ASSERT_TRUE(decode_block(postings[0].document, block, read));
      EXPECT_EQ(read, postings);
    }
}

TEST(SearchBlockTest, TakesOneByteADocumentWhereAllAreAndWeighTheSame) {
  std::vector<search_posting> postings;
  for (std::uint32_t d = 0; d < 256; ++d)
    postings.push_back({d, 1});
  EXPECT_LE(encode_block(postings.data(), postings.size()).size(), 260u);
}

TEST(SearchBlockTest, RefusesWhatIsCutShortOrTooLong) {
  auto postings = some(40, 255, 3);
  auto block = encode_block(postings.data(), postings.size());
  std::vector<search_posting> read;
  for (std::size_t bytes = 0; bytes < block.size(); ++bytes)
    EXPECT_FALSE(decode_block(1, block.substr(0, bytes), read)) << bytes;
  EXPECT_FALSE(decode_block(1, block + "x", read));
}

class SearchPostingsTest : public search_fixture {
 protected:
  /// Documents 0 to `count` - 1; those with a number that `step` divides have
  /// "step<step>".
  void fill(std::uint32_t count, const std::vector<std::uint32_t>& steps) {
    search_update update{index_};
    for (std::uint32_t i = 0; i < count; ++i) {
      auto d = document("n", "");
      // Numbers are given in the order of ids.
      d.id = "id:" + std::to_string(1'000'000 + i);
      for (auto step : steps)
        if (i % step == 0)
          d.description += "step" + std::string(step, 'x') + " ";
      update.change(nullptr, &d);
    }
    rocks_batch batch;
    ASSERT_TRUE(update.finish(batch));
    ASSERT_TRUE(db_->write(batch, rocks_write::fast));
  }

  search_postings load(std::uint32_t step) {
    auto cursor = db_->cursor(records);
    auto postings =
        search_postings::load(index_, "tstep" + std::string(step, 'x'), cursor);
    EXPECT_TRUE(postings);
    return std::move(*postings);
  }
};

TEST_F(SearchPostingsTest, GoThroughAllBlocksInOrder) {
  fill(2000, {3});
  auto postings = load(3);
  EXPECT_EQ(postings.count(), 667u);
  for (int round = 0; round < 2; ++round) {
    std::uint32_t expected = 0;
    for (; postings.document() != search_postings::end; postings.next()) {
      ASSERT_EQ(postings.document(), expected);
      expected += 3;
    }
    EXPECT_EQ(expected, 2001u);
    postings.rewind();
  }
}

TEST_F(SearchPostingsTest, AdvanceToTheFirstThatIsNotBefore) {
  fill(2000, {3});
  for (std::uint32_t stride : {1u, 2u, 50u, 700u, 1999u}) {
    auto postings = load(3);
    for (std::uint32_t d = 0; d < 2100; d += stride) {
      postings.advance(d);
      auto expected = (d + 2) / 3 * 3;
      ASSERT_EQ(postings.document(),
                expected < 2000 ? expected : search_postings::end);
    }
  }
}

TEST_F(SearchPostingsTest, UniteWithTheHeavierWeight) {
  fill(2000, {3, 5});
  auto threes = load(3);
  auto fives = load(5);
  auto heavier = threes.weight();
  auto both = search_postings::united(load(3), load(5), 0.5);
  EXPECT_EQ(both.count(), 667u + 400u - 134u);
  for (std::uint32_t d = 0; d < 2000; ++d) {
    if (d % 3 != 0 && d % 5 != 0)
      continue;
    ASSERT_EQ(both.document(), d);
    if (d % 15 == 0)
      EXPECT_EQ(both.weight(), heavier);
    else if (d % 5 == 0) {
      fives.advance(d);
      EXPECT_EQ(both.weight(), fives.weight() / 2);
    }
    both.next();
  }
  EXPECT_EQ(both.document(), search_postings::end);
}

TEST_F(SearchPostingsTest, NobodyHasWhatIsNotThere) {
  fill(10, {3});
  auto postings = load(7);
  EXPECT_EQ(postings.count(), 0u);
  EXPECT_EQ(postings.document(), search_postings::end);
  postings.advance(5);
  EXPECT_EQ(postings.document(), search_postings::end);
}

}  // namespace larder::test
