// The change log of a simulated world: one stream on a server, and what one
// process sees of it through its connection (cluster/change_log.hpp).
//
// Used by the actors' tests and tests/simulation. Thread rule: one thread.
#pragma once

#include "cluster/change_log.hpp"
#include "tests/support/wire.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace larder::test {

class simulated_log_server {
 public:
  explicit simulated_log_server(world& w, world::duration retention = 1h,
                                world::duration duplicate_window = 2min)
      : world_(w), retention_(retention), duplicate_window_(duplicate_window) {}

  // -- what clients do, at once ----------------------------------------------

  /// Fails with `unavailable` while there is no stream.
  caf::expected<std::uint64_t> publish(const std::string& subject,
                                       const std::string& msg_id,
                                       const std::string& payload);
  /// Makes the stream if there is none.
  log_info info();
  caf::expected<std::optional<log_identity>> at(std::uint64_t sequence);

  // -- faults ----------------------------------------------------------------

  /// The stream is gone; readers are told nothing. info() makes another one.
  void wipe();
  /// The last `n` records never happened (a power cut, after which it remembers
  /// only the message ids that it still holds); sequences are used again.
  /// Readers are told nothing, and nothing more: cut their connections too.
  void lose_tail(std::size_t n);
  /// Records before `sequence` are gone (max bytes, an operator's purge).
  void truncate(std::uint64_t sequence);
  /// The server's wall clock jumps, stamps with it.
  void jump_clock(world::duration by) { clock_offset_ += by; }

  std::uint64_t first_sequence() const;
  std::uint64_t last_sequence() const { return last_sequence_; }
  const std::deque<log_record>& records() const { return records_; }

  // -- readers, for simulated_log --------------------------------------------

  struct consumer {
    larder::test::wire to;
    std::uint64_t next = 1;
    std::function<void(log_record)> on_record;
    std::function<void()> on_heartbeat;
  };
  /// Serves `c` from `start` on until it is released, or the stream is gone.
  caf::expected<void> serve(const std::shared_ptr<consumer>& c,
                            log_start start);

 private:
  void make();
  void expire();
  void feed(consumer& c);
  void beat();
  std::int64_t stamp();

  world& world_;
  world::duration retention_;
  world::duration duplicate_window_;
  bool exists_ = false;
  bool beating_ = false;
  std::int64_t created_ = 0;
  std::int64_t last_stamp_ = 0;
  std::uint64_t last_sequence_ = 0;
  world::duration clock_offset_{0};
  std::deque<log_record> records_;
  std::deque<world::duration> stored_;
  struct seen {
    std::uint64_t sequence;
    world::duration when;
  };
  std::map<std::string, seen> msg_ids_;
  /// What each record was published as, to forget it with the record.
  std::deque<std::string> ids_;
  std::vector<std::weak_ptr<consumer>> consumers_;
};

/// One process's view. Keep it as long as the process.
class simulated_log : public change_log {
 public:
  simulated_log(simulated_log_server& server, world& w, process where);

  larder::test::wire& wire() { return wire_; }

  void publish(std::string subject, std::string msg_id, std::string payload,
               std::chrono::milliseconds timeout,
               on<std::uint64_t> done) override;
  void info(std::chrono::milliseconds timeout, on<log_info> done) override;
  void at(std::uint64_t sequence, std::chrono::milliseconds timeout,
          on<std::optional<log_identity>> done) override;
  void read(log_start start, reader to) override;
  void stop() override;

 private:
  /// One read(): ended by the next one.
  struct reading;

  void watch(const std::shared_ptr<reading>& r);
  void lose(const std::shared_ptr<reading>& r, const std::string& why);

  simulated_log_server& server_;
  larder::test::wire wire_;
  std::shared_ptr<reading> current_;
  /// For what outlives this object.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace larder::test
