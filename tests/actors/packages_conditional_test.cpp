#include "tests/actors/package_world.hpp"

namespace larder::test {

namespace {

class PackagesConditionalTest : public package_world {
 protected:
  using outcome = caf::expected<package_written>;

  outcome write_if(package_node& n, std::int64_t expected,
                   const std::string& text) {
    return request(n.packages, 1min, write_atom::value,
                   package_conditional{{"npm", "x"}, {}, expected, text},
                   now() + 1min);
  }
  static std::int64_t refused_at(const outcome& o) {
    return !o && code_of(o.error()) == ec::revision_conflict
               ? current_revision_of(o.error())
               : -1;
  }
};

}  // namespace

TEST_F(PackagesConditionalTest, WritesOnlyOverTheRevisionThatIsExpected) {
  auto& a = start("a");
  EXPECT_EQ(refused_at(write_if(a, 7, document("x", "nothing to replace"))), 0);
  auto first = write_if(a, 0, document("x", "one"));
  ASSERT_TRUE(first);
  EXPECT_EQ(refused_at(write_if(a, 0, document("x", "again"))),
            first->revision);
  EXPECT_EQ(refused_at(write_if(a, first->revision - 1, document("x", "old"))),
            first->revision);
  EXPECT_EQ(on_disk(a, "x"), "one");
  auto second = write_if(a, first->revision, document("x", "two"));
  ASSERT_TRUE(second);
  EXPECT_EQ(told(a, "x"), "rocksdb: two");
  EXPECT_EQ(refused_at(write_if(a, first->revision, "")), second->revision);
  ASSERT_TRUE(write_if(a, second->revision, ""));
  EXPECT_EQ(told(a, "x"), "not_found");
  auto gone = write_if(a, 0, "");
  EXPECT_EQ(code_of(gone.error()), ec::not_found);
  EXPECT_TRUE(write_if(a, 0, document("x", "three")));
}

TEST_F(PackagesConditionalTest, KnowsWhatOnlyASharedTierHas) {
  auto& a = start("a");
  auto revision = store(a, document("x", "one"));
  ASSERT_GT(revision, 0);
  run_for(100ms);
  log_->forget_all();
  a.answers = false;
  auto& b = start("b");
  EXPECT_EQ(on_disk(b, "x"), "nothing");
  EXPECT_EQ(refused_at(write_if(b, 0, document("x", "two"))), revision);
  EXPECT_TRUE(write_if(b, revision, document("x", "two")));
}

TEST_F(PackagesConditionalTest, TellsTheOthers) {
  auto& a = start("a");
  auto& b = start("b");
  ASSERT_TRUE(write_if(a, 0, document("x", "one")));
  run_for(100ms);
  EXPECT_EQ(on_disk(b, "x"), "one");
}

}  // namespace larder::test
