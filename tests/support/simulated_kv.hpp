// The shared tier of a simulated world: one bucket on a server, and what one
// process sees of it through its connection (storage/kv_store.hpp).
//
// The server keeps its whole history, so that it can lose the end of it and use
// the same sequences again, or answer from a replica that lags behind.
//
// Used by the actors' tests and tests/simulation. Thread rule: one thread.
#pragma once

#include "storage/kv_store.hpp"
#include "tests/support/wire.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace larder::test {

class simulated_kv_server {
 public:
  explicit simulated_kv_server(world& w, world::duration ttl = 30min)
      : world_(w), ttl_(ttl) {}

  // -- what clients do, at once ----------------------------------------------

  kv_entry get(const key& k);
  caf::expected<std::uint64_t> put(const kv_put& entry);
  void purge(const key& k);
  void clear(const std::optional<std::string>& type);

  /// Another program's put: no version.
  void put_foreign(const key& k, std::string_view content);

  // -- faults ----------------------------------------------------------------

  /// The bucket vanishes with all entries and is made again: sequences start
  /// at 1.
  void wipe();
  /// The last `n` records never happened (a power cut); their sequences are
  /// used again, and what they replaced is back.
  void lose_tail(std::size_t n);
  /// Gets see the bucket as it was up to `lag` ago, with this probability: any
  /// replica answers a direct get.
  void lag(double probability, world::duration lag);

  std::uint64_t last_sequence() const { return sequence_; }

 private:
  struct record {
    std::uint64_t sequence;
    larder::key key;
    artifact_ptr value;
    version_info info;
    std::uint32_t generation;
    world::duration stored_at;
    /// The type that was cleared, or everything, or the key: not an entry.
    bool purge = false;
    std::string purged_type;
  };

  /// The key's newest record at `when`, or nullptr.
  const record* find(const key& k, world::duration when) const;
  void append(const key& k, artifact_ptr value, version_info info,
              std::uint32_t generation);
  void index_again();

  world& world_;
  world::duration ttl_;
  std::uint64_t sequence_ = 0;
  std::vector<record> history_;
  /// A key's places in the history.
  std::map<key, std::vector<std::size_t>> places_;
  /// Places of the purges.
  std::vector<std::size_t> purges_;
  double lag_probability_ = 0;
  world::duration lag_{0};
};

/// One process's view. Keep it as long as the process.
class simulated_kv : public kv_store {
 public:
  simulated_kv(simulated_kv_server& server, world& w, process where,
               std::string name = "kv")
      : server_(server), wire_(w, where, std::move(name)) {}

  larder::test::wire& wire() { return wire_; }

  void get(const key& k, std::chrono::milliseconds timeout,
           on_get done) override;
  void put(kv_put entry, std::chrono::milliseconds timeout,
           on_put done) override;
  void purge(const key& k, std::chrono::milliseconds timeout,
             on_done done) override;
  void clear(std::optional<std::string> type, std::chrono::milliseconds timeout,
             on_done done) override;

 private:
  simulated_kv_server& server_;
  larder::test::wire wire_;
};

}  // namespace larder::test
