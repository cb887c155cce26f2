// One GET over HTTP, with everything bounded that a server decides: the bytes
// of the body as it is after decompression, the header, the redirects, the
// time. The one place that knows libcurl.
//
// Used by registry_client.cpp. Thread rule: one object a thread; `stop` may be
// set from any. No call throws.
#pragma once

#include <caf/expected.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

struct http_request {
  std::string url;
  /// "Name: value"; a credential does not follow a redirect to another host.
  std::vector<std::string> headers;
  /// Of the body, decompressed.
  std::uint64_t max_bytes = 32ull << 20;
  std::chrono::milliseconds timeout{30'000};
  /// The body as the server has it: archives are compressed themselves, and
  /// what a server then calls a compression of the transfer is the file's own.
  bool as_it_is = false;
};

struct http_response {
  int status = 0;
  std::string body;
  std::string content_type;
  /// The validators of the answer, for the next conditional request.
  std::string etag;
  std::string last_modified;
  /// Where it came from in the end.
  std::string url;
  /// From now on: what the server asked for.
  std::optional<std::chrono::seconds> retry_after;
  /// As they came over the wire, compressed.
  std::uint64_t wire_bytes = 0;
};

class registry_http {
 public:
  struct limits {
    std::uint32_t redirects = 5;
    std::uint64_t header_bytes = 64ull << 10;
    std::chrono::milliseconds connect_timeout{5'000};
    /// Less than a byte a second for so long is no answer.
    std::chrono::seconds stall{15};
  };

  /// `user_agent` names the product and its version. `stop`: a transfer ends
  /// soon after it is true.
  registry_http(std::string user_agent,
                std::shared_ptr<const std::atomic<bool>> stop, limits l);
  registry_http(std::string user_agent,
                std::shared_ptr<const std::atomic<bool>> stop);
  ~registry_http();
  registry_http(const registry_http&) = delete;
  registry_http& operator=(const registry_http&) = delete;

  /// The answer, whatever its status, after redirects. Fails with `too_large`
  /// (the body, the header), `invalid_request` (no such URL, more redirects
  /// than are followed, a redirect from https to http), `deadline_exceeded`,
  /// and `unavailable` for all that a later try may mend.
  caf::expected<http_response> get(const http_request& request);

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

/// Seconds in "120"; from `now` on for an HTTP date. Nothing if it is neither.
std::optional<std::chrono::seconds>
parse_retry_after(std::string_view text,
                  std::chrono::system_clock::time_point now);

/// The URL without a user and password in it.
std::string without_login(std::string_view url);

/// `relative` as a link on the page `base`; nothing if one of them is no URL.
std::optional<std::string> resolve_url(const std::string& base,
                                       const std::string& relative);

/// "https://host:8443" of a URL; empty if it has none.
std::string_view origin_of(std::string_view url);

}  // namespace larder
