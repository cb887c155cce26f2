#include "actors/cold_worker.hpp"

#include "tests/support/actor_fixture.hpp"
#include "tests/support/memory_store.hpp"

namespace larder::test {

namespace {

using namespace std::chrono_literals;

class ColdWorkerTest : public actor_fixture {
 protected:
  std::shared_ptr<memory_database> database =
      std::make_shared<memory_database>([] { return std::int64_t{0}; });
  cold_worker_actor subject = own(
      sys().spawn(cold_worker, std::make_shared<std::unique_ptr<truth_store>>(
                                   std::make_unique<memory_store>(database))));
};

TEST_F(ColdWorkerTest, AnswersInTheOrderOfTheKeys) {
  database->put({"t", "b"}, "2");
  auto found = request(subject, 1s, get_atom::value,
                       std::vector<key>{{"t", "a"}, {"t", "b"}});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 2u);
  EXPECT_FALSE(found->at(0).value);
  ASSERT_TRUE(found->at(1).value);
  EXPECT_EQ(found->at(1).value->content(), "2");
  auto revisions =
      request(subject, 1s, verify_atom::value, std::vector<key>{{"t", "b"}});
  ASSERT_TRUE(revisions);
  EXPECT_FALSE(revisions->at(0).value);
  EXPECT_EQ(revisions->at(0).info, found->at(1).info);
}

TEST_F(ColdWorkerTest, TellsEachWriteItsOwnOutcome) {
  write_request put;
  put.key = {"t", "a"};
  put.content = "{}";
  auto unexpected = put;
  unexpected.expected_revision = 99;
  auto done = request(subject, 1s, write_atom::value,
                      std::vector<write_request>{put, unexpected});
  ASSERT_TRUE(done);
  EXPECT_FALSE(done->at(0).failure);
  EXPECT_GT(done->at(0).info.revision, 0);
  EXPECT_EQ(code_of(done->at(1).failure), ec::revision_conflict);
}

TEST_F(ColdWorkerTest, SaysWhyTheStoreFailed) {
  database->set_available(false);
  auto found =
      request(subject, 1s, get_atom::value, std::vector<key>{{"t", "a"}});
  ASSERT_FALSE(found);
  EXPECT_EQ(code_of(found.error()), ec::unavailable);
  auto counted = request(subject, 1s, usage_atom::value,
                         std::vector<usage>{{{"t", "a"}, 1}});
  EXPECT_FALSE(counted);
  database->set_available(true);
  EXPECT_TRUE(request(subject, 1s, list_atom::value, std::string{"t"},
                      std::uint32_t{5}, std::string{}));
}

}  // namespace

}  // namespace larder::test
