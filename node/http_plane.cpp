#include "node/http_plane.hpp"

#include "node/exposition.hpp"
#include "storage/error.hpp"
#include "storage/json.hpp"

#include <httplib.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

namespace larder {

namespace {

constexpr const char* json_type = "application/json";

std::string not_found_body(const std::string& path) {
  std::string body{R"({"error":"not_found","message":)"};
  append_json_string(body, path
                               + " is not served here; there are /healthz, "
                                 "/readyz and /metrics");
  return body + "}\n";
}

// The library asks for SO_REUSEPORT, with which two nodes would share one port
// and neither would notice.
void reuse_address_only(int socket) {
  int on = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

}  // namespace

struct http_plane::server {
  sources from;
  httplib::Server http;
  std::thread thread;
  std::atomic<bool> ended{false};

  explicit server(sources s) : from(std::move(s)) {
    // These threads sleep until a connection comes.
    http.new_task_queue = [] { return new httplib::ThreadPool(2); };
    http.set_socket_options(reuse_address_only);
    // One request a connection: a kept one is polled by the library a hundred
    // times a second, and delays the stop.
    http.set_keep_alive_max_count(1);
    http.set_keep_alive_timeout(1);
    http.set_read_timeout(1);
    http.set_write_timeout(1);
    http.set_payload_max_length(1024);
    http.Get("/healthz", [this](auto&, auto& reply) {
      auto alive = from.alive();
      reply.status = alive ? 200 : 503;
      reply.set_content(alive ? "{\"alive\":true}\n" : "{\"alive\":false}\n",
                        json_type);
    });
    http.Get("/readyz", [this](auto&, auto& reply) {
      auto state = from.ready();
      reply.status = state.ready ? 200 : 503;
      reply.set_content(state.body + "\n", json_type);
    });
    http.Get("/metrics", [this](auto&, auto& reply) {
      reply.set_content(from.metrics(), exposition_content_type);
    });
    http.set_error_handler(
        [](const httplib::Request& request, httplib::Response& reply) {
          if (reply.status == 404 && reply.body.empty())
            reply.set_content(not_found_body(request.path), json_type);
        });
  }
};

http_plane::http_plane(sources from)
    : server_(std::make_unique<server>(std::move(from))) {}

http_plane::~http_plane() {
  stop();
}

caf::expected<std::uint16_t>
http_plane::start(const config::http_settings& settings) {
  auto& http = server_->http;
  int port = settings.port;
  errno = 0;
  bool bound = true;
  if (port == 0) {
    port = http.bind_to_any_port(settings.host);
    bound = port > 0;
  } else {
    bound = http.bind_to_port(settings.host, port);
  }
  if (!bound) {
    // The library keeps the reason to itself; errno is the best there is.
    auto why = errno != 0 ? std::strerror(errno) : "the address is not usable";
    return fail(ec::configuration,
                "cannot serve HTTP on " + settings.host + ":"
                    + std::to_string(settings.port) + ": " + why
                    + "; free the port or set http.port to another (0: any)");
  }
  server_->thread = std::thread{[s = server_.get()] {
    s->http.listen_after_bind();
    s->ended = true;
  }};
  // A stop before the thread listens would be lost.
  while (!http.is_running() && !server_->ended)
    std::this_thread::yield();
  return static_cast<std::uint16_t>(port);
}

void http_plane::stop() {
  if (!server_->thread.joinable())
    return;
  server_->http.stop();
  server_->thread.join();
}

}  // namespace larder
