#include "node/cli/remote.hpp"

#include "storage/error.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace larder::cli {

namespace {

// A port that is ours and on which nobody listens.
class closed_port {
 public:
  closed_port() : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&at), size), 0);
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size), 0);
    number_ = ntohs(at.sin_port);
  }
  ~closed_port() { close(fd_); }
  std::string number() const { return std::to_string(number_); }

 private:
  int fd_;
  std::uint16_t number_ = 0;
};

TEST(RemoteTest, SaysUnavailableWhereNobodyListens) {
  closed_port port;
  client_options options;
  options.nats_url = "nats://me:secret@127.0.0.1:" + port.number();
  auto there = remote::open(options);
  ASSERT_FALSE(there);
  EXPECT_EQ(code_of(there.error()), ec::unavailable);
  auto message = message_of(there.error());
  EXPECT_NE(message.find(port.number()), std::string::npos) << message;
  EXPECT_EQ(message.find("secret"), std::string::npos) << message;
}

TEST(RemoteTest, SaysConfigurationForWhatIsNoUrl) {
  client_options options;
  options.nats_url = "http://127.0.0.1:1";
  auto there = remote::open(options);
  ASSERT_FALSE(there);
  EXPECT_EQ(code_of(there.error()), ec::configuration);
}

TEST(RemoteTest, SaysConfigurationForACredentialsFileThatIsNotThere) {
  client_options options;
  options.nats_url = "nats://127.0.0.1:1";
  options.nats_creds = "/nowhere/user.creds";
  auto there = remote::open(options);
  ASSERT_FALSE(there);
  EXPECT_EQ(code_of(there.error()), ec::configuration);
}

}  // namespace

}  // namespace larder::cli
