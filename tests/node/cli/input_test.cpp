#include "node/cli/input.hpp"

#include "storage/error.hpp"
#include "tests/support/scratch_directory.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace larder::cli {

namespace {

std::string complaint(const std::string& path) {
  auto read = read_input(path);
  if (read)
    return {};
  EXPECT_EQ(code_of(read.error()), ec::invalid_request);
  return message_of(read.error());
}

}  // namespace

TEST(InputTest, ReadsEveryByteOfAFile) {
  test::scratch_directory scratch;
  auto path = scratch / "file";
  std::string text(200'000, '\0');
  text += "\r\n\xff";
  std::ofstream{path, std::ios::binary} << text;
  EXPECT_EQ(*read_input(path), text);
  EXPECT_EQ(*read_input(path, 70'000), text.substr(0, 70'000));
  std::ofstream{path, std::ios::trunc};
  EXPECT_EQ(*read_input(path), "");
}

// Reading one ended the command with an "internal error".
TEST(InputTest, SaysThatADirectoryIsNoFile) {
  test::scratch_directory scratch;
  auto path = scratch.path();
  EXPECT_EQ(complaint(path),
            path + " is a directory; expected a file, or - for the input");
}

TEST(InputTest, NamesTheFileThatIsNotThere) {
  EXPECT_EQ(complaint("/no/such/file"), "/no/such/file cannot be read");
}

}  // namespace larder::cli
