#include "storage/nats_client.hpp"

#include "storage/error.hpp"
#include "storage/nats_core.hpp"
#include "storage/nats_options.hpp"

#include <algorithm>
#include <condition_variable>
#include <future>
#include <mutex>

namespace larder::nats {

client::client(std::shared_ptr<client_core> core) : core_(std::move(core)) {}

client::~client() {
  core_->close();
}

caf::expected<std::shared_ptr<client>>
client::connect(const config::nats_settings& settings,
                const std::string& name) {
  // What cannot work now never will; the connector makes its own.
  auto usable = make_options(settings, name);
  if (!usable)
    return usable.error();
  auto core = std::make_shared<client_core>(settings, name);
  std::shared_ptr<client> out{new client{core}};
  core->start();
  return out;
}

caf::expected<std::shared_ptr<client>>
client::connect_now(const config::nats_settings& settings,
                    const std::string& name) {
  auto core = std::make_shared<client_core>(settings, name);
  std::shared_ptr<client> out{new client{core}};
  if (auto err = core->attempt())
    return err;
  core->start();
  return out;
}

void client::close() {
  core_->close();
}

bool client::connected() const {
  return core_->connected();
}

caf::expected<void> client::wait_connected(milliseconds timeout) {
  return core_->wait_connected(timeout);
}

caf::expected<void> client::publish(const std::string& subject,
                                    const headers& lines, std::string_view data,
                                    const std::string& reply) {
  return core_->publish(subject, lines, data, reply);
}

caf::expected<void> client::flush(milliseconds timeout) {
  return core_->flush(timeout);
}

void client::request(const std::string& subject, const headers& lines,
                     std::string_view data, milliseconds timeout,
                     completion done) {
  core_->request(subject, lines, data, timeout, std::move(done));
}

caf::expected<message> client::request_sync(const std::string& subject,
                                            const headers& lines,
                                            std::string_view data,
                                            milliseconds timeout) {
  auto answer = std::make_shared<std::promise<caf::expected<message>>>();
  auto out = answer->get_future();
  request(subject, lines, data, timeout, [answer](caf::expected<message> m) {
    answer->set_value(std::move(m));
  });
  return out.get();
}

caf::expected<std::vector<message>>
client::request_many(const std::string& subject, const headers& lines,
                     std::string_view data, milliseconds max_wait,
                     milliseconds stall,
                     std::function<bool(const message&)> last) {
  using clock = std::chrono::steady_clock;
  std::mutex mutex;
  std::condition_variable news;
  std::vector<message> got;
  bool over = false;
  auto inbox = new_inbox();
  auto sub = subscribe(inbox, {}, [&](message m) {
    std::lock_guard lock{mutex};
    if (over)
      return;
    if (m.is_no_responders()) {
      over = true;
    } else {
      over = last && last(m);
      got.push_back(std::move(m));
    }
    news.notify_one();
  });
  if (!sub)
    return sub.error();
  if (auto sent = publish(subject, lines, data, inbox); !sent)
    return sent.error();
  auto end = clock::now() + max_wait;
  std::unique_lock lock{mutex};
  std::size_t seen = 0;
  while (!over) {
    // Before the first reply there is nothing to be the last one after.
    auto until = seen == 0 ? end : std::min(end, clock::now() + stall);
    if (!news.wait_until(lock, until,
                         [&] { return over || got.size() > seen; }))
      break;
    seen = got.size();
  }
  over = true;
  lock.unlock();
  sub->reset();
  return got;
}

caf::expected<subscription> client::subscribe(const std::string& subject,
                                              const std::string& queue,
                                              handler on_message) {
  return core_->subscribe(subject, queue, std::move(on_message));
}

subscription client::watch(std::function<void(bool)> on_change) {
  return core_->watch(std::move(on_change));
}

void client::run_after(milliseconds delay, std::function<void()> what) {
  core_->run_after(delay, std::move(what));
}

std::string client::new_inbox() const {
  natsInbox* raw = nullptr;
  if (natsInbox_Create(&raw) != NATS_OK)
    return {};
  inbox_handle owned{raw};
  return raw;
}

std::string client::server() const {
  return core_->server();
}

std::uint64_t client::max_payload() const {
  return core_->max_payload();
}

client_counters client::counters() const {
  return core_->counters();
}

}  // namespace larder::nats
