// What a client consists of: one nats.c connection at a time, the requests that
// wait on it, its subscriptions and watchers, and two threads.
//
// Used by storage/nats_client.cpp alone.
//
// The keeper thread calls what is due: deadlines, timers, failures that must
// not run inside the caller's call. The connector thread makes the first
// connection, and a new one whenever nats.c gives up on the old one (it does so
// after two refused logins, however its options are set); all that is
// subscribed moves on to it. Between those two nats.c reconnects by itself.
//
// Thread rule: every function may be called from any thread.
#pragma once

#include "storage/nats_client.hpp"
#include "storage/nats_handles.hpp"
#include "storage/nats_pending.hpp"

#include <atomic>
#include <condition_variable>
#include <list>
#include <map>
#include <mutex>
#include <thread>

namespace larder::nats {

/// Lets a function run one call at a time until it is shut; whoever shuts it
/// waits for a running call, unless he is that call.
class gate {
 public:
  template <class F>
  void pass(F&& f) {
    std::lock_guard lock{mutex_};
    if (open_)
      f();
  }
  void shut() {
    std::lock_guard lock{mutex_};
    open_ = false;
  }

 private:
  std::recursive_mutex mutex_;
  bool open_ = true;
};

class client_core : public std::enable_shared_from_this<client_core> {
 public:
  using clock = std::chrono::steady_clock;
  using connection = std::shared_ptr<natsConnection>;

  client_core(config::nats_settings settings, std::string name);
  ~client_core();

  /// One attempt to connect. Blocks.
  caf::error attempt();
  /// Starts the two threads.
  void start();
  /// Ends everything; what is pending fails. The second call does nothing.
  void close();

  bool connected() const;
  caf::expected<void> wait_connected(milliseconds timeout);
  caf::expected<void> publish(const std::string& subject, const headers& lines,
                              std::string_view data, const std::string& reply);
  caf::expected<void> flush(milliseconds timeout);
  void request(const std::string& subject, const headers& lines,
               std::string_view data, milliseconds timeout,
               client::completion done);
  caf::expected<subscription> subscribe(const std::string& subject,
                                        const std::string& queue,
                                        client::handler on_message);
  subscription watch(std::function<void(bool)> on_change);
  void run_after(milliseconds delay, std::function<void()> what);
  std::string server() const;
  std::uint64_t max_payload() const;
  client_counters counters() const;

 private:
  /// What nats.c's connection callbacks are given; outlives the connection.
  struct link {
    std::weak_ptr<client_core> core;
    bool up = true;       // guarded by the core's mutex
    bool closed = false;  // guarded by the core's mutex
  };
  struct listener {
    std::string subject;
    std::string queue;
    client::handler on_message;
    nats::gate gate;
    natsSubscription* native = nullptr;  // guarded by the core's subs_mutex_
  };
  struct watcher {
    std::function<void(bool)> on_change;
    nats::gate gate;
  };
  struct grave {
    clock::time_point until;
    natsSubscription* native;
  };

  static void on_message(natsConnection*, natsSubscription*, natsMsg* m,
                         void* closure);
  static void on_listener_done(void* closure);
  static void on_disconnected(natsConnection*, void* closure);
  static void on_reconnected(natsConnection*, void* closure);
  static void on_closed(natsConnection*, void* closure);
  static void on_error(natsConnection*, natsSubscription*, natsStatus,
                       void* closure);

  void keep();
  void run_due(std::unique_lock<std::mutex>& lock);
  void connect_always();
  void drop_connection();
  connection current() const;
  caf::error listen(natsConnection* on, const std::shared_ptr<listener>& l);
  void end(const std::shared_ptr<listener>& l);
  void bury(natsSubscription* native);
  void on_reply(message m);
  void fail_all(const std::string& why);
  void fail_later(client::completion done, caf::error why);
  void announce();
  caf::error send(natsConnection* on, const std::string& subject,
                  const headers& lines, std::string_view data,
                  const std::string& reply);

  const config::nats_settings settings_;
  const std::string name_;
  std::string inbox_;

  mutable std::mutex mutex_;
  std::condition_variable keeper_wake_;
  std::condition_variable state_change_;
  connection connection_;
  std::shared_ptr<link> link_;
  bool connected_ = false;
  bool closing_ = false;
  std::string last_failure_ = "no attempt has ended yet";
  pending_requests<client::completion> pending_;
  std::multimap<clock::time_point, std::function<void()>> timers_;
  std::vector<std::function<void()>> ready_;
  std::vector<grave> graves_;
  clock::time_point planned_wake_ = clock::time_point::max();
  std::vector<std::shared_ptr<watcher>> watchers_;
  client_counters counters_;
  std::atomic<std::uint64_t> published_{0};

  // Taken before mutex_; held while nats.c subscribes, so that a listener is
  // never left out by a change of connections.
  std::mutex subs_mutex_;
  std::list<std::shared_ptr<listener>> listeners_;

  // Held while pending requests are failed, so that a close waits for those
  // that a lost connection is failing. Recursive: a completion may close.
  std::recursive_mutex failing_mutex_;

  std::recursive_mutex announce_mutex_;
  bool announced_ = false;

  std::thread keeper_;
  std::thread connector_;
};

/// The error for a call of nats.c's that failed.
caf::error failure_of(natsStatus status, const std::string& what);

}  // namespace larder::nats
