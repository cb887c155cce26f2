#include "storage/registry_client.hpp"

#include "storage/error.hpp"

#include <algorithm>
#include <random>
#include <thread>

namespace larder {

namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

/// A registry that asks for more is asked again after this.
constexpr seconds longest_absence{3'600};

/// What a later attempt may mend.
bool passes(int status) {
  return status == 408 || status == 425 || status == 429 || status >= 500;
}

bool passes(const caf::error& failure) {
  auto code = code_of(failure);
  return code == ec::unavailable || code == ec::deadline_exceeded;
}

caf::error late(const std::string& url) {
  return fail(ec::deadline_exceeded,
              without_login(url)
                  + " was not answered before the deadline; try again");
}

caf::error refused(const std::string& url, const http_response& answer) {
  auto where = without_login(url);
  auto status = std::to_string(answer.status);
  if (answer.status == 404 || answer.status == 410)
    return fail(ec::not_found, where + " is not there (status " + status + ")");
  if (answer.status == 401 || answer.status == 403)
    return fail(ec::unavailable,
                where + " may not be read (status " + status
                    + "); check the credentials in the registry's own "
                      "configuration");
  return fail(ec::unavailable, where + " answers with status " + status);
}

}  // namespace

registry_patience real_patience(std::shared_ptr<const std::atomic<bool>> stop) {
  registry_patience result;
  result.now = [] { return steady_clock::now(); };
  result.wait_until = [stop](steady_clock::time_point at) {
    while (steady_clock::now() < at) {
      if (stop && *stop)
        return false;
      std::this_thread::sleep_until(
          std::min(at, steady_clock::now() + milliseconds{50}));
    }
    return !(stop && *stop);
  };
  result.chance =
      [engine = std::make_shared<std::minstd_rand>(std::random_device{}())] {
        return std::uniform_real_distribution<double>{0, 1}(*engine);
      };
  return result;
}

registry_client::registry_client(http_get get,
                                 std::shared_ptr<registry_gate> gate,
                                 registry_patience time, retry_limits limits,
                                 time_point deadline, std::string base,
                                 std::string authorization)
    : get_(std::move(get)), gate_(std::move(gate)), time_(std::move(time)),
      limits_(limits), deadline_(deadline), base_(std::move(base)),
      authorization_(std::move(authorization)) {}

caf::expected<http_response>
registry_client::attempt(const registry_request& request) {
  auto now = time_.now();
  auto turn = gate_->take_turn(now, deadline_);
  if (turn > deadline_)
    return fail(ec::busy,
                std::string{origin_of(without_login(request.url))}
                    + " is to be asked again in "
                    + std::to_string(duration_cast<seconds>(turn - now).count())
                    + " s, by its own word or its rate limit; try again then");
  if (turn > now && !time_.wait_until(turn))
    return fail(ec::unavailable, "the node is stopping");
  auto left = duration_cast<milliseconds>(deadline_ - time_.now());
  if (left <= milliseconds::zero())
    return late(request.url);
  http_request http;
  http.url = request.url;
  http.max_bytes = request.max_bytes;
  http.as_it_is = request.as_it_is;
  http.timeout = std::min(limits_.timeout, left);
  if (!request.accept.empty())
    http.headers.push_back("Accept: " + request.accept);
  if (!request.known.etag.empty())
    http.headers.push_back("If-None-Match: " + request.known.etag);
  if (!request.known.last_modified.empty())
    http.headers.push_back("If-Modified-Since: " + request.known.last_modified);
  if (!authorization_.empty() && origin_of(request.url) == origin_of(base_))
    http.headers.push_back("Authorization: " + authorization_);
  auto answer = get_(http);
  if (answer) {
    wire_bytes_ += answer->wire_bytes;
    if (answer->retry_after && passes(answer->status))
      gate_->close_until(time_.now()
                         + std::min(*answer->retry_after, longest_absence));
  }
  return answer;
}

caf::expected<http_response>
registry_client::get(const registry_request& request) {
  auto conditional =
      !request.known.etag.empty() || !request.known.last_modified.empty();
  auto pause = limits_.first_pause;
  for (std::uint32_t i = 1;; ++i) {
    auto answer = attempt(request);
    auto again = false;
    if (answer) {
      if (answer->status == 200 || (answer->status == 304 && conditional))
        return answer;
      again = passes(answer->status);
    } else {
      again = passes(answer.error());
    }
    auto failure = answer ? refused(request.url, *answer) : answer.error();
    if (!again || i >= limits_.attempts)
      return failure;
    // Half of it by chance, so that nodes that failed together do not come
    // back together.
    auto wait = duration_cast<steady_clock::duration>(
        pause * (0.5 + 0.5 * time_.chance()));
    if (time_.now() + wait >= deadline_)
      return failure;
    if (!time_.wait_until(time_.now() + wait))
      return fail(ec::unavailable, "the node is stopping");
    pause = std::min(pause * 2, limits_.longest_pause);
  }
}

}  // namespace larder
