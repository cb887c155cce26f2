#include "node/http_plane.hpp"

#include "storage/error.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <string>

namespace larder {

namespace {

int connect_to(std::uint16_t port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

// Another program's view: what comes over the socket, and nothing else.
std::string ask(std::uint16_t port, const std::string& first_line) {
  int fd = connect_to(port);
  if (fd < 0)
    return "no connection";
  auto request = first_line + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  EXPECT_EQ(write(fd, request.data(), request.size()),
            static_cast<ssize_t>(request.size()));
  std::string reply;
  char block[4096];
  for (ssize_t n; (n = read(fd, block, sizeof block)) > 0;)
    reply.append(block, static_cast<std::size_t>(n));
  close(fd);
  return reply;
}

bool begins(const std::string& reply, const std::string& status) {
  return reply.starts_with("HTTP/1.1 " + status);
}

std::string body_of(const std::string& reply) {
  return reply.substr(reply.find("\r\n\r\n") + 4);
}

config::http_settings any_port() {
  config::http_settings settings;
  settings.port = 0;
  return settings;
}

class HttpPlaneTest : public testing::Test {
 protected:
  void SetUp() override {
    auto started = plane_.start(any_port());
    ASSERT_TRUE(started) << message_of(started.error());
    port_ = *started;
  }

  std::atomic<bool> alive_{true};
  std::atomic<bool> ready_{true};
  http_plane plane_{{[this] { return alive_.load(); },
                     [this] {
                       return http_plane::readiness{ready_, R"({"nats":"up"})"};
                     },
                     [] { return std::string{"larder_up 1\n"}; }}};
  std::uint16_t port_ = 0;
};

TEST_F(HttpPlaneTest, SaysThatTheProcessLives) {
  EXPECT_TRUE(begins(ask(port_, "GET /healthz"), "200"));
  alive_ = false;
  EXPECT_TRUE(begins(ask(port_, "GET /healthz"), "503"));
}

TEST_F(HttpPlaneTest, SaysWhetherTheNodeMayServeAndWhy) {
  auto reply = ask(port_, "GET /readyz");
  EXPECT_TRUE(begins(reply, "200"));
  EXPECT_EQ(body_of(reply), "{\"nats\":\"up\"}\n");
  ready_ = false;
  reply = ask(port_, "GET /readyz");
  EXPECT_TRUE(begins(reply, "503"));
  EXPECT_EQ(body_of(reply), "{\"nats\":\"up\"}\n");
}

TEST_F(HttpPlaneTest, ServesTheMetricsInPrometheusFormat) {
  auto reply = ask(port_, "GET /metrics");
  EXPECT_TRUE(begins(reply, "200"));
  EXPECT_NE(reply.find("text/plain; version=0.0.4"), std::string::npos);
  EXPECT_EQ(body_of(reply), "larder_up 1\n");
}

TEST_F(HttpPlaneTest, AnswersHeadWithoutABody) {
  auto reply = ask(port_, "HEAD /healthz");
  EXPECT_TRUE(begins(reply, "200"));
  EXPECT_EQ(body_of(reply), "");
}

TEST_F(HttpPlaneTest, NamesItsPathsToWhoAsksForAnother) {
  auto reply = ask(port_, "GET /other\"path");
  EXPECT_TRUE(begins(reply, "404"));
  EXPECT_NE(reply.find("application/json"), std::string::npos);
  EXPECT_TRUE(body_of(reply).starts_with(R"({"error":"not_found")"));
  EXPECT_NE(reply.find("/readyz"), std::string::npos);
}

TEST_F(HttpPlaneTest, RefusesAPortThatIsTakenAndNamesIt) {
  http_plane second{{[] { return true; },
                     [] { return http_plane::readiness{}; },
                     [] { return std::string{}; }}};
  config::http_settings settings;
  settings.port = port_;
  auto started = second.start(settings);
  ASSERT_FALSE(started);
  EXPECT_EQ(code_of(started.error()), ec::configuration);
  EXPECT_NE(message_of(started.error()).find(std::to_string(port_)),
            std::string::npos);
  EXPECT_TRUE(begins(ask(port_, "GET /healthz"), "200"));
}

TEST_F(HttpPlaneTest, StopsSoonThoughAConnectionStaysOpen) {
  int idle = connect_to(port_);
  ASSERT_GE(idle, 0);
  ASSERT_TRUE(begins(ask(port_, "GET /healthz"), "200"));
  auto began = std::chrono::steady_clock::now();
  plane_.stop();
  auto took = std::chrono::steady_clock::now() - began;
  close(idle);
  EXPECT_LT(took, std::chrono::milliseconds{2'500});
  EXPECT_LT(connect_to(port_), 0);
}

TEST_F(HttpPlaneTest, ServesOthersWhileOneConnectionSaysNothing) {
  int idle = connect_to(port_);
  ASSERT_GE(idle, 0);
  EXPECT_TRUE(begins(ask(port_, "GET /healthz"), "200"));
  close(idle);
}

}  // namespace

}  // namespace larder
