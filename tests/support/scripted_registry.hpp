// A registry without a network: answers by URL, a clock that only waiting
// moves, and a list of what was asked.
//
// Used by the tests of the collectors. Thread rule: one thread.
#pragma once

#include "storage/error.hpp"
#include "storage/package_collector.hpp"

#include <chrono>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace larder::test {

class scripted_registry {
 public:
  using answer = caf::expected<http_response>;

  /// From now on.
  void serve(const std::string& url, std::string body, std::string etag = {}) {
    http_response response;
    response.status = 200;
    response.body = std::move(body);
    response.etag = std::move(etag);
    bodies[url] = std::move(response);
  }
  void serve_type(const std::string& url, std::string type) {
    bodies[url].content_type = std::move(type);
  }
  void forget(const std::string& url) { bodies.erase(url); }
  /// Before anything that is served, each once.
  void then(answer next) { next_.push_back(std::move(next)); }
  void then_status(int status, std::optional<std::chrono::seconds> after = {}) {
    http_response response;
    response.status = status;
    response.retry_after = after;
    then(std::move(response));
  }

  collector_world world() {
    collector_world result;
    result.get = [this](const http_request& request) { return get(request); };
    result.time.now = [this] { return now; };
    result.time.wait_until = [this](auto at) {
      now = std::max(now, at);
      return true;
    };
    result.time.chance = [] { return 1.0; };
    result.surroundings.variable = [](const std::string&) {
      return std::optional<std::string>{};
    };
    result.surroundings.file = result.surroundings.variable;
    result.gates = std::make_shared<registry_gates>(1'000);
    result.clock = [this] { return wall + (now - started); };
    return result;
  }

  std::map<std::string, http_response> bodies;
  std::vector<http_request> asked;
  std::chrono::steady_clock::time_point started{std::chrono::hours{1}};
  std::chrono::steady_clock::time_point now = started;
  std::chrono::system_clock::time_point wall{std::chrono::hours{480'000}};

 private:
  answer get(const http_request& request) {
    asked.push_back(request);
    if (!next_.empty()) {
      auto first = std::move(next_.front());
      next_.pop_front();
      return first;
    }
    auto found = bodies.find(request.url);
    http_response missing;
    missing.status = 404;
    if (found == bodies.end())
      return missing;
    auto response = found->second;
    response.url = request.url;
    response.wire_bytes = response.body.size();
    for (auto& line : request.headers)
      if (!response.etag.empty() && line == "If-None-Match: " + response.etag) {
        response.status = 304;
        response.body.clear();
      }
    if (response.body.size() > request.max_bytes)
      return fail(ec::too_large, "too large");
    return response;
  }

  std::deque<answer> next_;
};

}  // namespace larder::test
