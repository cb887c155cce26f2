#include "config/rules.hpp"

#include "config/load.hpp"
#include "temporary_directory.hpp"

#include <gtest/gtest.h>

namespace larder::config {

namespace {

using flags = std::vector<std::pair<std::string, std::string>>;

std::string refusal(flags given) {
  sources from;
  from.flags = std::move(given);
  const auto loaded = load(from);
  return loaded ? "accepted" : loaded.error().message;
}

}  // namespace

TEST(RulesTest, WantsFencesMoreOftenThanTheyExpire) {
  EXPECT_EQ(refusal({{"coherence.fence_interval", "2s"}}),
            "coherence.fence_interval is 2s (command line) and "
            "coherence.fence_max_age is 2s; expected the interval to be "
            "shorter, or no fence is ever young");
}

TEST(RulesTest, WantsALeaseToBeRenewedBeforeItEnds) {
  EXPECT_EQ(refusal({{"coherence.relay_interval", "100ms"},
                     {"coherence.lease_ttl", "100ms"}}),
            "coherence.relay_interval is 100ms (command line) and "
            "coherence.lease_ttl is 100ms (command line); expected the "
            "interval to be shorter, or a living relay is succeeded");
}

TEST(RulesTest, WantsFloorsToOutliveEveryFill) {
  EXPECT_EQ(refusal({{"coherence.floor_ttl", "1m"}}),
            "limits.max_deadline is 1m and coherence.floor_ttl is 1m (command "
            "line); expected the deadline to be shorter, or a slow read brings "
            "an old value back");
}

TEST(RulesTest, WantsTheDefaultDeadlineWithinTheLongest) {
  EXPECT_EQ(refusal({{"limits.max_deadline", "1s"}}),
            "limits.default_deadline is 2s and limits.max_deadline is 1s "
            "(command line); expected the default to be no longer");
}

TEST(RulesTest, WantsAnEntryForEveryShard) {
  EXPECT_EQ(refusal({{"memory.max_entries", "3"}}),
            "memory.shards is 4 and memory.max_entries is 3 (command line); "
            "expected an entry a shard at least");
  EXPECT_EQ(refusal({{"memory.max_entries", "4"}}), "accepted");
}

TEST(RulesTest, WantsOneWayToAuthenticate) {
  temporary_directory directory;
  const auto file = directory.write("f", "x");
  const auto tail = std::string("; expected one way to authenticate");
  EXPECT_EQ(refusal({{"nats.user", "u"}, {"nats.token", "t"}}),
            "nats.user is u (command line) and nats.token is *** (command "
            "line)"
                + tail);
  EXPECT_EQ(refusal({{"nats.creds_file", file}, {"nats.user", "u"}}),
            "nats.creds_file is " + file
                + " (command line) and nats.user is u (command line)" + tail);
  EXPECT_EQ(refusal({{"nats.nkey_seed_file", file}, {"nats.token", "t"}}),
            "nats.nkey_seed_file is " + file
                + " (command line) and nats.token is *** (command line)"
                + tail);
  // A bare JWT and its seed in a file of its own are one way.
  EXPECT_EQ(refusal({{"nats.creds_file", file}, {"nats.nkey_seed_file", file}}),
            "accepted");
}

TEST(RulesTest, WantsAUserWithThePassword) {
  EXPECT_EQ(refusal({{"nats.password", "hunter2"}}),
            "nats.password is *** (command line) and nats.user is not set; "
            "expected a user with the password");
}

TEST(RulesTest, WantsACertificateAndItsKeyTogether) {
  temporary_directory directory;
  const auto file = directory.write("f", "x");
  EXPECT_EQ(refusal({{"nats.tls_cert_file", file}}),
            "nats.tls_cert_file is " + file
                + " (command line) and nats.tls_key_file is not set; expected "
                  "both or neither");
  EXPECT_NE(refusal({{"nats.tls_key_file", file}}), "accepted");
  EXPECT_EQ(
      refusal({{"nats.tls_cert_file", file}, {"nats.tls_key_file", file}}),
      "accepted");
}

TEST(RulesTest, WantsEveryNamedFileToBeReadable) {
  for (const std::string name :
       {"nats.creds_file", "nats.nkey_seed_file", "nats.tls_ca_file"})
    EXPECT_EQ(refusal({{name, "/nowhere/x"}}),
              name
                  + " (command line): cannot read /nowhere/x: No such file or "
                    "directory");
}

}  // namespace larder::config
