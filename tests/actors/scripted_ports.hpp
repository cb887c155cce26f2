// Ports that do nothing by themselves: they note what they are asked, and the
// test completes it when it likes.
//
// Used by the tests of the actors that own a port. Thread rule: one thread.
#pragma once

#include "cluster/change_log.hpp"
#include "cluster/signals.hpp"
#include "storage/kv_store.hpp"

#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace larder::test {

class scripted_kv final : public kv_store {
 public:
  struct get_call {
    larder::key key;
    on_get done;
  };
  struct put_call {
    kv_put entry;
    on_put done;
  };

  std::deque<get_call> gets;
  std::deque<put_call> puts;
  std::vector<key> purged;

  void get(const key& k, std::chrono::milliseconds, on_get done) override {
    gets.push_back({k, std::move(done)});
  }
  void put(kv_put entry, std::chrono::milliseconds, on_put done) override {
    puts.push_back({std::move(entry), std::move(done)});
  }
  void purge(const key& k, std::chrono::milliseconds, on_done done) override {
    purged.push_back(k);
    done({});
  }
  void clear(std::optional<std::string>, std::chrono::milliseconds,
             on_done done) override {
    done({});
  }
};

/// A bucket that holds its mark and nothing else, and answers at once.
class marked_kv final : public kv_store {
 public:
  kv_entry mark;
  /// While set, every call fails with it.
  ec failure = ec::none;

  void get(const key&, std::chrono::milliseconds, on_get done) override {
    if (failure != ec::none)
      return done(fail(failure, "as the test has it"));
    done(mark);
  }
  void put(kv_put entry, std::chrono::milliseconds, on_put done) override {
    if (failure != ec::none)
      return done(fail(failure, "as the test has it"));
    if (entry.expected_sequence != mark.sequence)
      return done(
          conflict(static_cast<std::int64_t>(mark.sequence), "another mark"));
    mark = {nullptr, entry.info, entry.generation, ++sequence_};
    done(mark.sequence);
  }
  void purge(const key&, std::chrono::milliseconds, on_done done) override {
    done({});
  }
  void clear(std::optional<std::string>, std::chrono::milliseconds,
             on_done done) override {
    done({});
  }

 private:
  std::uint64_t sequence_ = 0;
};

class scripted_log final : public change_log {
 public:
  struct publication {
    std::string subject;
    std::string msg_id;
    std::string payload;
    on<std::uint64_t> done;
  };
  struct anchor_call {
    std::uint64_t sequence;
    on<std::optional<log_identity>> done;
  };
  struct read_call {
    log_start start;
    change_log::reader to;
  };

  std::deque<publication> published;
  std::deque<on<log_info>> infos;
  std::deque<anchor_call> anchors;
  std::deque<read_call> reads;

  void publish(std::string subject, std::string msg_id, std::string payload,
               std::chrono::milliseconds, on<std::uint64_t> done) override {
    published.push_back({std::move(subject), std::move(msg_id),
                         std::move(payload), std::move(done)});
  }
  void info(std::chrono::milliseconds, on<log_info> done) override {
    infos.push_back(std::move(done));
  }
  void at(std::uint64_t sequence, std::chrono::milliseconds,
          on<std::optional<log_identity>> done) override {
    anchors.push_back({sequence, std::move(done)});
  }
  void read(log_start start, change_log::reader to) override {
    reads.push_back({start, std::move(to)});
  }
  void stop() override {}
};

class scripted_signals final : public signals {
 public:
  std::vector<std::string> nonces;

  void ask_fence(const std::string& nonce) override { nonces.push_back(nonce); }
  void wake_relay() override {}
  void listen(std::function<void(std::string)>,
              std::function<void()>) override {}
};

}  // namespace larder::test
