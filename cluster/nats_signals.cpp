#include "cluster/nats_signals.hpp"

#include "cluster/subjects.hpp"
#include "storage/error.hpp"

#include <spdlog/spdlog.h>

#include <mutex>

namespace larder {

namespace {

// At most one wake in so long; a relay needs about that for a batch.
constexpr std::chrono::milliseconds pace{1};

}  // namespace

// Shared with the timer, which may outlive the signals.
class nats_signals_core
    : public std::enable_shared_from_this<nats_signals_core> {
 public:
  nats_signals_core(std::shared_ptr<nats::client> client,
                    const std::string& cluster)
      : client(std::move(client)), fence(fence_signal(cluster)),
        wake(wake_signal(cluster)) {}

  void wake_relay() {
    {
      std::lock_guard lock{mutex_};
      if (pausing_) {
        again_ = true;
        return;
      }
      pausing_ = true;
    }
    send();
  }

  const std::shared_ptr<nats::client> client;
  const std::string fence;
  const std::string wake;

 private:
  void send() {
    // Lost while disconnected: the relay looks by itself, too.
    client->publish(wake, {}, {});
    client->run_after(pace, [self = shared_from_this()] { self->resume(); });
  }

  // A wake that came during the pause may be for a row that the relay did not
  // see: it goes out now.
  void resume() {
    {
      std::lock_guard lock{mutex_};
      pausing_ = std::exchange(again_, false);
      if (!pausing_)
        return;
    }
    send();
  }

  std::mutex mutex_;
  bool pausing_ = false;
  bool again_ = false;
};

nats_signals::nats_signals(std::shared_ptr<nats::client> client,
                           std::string cluster)
    : core_(std::make_shared<nats_signals_core>(std::move(client), cluster)) {}

nats_signals::~nats_signals() = default;

void nats_signals::ask_fence(const std::string& nonce) {
  core_->client->publish(core_->fence, {}, nonce);
}

void nats_signals::wake_relay() {
  core_->wake_relay();
}

void nats_signals::listen(std::function<void(std::string nonce)> on_fence,
                          std::function<void()> on_wake) {
  auto fence = core_->client->subscribe(
      core_->fence, {}, [on_fence = std::move(on_fence)](nats::message m) {
        on_fence(std::string{m.data()});
      });
  auto wake = core_->client->subscribe(
      core_->wake, {},
      [on_wake = std::move(on_wake)](nats::message) { on_wake(); });
  for (auto* s : {&fence, &wake})
    if (!*s)
      spdlog::error("signals: {}", message_of(s->error()));
  if (fence)
    fence_ = std::move(*fence);
  if (wake)
    wake_ = std::move(*wake);
}

}  // namespace larder
