#include "storage/registry_http.hpp"

#include "storage/error.hpp"
#include "storage/whole_number.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace larder {

namespace {

using std::chrono::seconds;

bool equal_no_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x))
           == std::tolower(static_cast<unsigned char>(y));
  });
}

std::string_view trimmed(std::string_view text) {
  auto space = " \t\r\n";
  auto first = text.find_first_not_of(space);
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

/// One process-wide initialisation, before any thread uses the library.
void initialise() {
  static const auto done = curl_global_init(CURL_GLOBAL_DEFAULT);
  static_cast<void>(done);
}

/// What the callbacks of one transfer see.
struct transfer {
  const http_request* request = nullptr;
  const std::atomic<bool>* stop = nullptr;
  std::uint64_t max_header_bytes = 0;
  std::uint64_t header_bytes = 0;
  http_response response;
  bool body_too_large = false;
  bool header_too_large = false;
  /// The empty line came. Without it the library takes a connection that was
  /// closed for the end of an empty answer.
  bool header_ended = false;
};

std::size_t take_body(char* data, std::size_t, std::size_t size, void* to) {
  auto& t = *static_cast<transfer*>(to);
  if (t.response.body.size() + size > t.request->max_bytes) {
    t.body_too_large = true;
    return 0;
  }
  // An exception must not pass through the library.
  try {
    t.response.body.append(data, size);
  } catch (...) {
    t.body_too_large = true;
    return 0;
  }
  return size;
}

std::size_t take_header(char* data, std::size_t, std::size_t size, void* to) {
  auto& t = *static_cast<transfer*>(to);
  t.header_bytes += size;
  if (t.header_bytes > t.max_header_bytes) {
    t.header_too_large = true;
    return 0;
  }
  std::string_view line{data, size};
  // Each answer of a chain of redirects begins anew; only the last counts.
  if (line.substr(0, 5) == "HTTP/") {
    t.response.etag.clear();
    t.response.last_modified.clear();
    t.response.retry_after.reset();
    t.header_ended = false;
    return size;
  }
  if (trimmed(line).empty())
    t.header_ended = true;
  auto colon = line.find(':');
  if (colon == std::string_view::npos)
    return size;
  auto name = trimmed(line.substr(0, colon));
  auto value = trimmed(line.substr(colon + 1));
  try {
    if (equal_no_case(name, "etag"))
      t.response.etag = value;
    else if (equal_no_case(name, "last-modified"))
      t.response.last_modified = value;
    else if (equal_no_case(name, "retry-after"))
      t.response.retry_after =
          parse_retry_after(value, std::chrono::system_clock::now());
  } catch (...) {
    return 0;
  }
  return size;
}

int keep_going(void* to, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& t = *static_cast<transfer*>(to);
  return t.stop != nullptr && *t.stop ? 1 : 0;
}

}  // namespace

struct registry_http::parts {
  std::string user_agent;
  std::shared_ptr<const std::atomic<bool>> stop;
  registry_http::limits limits;
  /// Keeps its connections from one request to the next.
  CURL* easy = nullptr;
};

registry_http::registry_http(std::string user_agent,
                             std::shared_ptr<const std::atomic<bool>> stop)
    : registry_http(std::move(user_agent), std::move(stop), limits{}) {}

registry_http::registry_http(std::string user_agent,
                             std::shared_ptr<const std::atomic<bool>> stop,
                             limits l)
    : parts_(std::make_unique<parts>()) {
  initialise();
  parts_->user_agent = std::move(user_agent);
  parts_->stop = std::move(stop);
  parts_->limits = l;
  parts_->easy = curl_easy_init();
}

registry_http::~registry_http() {
  curl_easy_cleanup(parts_->easy);
}

namespace {

caf::error failure_of(CURLcode code, const transfer& t, const char* detail,
                      const registry_http::limits& limits) {
  auto url = without_login(t.request->url);
  std::string why = *detail != '\0' ? detail : curl_easy_strerror(code);
  if (t.body_too_large || code == CURLE_FILESIZE_EXCEEDED)
    return fail(ec::too_large, url + " answers with more than "
                                   + std::to_string(t.request->max_bytes)
                                   + " bytes; no more are taken");
  if (t.header_too_large)
    return fail(ec::too_large, url + " answers with a header of more than "
                                   + std::to_string(limits.header_bytes)
                                   + " bytes; no more are taken");
  if (why.find("HTTP/0.9") != std::string::npos)
    return fail(ec::unavailable, url + " does not answer in HTTP");
  switch (code) {
  case CURLE_TOO_MANY_REDIRECTS:
    return fail(ec::invalid_request,
                url + " leads to more than " + std::to_string(limits.redirects)
                    + " redirects, perhaps in a circle; no more are followed");
  case CURLE_UNSUPPORTED_PROTOCOL:
  case CURLE_URL_MALFORMAT:
    return fail(ec::invalid_request,
                url + " or where it leads to is no URL that is taken (" + why
                    + "); expected http or https, and no redirect from https "
                      "to http");
  case CURLE_OPERATION_TIMEDOUT:
    return fail(ec::deadline_exceeded,
                url + " did not answer in time (" + why + ")");
  case CURLE_ABORTED_BY_CALLBACK:
    return fail(ec::unavailable, "the node is stopping");
  default:
    return fail(ec::unavailable, url + " cannot be read: " + why);
  }
}

/// Settings in groups; each call as the library's manual has it.
void set_options(CURL* easy, const http_request& request, transfer& t,
                 const registry_http::limits& limits) {
  auto https = equal_no_case(request.url.substr(0, 6), "https:");
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
#if LIBCURL_VERSION_NUM >= 0x075500
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR,
                   https ? "https" : "http,https");
#endif
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(easy, CURLOPT_MAXREDIRS,
                   static_cast<long>(limits.redirects));
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  // Everything that it can decompress; the caps count what comes out.
  if (!request.as_it_is)
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(limits.connect_timeout.count()));
  curl_easy_setopt(
      easy, CURLOPT_TIMEOUT_MS,
      static_cast<long>(std::max<std::int64_t>(1, request.timeout.count())));
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME,
                   static_cast<long>(limits.stall.count()));
  // Announced to be too long: not even begun.
  curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE,
                   static_cast<curl_off_t>(request.max_bytes));
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &t);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &t);
  curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, keep_going);
  curl_easy_setopt(easy, CURLOPT_XFERINFODATA, &t);
}

}  // namespace

caf::expected<http_response> registry_http::get(const http_request& request) {
  auto easy = parts_->easy;
  if (easy == nullptr)
    return fail(ec::internal, "libcurl could not be initialised");
  transfer t;
  t.request = &request;
  t.stop = parts_->stop.get();
  t.max_header_bytes = parts_->limits.header_bytes;
  std::array<char, CURL_ERROR_SIZE> detail{};
  // Keeps connections, names and TLS sessions.
  curl_easy_reset(easy);
  set_options(easy, request, t, parts_->limits);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, parts_->user_agent.c_str());
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, detail.data());
  curl_slist* lines = nullptr;
  for (auto& line : request.headers)
    lines = curl_slist_append(lines, line.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, lines);
  auto code = curl_easy_perform(easy);
  curl_slist_free_all(lines);
  if (code != CURLE_OK)
    return failure_of(code, t, detail.data(), parts_->limits);
  if (!t.header_ended)
    return fail(ec::unavailable, without_login(request.url)
                                     + " closed the connection in the middle "
                                       "of its answer");
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  t.response.status = static_cast<int>(status);
  const char* text = nullptr;
  if (curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &text) == CURLE_OK
      && text != nullptr)
    t.response.content_type = text;
  if (curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &text) == CURLE_OK
      && text != nullptr)
    t.response.url = text;
  curl_off_t bytes = 0;
  curl_easy_getinfo(easy, CURLINFO_SIZE_DOWNLOAD_T, &bytes);
  t.response.wire_bytes = static_cast<std::uint64_t>(bytes);
  return std::move(t.response);
}

std::optional<seconds>
parse_retry_after(std::string_view text,
                  std::chrono::system_clock::time_point now) {
  text = trimmed(text);
  if (auto count = whole_number<std::uint32_t>(text))
    return seconds{*count};
  auto at = curl_getdate(std::string{text}.c_str(), nullptr);
  if (at < 0)
    return std::nullopt;
  auto left = std::chrono::duration_cast<seconds>(
      std::chrono::system_clock::from_time_t(at) - now);
  return std::max(left, seconds{0});
}

std::string without_login(std::string_view url) {
  auto begin = url.find("://");
  if (begin == std::string_view::npos)
    return std::string{url};
  begin += 3;
  auto authority = url.substr(begin, url.find_first_of("/?#", begin) - begin);
  auto at = authority.rfind('@');
  if (at == std::string_view::npos)
    return std::string{url};
  return std::string{url.substr(0, begin)}
         + std::string{url.substr(begin + at + 1)};
}

std::optional<std::string> resolve_url(const std::string& base,
                                       const std::string& relative) {
  std::unique_ptr<CURLU, void (*)(CURLU*)> url{curl_url(), curl_url_cleanup};
  // The second is seen as a link on the first.
  if (curl_url_set(url.get(), CURLUPART_URL, base.c_str(), 0) != CURLUE_OK
      || curl_url_set(url.get(), CURLUPART_URL, relative.c_str(), 0)
             != CURLUE_OK)
    return std::nullopt;
  char* text = nullptr;
  if (curl_url_get(url.get(), CURLUPART_URL, &text, 0) != CURLUE_OK)
    return std::nullopt;
  std::string result{text};
  curl_free(text);
  return result;
}

std::string_view origin_of(std::string_view url) {
  auto begin = url.find("://");
  if (begin == std::string_view::npos)
    return {};
  return url.substr(0, url.find_first_of("/?#", begin + 3));
}

}  // namespace larder
