// An invalidation actor over a log, shards and a relay that the test plays.
//
// Used by the invalidation actor's tests. Thread rule: one thread.
#pragma once

#include "actors/invalidation.hpp"

#include "cluster/fence.hpp"
#include "tests/actors/scripted_ports.hpp"
#include "tests/actors/scripted_tiers.hpp"
#include "tests/support/actor_fixture.hpp"

namespace larder::test {

using namespace std::chrono_literals;

inline constexpr std::int64_t stream_made = 1'000;

class InvalidationTest : public actor_fixture {
 protected:
  InvalidationTest() { actors_.set_time(time_point{24h}); }

  /// Starts it on a log that holds sequences up to `last`, and lets it read.
  void start(std::uint64_t last = 0) {
    invalidation_context context;
    context.freshness = freshness;
    context.log = log;
    context.signals = signals;
    context.shards = {own(shards[0].spawn(sys())), own(shards[1].spawn(sys()))};
    context.relay = own(relay.spawn(sys()));
    context.incarnation = "n";
    subject = own(sys().spawn(invalidation, std::move(context)));
    run();
    opened(1, last);
  }

  void opened(std::uint64_t first, std::uint64_t last,
              std::int64_t created = stream_made) {
    ASSERT_FALSE(log->infos.empty()) << "it did not open the log";
    auto done = std::move(log->infos.front());
    log->infos.pop_front();
    done(log_info{created, first, last});
    run();
  }
  /// The connection is lost, and the log is opened again.
  void lose() {
    log->reads.back().to.on_lost(fail(ec::unavailable, "as the test has it"));
    ASSERT_TRUE(actors_.run_until([this] { return !log->infos.empty(); }, 1s));
  }
  void anchor(std::optional<log_position> at) {
    ASSERT_FALSE(log->anchors.empty()) << "it did not check its anchor";
    auto call = std::move(log->anchors.front());
    log->anchors.pop_front();
    if (at)
      call.done(log_identity{*at, {}});
    else
      call.done(std::optional<log_identity>{});
    run();
  }

  void record(std::uint64_t sequence, const std::string& subject,
              const std::string& payload = {}) {
    log->reads.back().to.on_record({at(sequence), subject, payload});
    run();
  }
  void changed(std::uint64_t sequence, std::int64_t revision,
               const std::string& epoch = "one") {
    change c{k, change_op::put, revision, 1, epoch};
    record(sequence, collection_subjects{}.event(c), to_body(c));
  }
  void fenced(std::uint64_t sequence, std::vector<std::string> nonces,
              const std::string& epoch = "one") {
    fence_of(sequence, {epoch, std::move(nonces)});
  }
  void fence_of(std::uint64_t sequence, const larder::fence& f) {
    record(sequence, fence_subject("larder"), to_body(f));
  }
  /// What the log says it holds where a fence says that it must.
  void stands(std::optional<log_identity> found) {
    ASSERT_FALSE(log->anchors.empty()) << "it did not ask";
    auto call = std::move(log->anchors.front());
    log->anchors.pop_front();
    call.done(std::move(found));
    run();
  }
  static log_position at(std::uint64_t sequence) {
    return {sequence, static_cast<std::int64_t>(sequence) * 10};
  }

  std::string newest_nonce() const { return signals->nonces.back(); }
  bool fence_holds() const {
    return nanoseconds_of(now()) < freshness->fence_until;
  }
  std::deque<asked<change_notice, done_atom>>& changes() {
    return shards[shard_of(k, 2)].changes;
  }
  void apply_all() {
    while (!changes().empty()) {
      next(changes()).answer(done_atom::value);
      run();
    }
    for (auto& s : shards)
      while (!s.epochs.empty()) {
        next(s.epochs).answer(done_atom::value);
        run();
      }
  }
  std::uint64_t started_at() const {
    return std::get<std::uint64_t>(log->reads.back().start);
  }
  coherence_stats stats() { return *request(subject, 1s, stats_atom::value); }

  key k{"framework", "phoenix"};
  std::shared_ptr<larder::freshness> freshness =
      std::make_shared<larder::freshness>();
  std::shared_ptr<scripted_log> log = std::make_shared<scripted_log>();
  std::shared_ptr<scripted_signals> signals =
      std::make_shared<scripted_signals>();
  std::array<scripted_shard, 2> shards;
  scripted_relay relay;
  invalidation_actor subject;
};

}  // namespace larder::test
