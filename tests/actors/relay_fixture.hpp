// A relay over a source of truth in memory, a log and a bucket that the test
// plays.
//
// Used by the relay's tests. Thread rule: one thread.
#pragma once

#include "actors/relay.hpp"

#include "cluster/fence.hpp"
#include "tests/actors/scripted_ports.hpp"
#include "tests/actors/scripted_tiers.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/memory_store.hpp"

#include <map>

namespace larder::test {

using namespace std::chrono_literals;

/// One node's relay; all of them share the source of truth and the log.
struct publisher {
  scripted_warm warm;
  relay_actor relay;
};

class RelayTest : public actor_fixture {
 protected:
  RelayTest() { actors_.set_time(time_point{24h}); }

  void start(publisher& p, const std::string& holder,
             std::uint32_t batch = 512) {
    relay_context context;
    context.outbox = std::make_shared<std::unique_ptr<outbox>>(
        std::make_unique<memory_outbox>(database));
    context.log = log;
    context.warm = own(p.warm.spawn(sys()));
    context.bucket = bucket;
    context.holder = holder;
    context.batch = batch;
    p.relay = own(sys().spawn(relay, std::move(context)));
    run();
  }
  void start() { start(one, "one"); }

  void wake(publisher& p) {
    caf::anon_send(p.relay, wake_atom::value);
    run_for(relay_context{}.gathering);
  }
  void ask_fence(publisher& p, const std::string& nonce) {
    caf::anon_send(p.relay, fence_atom::value, nonce);
    run();
    answer_for_places();
  }

  void shared(publisher& p) {
    while (!p.warm.writes.empty()) {
      next(p.warm.writes).answer(true);
      run();
    }
  }
  /// Acknowledges all that was published, as the log would.
  void acknowledge() {
    while (!log->published.empty())
      acknowledge_one();
  }
  void acknowledge_one() {
    auto first = std::move(log->published.front());
    log->published.pop_front();
    places[++sequence] = first.msg_id;
    first.done(sequence);
    run();
    answer_for_places();
  }
  /// What the log holds where it is asked.
  void answer_for_places() {
    while (!log->anchors.empty()) {
      auto call = std::move(log->anchors.front());
      log->anchors.pop_front();
      if (auto i = places.find(call.sequence); i != places.end())
        call.done(log_identity{{i->first, 0}, i->second});
      else
        call.done(std::optional<log_identity>{});
      run();
    }
  }
  void refuse_publication() {
    auto first = std::move(log->published.front());
    log->published.pop_front();
    first.done(fail(ec::unavailable, "as the test has it"));
    run();
  }
  std::uint64_t backlog() { return *memory_outbox{database}.backlog(); }
  std::vector<std::string> nonces_in(const std::string& payload) {
    auto parsed = parse_fence(payload);
    return parsed ? parsed->nonces : std::vector<std::string>{"no fence"};
  }
  larder::fence newest_fence() {
    auto parsed = parse_fence(log->published.back().payload);
    return parsed ? *parsed : larder::fence{"no fence", {}};
  }
  larder::publication kept() {
    return memory_outbox{database}.unpublished(1)->upto;
  }
  bool has_lease(publisher& p) {
    return request(p.relay, 1s, stats_atom::value)->active;
  }
  /// A whole round, with nobody failing.
  void round(publisher& p) {
    wake(p);
    shared(p);
    acknowledge();
  }

  std::shared_ptr<memory_database> database = std::make_shared<memory_database>(
      [this] { return now().time_since_epoch().count(); });
  std::shared_ptr<scripted_log> log = std::make_shared<scripted_log>();
  std::shared_ptr<marked_kv> bucket = std::make_shared<marked_kv>();
  std::uint64_t sequence = 0;
  std::map<std::uint64_t, std::string> places;
  publisher one;
  publisher other;
  key k{"t", "a"};
};

}  // namespace larder::test
