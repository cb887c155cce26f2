// The rules of the house that no compiler knows, as questions to the source
// tree: which way includes point, where each library is seen, which lists know
// a source, what a test mirrors.
//
// Used by tests/tidy_test.cpp, which tries every rule on the tree and on a
// planted offence. Thread rule: one thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace larder::tidy {

/// Paths, relative to the source tree, and what the files hold.
using tree = std::map<std::string, std::string>;
/// "path:line: what is wrong", one each.
using findings = std::vector<std::string>;

/// Everything under `root` that people write; neither what is built nor what is
/// installed.
tree read_tree(const std::string& root);

/// Each folder may include itself and those below it, and no tests.
findings includes_that_point_the_wrong_way(const tree& t);

/// Each library is included in its one place alone.
findings libraries_out_of_place(const tree& t);

/// Every .cpp stands in the CMakeLists.txt of its folder, or of one above.
findings sources_without_a_list(const tree& t);

/// tests/<folder>/<stem>_test.cpp needs <folder>/<stem>; a stem may be followed
/// by what the test is about: hot_cache_stress_test.cpp.
findings tests_without_a_source(const tree& t);

/// At most 400 lines.
findings files_too_long(const tree& t);

/// A sleep stands in for an event. What waits for servers does it in one place,
/// tests/support.
findings sleeps_in_tests(const tree& t);

findings folders_without_a_name(const tree& t);
findings unfinished_marks(const tree& t);

/// What it is, who uses it; then #pragma once.
findings headers_that_do_not_introduce_themselves(const tree& t);

}  // namespace larder::tidy
