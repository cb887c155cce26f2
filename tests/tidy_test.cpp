// Every rule of tests/tidy, on the source tree and on an offence that it must
// find, so that it cannot rot.
#include "tests/tidy/rules.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace larder::tidy {

namespace {

const tree& source_tree() {
  static const auto found = read_tree(LARDER_SOURCE_DIR);
  return found;
}

void expect_none(const findings& found) {
  for (auto& f : found)
    ADD_FAILURE() << f;
}

TEST(TidyTest, SeesTheWholeTree) {
  auto& t = source_tree();
  for (std::string folder : {"config/", "storage/", "cluster/", "actors/",
                             "node/", "tests/support/"})
    EXPECT_TRUE(std::any_of(t.begin(), t.end(),
                            [&](auto& f) {
                              return f.first.starts_with(folder)
                                     && f.first.ends_with(".cpp");
                            }))
        << "no sources in " << folder;
  EXPECT_EQ(t.count("tests/tidy_test.cpp"), 1u);
  EXPECT_EQ(t.count("CMakeLists.txt"), 1u);
}

TEST(TidyTest, IncludesPointOneWay) {
  expect_none(includes_that_point_the_wrong_way(source_tree()));
}

TEST(TidyTest, FindsAnIncludeThatPointsTheWrongWay) {
  EXPECT_EQ(includes_that_point_the_wrong_way({
                {"storage/a.cpp", "// A.\n#include \"actors/shard.hpp\"\n"},
                {"cluster/a.cpp", "#include \"tests/support/wire.hpp\"\n"},
                {"node/a.cpp", "#include \"storage/a.hpp\"\n#include <vector>"},
            }),
            (findings{"cluster/a.cpp:1: includes tests/support/wire.hpp; "
                      "includes point node -> actors -> cluster -> storage -> "
                      "config",
                      "storage/a.cpp:2: includes actors/shard.hpp; includes "
                      "point node -> actors -> cluster -> storage -> config"}));
}

TEST(TidyTest, LibrariesStayInTheirPlaces) {
  expect_none(libraries_out_of_place(source_tree()));
}

TEST(TidyTest, FindsALibraryOutOfItsPlace) {
  auto at_line_two = [](const std::string& path, const std::string& include) {
    auto found =
        libraries_out_of_place({{path, "// A.\n#include <" + include + ">\n"}});
    return found.size() == 1 && found[0].starts_with(path + ":2: includes");
  };
  EXPECT_TRUE(at_line_two("storage/postgres_store.cpp", "pqxx/pqxx"));
  EXPECT_TRUE(at_line_two("cluster/jetstream_log.cpp", "nats/nats.h"));
  EXPECT_TRUE(at_line_two("storage/jetstream_kv.cpp", "nats.h"));
  EXPECT_TRUE(at_line_two("node/node.cpp", "yaml-cpp/yaml.h"));
  EXPECT_TRUE(at_line_two("actors/shard.hpp", "caf/all.hpp"));
  EXPECT_TRUE(at_line_two("actors/packages.cpp", "rocksdb/db.h"));
  EXPECT_FALSE(at_line_two("storage/postgres_session.cpp", "pqxx/pqxx"));
  EXPECT_FALSE(at_line_two("storage/nats_handles.hpp", "nats/nats.h"));
  EXPECT_FALSE(at_line_two("storage/rocks_database.cpp", "rocksdb/db.h"));
  EXPECT_EQ(
      libraries_out_of_place({{"storage/a.cpp", "#include <curl/curl.h>"},
                              {"storage/b.cpp", "#include <curl/curl.h>"}})
          .size(),
      1u);
}

TEST(TidyTest, EverySourceIsInItsList) {
  expect_none(sources_without_a_list(source_tree()));
}

TEST(TidyTest, FindsASourceThatIsInNoList) {
  EXPECT_EQ(sources_without_a_list({
                {"node/CMakeLists.txt", "  cli/get.cpp\n  control.cpp\n"},
                {"node/cli/get.cpp", ""},
                {"node/cli/put.cpp", ""},
                {"node/control.cpp", ""},
                {"node/trol.cpp", ""},
            }),
            (findings{"node/cli/put.cpp:1: is in no CMakeLists.txt of its "
                      "folder",
                      "node/trol.cpp:1: is in no CMakeLists.txt of its "
                      "folder"}));
}

TEST(TidyTest, EveryTestMirrorsASource) {
  expect_none(tests_without_a_source(source_tree()));
}

TEST(TidyTest, FindsATestOfNothing) {
  EXPECT_EQ(tests_without_a_source({
                {"storage/key.hpp", ""},
                {"node/cli/get.cpp", ""},
                {"tests/support/fake.hpp", ""},
                {"tests/storage/key_test.cpp", ""},
                {"tests/storage/key_stress_test.cpp", ""},
                {"tests/storage/keys_test.cpp", ""},
                {"tests/storage/fake_test.cpp", ""},
                {"tests/node/cli/get_test.cpp", ""},
                {"tests/node/get_test.cpp", ""},
                {"tests/simulation/anything_test.cpp", ""},
                {"tests/tree_test.cpp", ""},
            }),
            (findings{"tests/node/get_test.cpp:1: mirrors no source: neither "
                      "node/get.cpp nor node/get.hpp exists",
                      "tests/storage/keys_test.cpp:1: mirrors no source: "
                      "neither storage/keys.cpp nor storage/keys.hpp exists"}));
}

TEST(TidyTest, FilesAreShort) {
  expect_none(files_too_long(source_tree()));
}

TEST(TidyTest, FindsAFileThatIsTooLong) {
  EXPECT_EQ(files_too_long({{"node/a.cpp", std::string(400, '\n')},
                            {"node/b.cpp", std::string(401, '\n')},
                            {"README.md", std::string(500, '\n')}}),
            (findings{"node/b.cpp:401: has 401 lines; a file is about one "
                      "thing, in at most 400"}));
}

TEST(TidyTest, TestsDoNotSleep) {
  expect_none(sleeps_in_tests(source_tree()));
}

TEST(TidyTest, FindsATestThatSleeps) {
  auto line = std::string{"\n  std::this_thread::sleep"} + "_for(1s);\n";
  EXPECT_EQ(sleeps_in_tests({{"tests/node/a_test.cpp", line},
                             {"tests/chaos/a_test.cpp", line},
                             {"node/a.cpp", line}}),
            findings{"tests/node/a_test.cpp:2: sleeps; wait for the event"});
}

TEST(TidyTest, FoldersHaveNames) {
  expect_none(folders_without_a_name(source_tree()));
}

TEST(TidyTest, FindsAFolderWithoutAName) {
  EXPECT_EQ(folders_without_a_name({{"storage/util/strings.hpp", ""},
                                    {"common/a.hpp", ""},
                                    {"storage/base.hpp", ""},
                                    {"node/cli/a.cpp", ""}}),
            (findings{"common:1: a thing without a name has no place",
                      "storage/util:1: a thing without a name has no place"}));
}

TEST(TidyTest, NothingIsMarkedAsUnfinished) {
  expect_none(unfinished_marks(source_tree()));
}

TEST(TidyTest, FindsAnUnfinishedMark) {
  auto mark = std::string{"TO"} + "DO";
  EXPECT_EQ(unfinished_marks(
                {{"node/a.cpp", "\nint a;  // " + mark + ": b\n"},
                 {"node/b.cpp", "larder-" + mark + "X " + mark + "_list"}}),
            findings{"node/a.cpp:2: " + mark + ": finish it"});
}

TEST(TidyTest, HeadersIntroduceThemselves) {
  expect_none(headers_that_do_not_introduce_themselves(source_tree()));
}

TEST(TidyTest, FindsAHeaderThatDoesNot) {
  EXPECT_EQ(headers_that_do_not_introduce_themselves(
                {{"node/a.hpp", "// A thing.\n#pragma once\n"},
                 {"node/b.hpp", "#pragma once\n"},
                 {"node/c.hpp", "// A thing.\nint x;\n"}})
                .size(),
            2u);
}

}  // namespace

}  // namespace larder::tidy
