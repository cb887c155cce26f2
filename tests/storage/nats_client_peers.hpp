// What the tests of the NATS client stand on: a client of a server, a service
// that echoes, and why a connection is refused.
//
// Used by tests/storage/nats_client_*test.cpp. Thread rule: any thread.
#pragma once

#include "storage/error.hpp"
#include "storage/nats_client.hpp"
#include "tests/support/nats_server.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>

namespace larder::test {

using namespace std::chrono_literals;

/// Throws when there is no connection.
inline std::shared_ptr<nats::client> connected_to(const nats_server& server) {
  auto c = nats::client::connect_now(server.settings(), "test");
  if (!c)
    throw std::runtime_error(message_of(c.error()));
  return *c;
}

/// Answers every request with its own body and headers' count.
inline nats::subscription echo(nats::client& on, const std::string& subject) {
  auto s = on.subscribe(subject, {}, [&on](nats::message m) {
    on.publish(std::string{m.reply()},
               {{"Seen", std::string{m.header("Ask").value_or("none")}}},
               m.data());
  });
  EXPECT_TRUE(s);
  EXPECT_TRUE(on.flush(2s));
  return std::move(*s);
}

/// "connected", or the sentence that says why not.
inline std::string refusal(const config::nats_settings& settings) {
  auto c = nats::client::connect_now(settings, "test");
  return c ? "connected" : message_of(c.error());
}

}  // namespace larder::test
