// The way out: who is asked first, who is waited for, and what happens to a
// thread that does not come back.
#include "node/parts.hpp"

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <thread>
#include <utility>

namespace larder {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

bool node::stop() {
  auto& p = *parts_;
  if (std::exchange(p.stopped, true))
    return true;
  auto until = steady_clock::now() + p.settings.node.shutdown_timeout;
  auto left = [until] {
    return std::max(milliseconds{1}, std::chrono::duration_cast<milliseconds>(
                                         until - steady_clock::now()));
  };
  p.draining = true;
  if (p.local)
    p.local->close();
  if (p.door)
    p.door->stop(left() / 2);
  if (p.http)
    p.http->stop();
  if (p.system == nullptr)
    return true;
  {
    caf::scoped_actor self{*p.system};
    self->request(p.relay, left() / 2, stop_atom::value)
        .receive([](done_atom) {}, [](const caf::error&) {});
  }
  p.roll.reset();
  p.signals->listen([](const std::string&) {}, [] {});
  p.log->stop();
  p.contents->stop();
  std::vector<caf::actor_addr> detached{p.relay.address(), p.sampler.address()};
  for (auto& worker : p.workers)
    detached.push_back(worker.address());
  if (p.packages)
    p.packages->stop(detached);
  auto end = [](auto& actor) {
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    actor = nullptr;
  };
  end(p.control);
  std::for_each(p.gateways.begin(), p.gateways.end(), end);
  end(p.statistics);
  end(p.sampler);
  end(p.invalidation);
  end(p.relay);
  std::for_each(p.shards.begin(), p.shards.end(), end);
  end(p.warm);
  end(p.cold);
  std::for_each(p.workers.begin(), p.workers.end(), end);
  // The system waits for the threads of detached actors, and these for the last
  // reference, which the clock may hold in a delayed message; but it stops the
  // clock first. So the references go before the system does.
  auto lives = [](const caf::actor_addr& a) {
    return caf::actor_cast<caf::strong_actor_ptr>(a) != nullptr;
  };
  auto hung = [&] {
    return std::any_of(detached.begin(), detached.end(), lives);
  };
  while (hung() && steady_clock::now() < until)
    std::this_thread::sleep_for(milliseconds{5});
  if (hung()) {
    // A worker that waits for a hung server cannot be ended, only left.
    static_cast<void>(p.system.release());
    return false;
  }
  // In the thread that made it: CAF waits for every other one that used it.
  p.system.reset();
  return true;
}

}  // namespace larder
