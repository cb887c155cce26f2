#include "node/cli/command_line.hpp"

#include "node/cli/exit_code.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace larder::cli {

namespace {

using namespace std::chrono_literals;

// A command with one of everything.
class CommandLineTest : public testing::Test {
 protected:
  CommandLineTest() {
    auto get = line_.add("get", "Print a value.", "Templates");
    get.required("TYPE", type_, "its type")
        .required("ID", id_, "its id")
        .option("--node", node_, "ask this node")
        .option("--min-revision", revision_, "at least this")
        .option("--timeout", timeout_, "how long")
        .option("--tags", tags_, "tags")
        .repeated("--set", set_, "settings")
        .flag("--json", json_, "as JSON")
        .example("  larder get framework phoenix")
        .action([this] {
          ++ran_;
          return 42;
        });
    line_.add("list", "List.", "Templates").action([] { return 0; });
    auto config = line_.add("config", "Configuration.", "Operators");
    config.child("check", "Check it.").action([] { return 7; });
  }

  int run(std::vector<std::string> arguments) {
    out_.str("");
    err_.str("");
    return line_.run(arguments, out_, err_);
  }

  std::string type_;
  std::string id_;
  std::string node_;
  std::optional<std::int64_t> revision_;
  std::chrono::milliseconds timeout_{2'000};
  std::vector<std::string> tags_;
  std::vector<std::string> set_;
  bool json_ = false;
  int ran_ = 0;
  std::ostringstream out_;
  std::ostringstream err_;
  command_line line_{"larder 1.2.3"};
};

TEST_F(CommandLineTest, RunsTheCommandThatWasNamedWithItsArguments) {
  EXPECT_EQ(run({"get", "framework", "phoenix", "--node", "n1",
                 "--min-revision", "9007199254740993", "--timeout", "250ms",
                 "--tags", "a,b", "--tags", "c", "--json"}),
            42);
  EXPECT_EQ(type_, "framework");
  EXPECT_EQ(id_, "phoenix");
  EXPECT_EQ(node_, "n1");
  EXPECT_EQ(revision_, 9'007'199'254'740'993);
  EXPECT_EQ(timeout_, 250ms);
  EXPECT_EQ(tags_, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(json_);
  EXPECT_EQ(ran_, 1);
}

TEST_F(CommandLineTest, LeavesTheArgumentsAfterAListAlone) {
  EXPECT_EQ(run({"get", "--tags", "a", "framework", "--set", "x=1,2", "phoenix",
                 "--set", "y=[3]"}),
            42);
  EXPECT_EQ(tags_, (std::vector<std::string>{"a"}));
  EXPECT_EQ(set_, (std::vector<std::string>{"x=1,2", "y=[3]"}));
  EXPECT_EQ(id_, "phoenix");
}

TEST_F(CommandLineTest, LeavesDefaultsAlone) {
  EXPECT_EQ(run({"get", "framework", "phoenix"}), 42);
  EXPECT_EQ(revision_, std::nullopt);
  EXPECT_EQ(timeout_, 2s);
}

TEST_F(CommandLineTest, TakesIdsThatLookLikeSomethingElse) {
  EXPECT_EQ(run({"get", "list", "config"}), 42);
  EXPECT_EQ(id_, "config");
  EXPECT_EQ(run({"get", "npm", "[a]"}), 42);
  EXPECT_EQ(id_, "[a]");
  EXPECT_EQ(run({"get", "npm", "@nats-io/kv"}), 42);
  EXPECT_EQ(id_, "@nats-io/kv");
  EXPECT_EQ(run({"get", "--", "npm", "--json"}), 42);
  EXPECT_EQ(id_, "--json");
}

TEST_F(CommandLineTest, RunsACommandBelowACommand) {
  EXPECT_EQ(run({"config", "check"}), 7);
}

TEST_F(CommandLineTest, SaysUsageForWhatItDoesNotUnderstand) {
  for (auto& wrong : std::vector<std::vector<std::string>>{
           {},
           {"fetch"},
           {"get"},
           {"get", "framework"},
           {"get", "framework", "phoenix", "more"},
           {"get", "framework", "phoenix", "--nodes", "n1"},
           {"get", "framework", "phoenix", "--min-revision", "x"},
           {"get", "framework", "phoenix", "--timeout", "soon"},
           {"get", "framework", "phoenix", "--timeout", "0s"},
           {"config"}}) {
    EXPECT_EQ(run(wrong), exit_usage);
    EXPECT_FALSE(err_.str().empty());
    EXPECT_TRUE(out_.str().empty());
  }
  EXPECT_EQ(ran_, 0);
}

TEST_F(CommandLineTest, NamesTheWordThatItDoesNotKnow) {
  for (auto& wrong :
       std::vector<std::vector<std::string>>{{"explode"},
                                             {"config", "explode"},
                                             {"get", "--explode"},
                                             {"get", "a", "b", "explode"}}) {
    EXPECT_EQ(run(wrong), exit_usage);
    EXPECT_NE(err_.str().find("explode"), std::string::npos) << err_.str();
  }
}

TEST_F(CommandLineTest, ShowsHelpWithAnExampleAndRunsNothing) {
  EXPECT_EQ(run({"get", "--help"}), exit_done);
  EXPECT_NE(out_.str().find("larder get framework phoenix"), std::string::npos);
  EXPECT_NE(out_.str().find("--min-revision"), std::string::npos);
  EXPECT_EQ(ran_, 0);
}

TEST_F(CommandLineTest, ListsItsCommandsAndExitCodes) {
  EXPECT_EQ(run({"--help"}), exit_done);
  EXPECT_NE(out_.str().find("get"), std::string::npos);
  EXPECT_NE(out_.str().find("Operators"), std::string::npos);
  EXPECT_NE(out_.str().find("69 unavailable"), std::string::npos);
}

TEST_F(CommandLineTest, SaysItsVersion) {
  EXPECT_EQ(run({"--version"}), exit_done);
  EXPECT_EQ(out_.str(), "larder 1.2.3\n");
}

}  // namespace

}  // namespace larder::cli
