// Every payload that actors send each other, and the atoms that name what is
// asked. Values: immutable once sent.
#pragma once

#include "cluster/change_log.hpp"
#include "storage/artifact.hpp"
#include "storage/error.hpp"
#include "storage/kv_store.hpp"
#include "storage/truth_store.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

struct change;

// -- what is asked -----------------------------------------------------------

using get_atom = caf::atom_constant<caf::atom("get")>;
using lease_atom = caf::atom_constant<caf::atom("lease")>;
using release_atom = caf::atom_constant<caf::atom("release")>;
using verify_atom = caf::atom_constant<caf::atom("verify")>;
using write_atom = caf::atom_constant<caf::atom("write")>;
using install_atom = caf::atom_constant<caf::atom("install")>;
using apply_atom = caf::atom_constant<caf::atom("apply")>;
using hear_atom = caf::atom_constant<caf::atom("hear")>;
using list_atom = caf::atom_constant<caf::atom("list")>;
using scan_atom = caf::atom_constant<caf::atom("scan")>;
using usage_atom = caf::atom_constant<caf::atom("usage")>;
using clear_atom = caf::atom_constant<caf::atom("clear")>;
using sweep_atom = caf::atom_constant<caf::atom("sweep")>;
using stats_atom = caf::atom_constant<caf::atom("stats")>;
using flush_atom = caf::atom_constant<caf::atom("flush")>;
using done_atom = caf::atom_constant<caf::atom("done")>;
using open_atom = caf::atom_constant<caf::atom("open")>;
using lost_atom = caf::atom_constant<caf::atom("lost")>;
using record_atom = caf::atom_constant<caf::atom("record")>;
using fence_atom = caf::atom_constant<caf::atom("fence")>;
using wake_atom = caf::atom_constant<caf::atom("wake")>;
using poll_atom = caf::atom_constant<caf::atom("poll")>;
using epoch_atom = caf::atom_constant<caf::atom("epoch")>;
using control_atom = caf::atom_constant<caf::atom("control")>;
using stop_atom = caf::atom_constant<caf::atom("stop")>;
using search_atom = caf::atom_constant<caf::atom("search")>;
using index_atom = caf::atom_constant<caf::atom("index")>;
using survey_atom = caf::atom_constant<caf::atom("survey")>;

/// The rest of what an actor does once a port has answered; see port.hpp.
struct continuation {
  std::function<void()> run;
  void operator()() const { run(); }
};

// -- reading -----------------------------------------------------------------

/// The actors' clock; the same as the front door's.
using time_point = std::chrono::steady_clock::time_point;

inline std::int64_t nanoseconds_of(time_point t) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             t.time_since_epoch())
      .count();
}

enum class tier : std::uint8_t {
  memory,
  jetstream,
  postgres,
  embedded,
  rocksdb,
  registry
};

/// "memory", "jetstream" …
std::string_view name_of(tier t);

struct read_options {
  /// Only this revision or a newer one will do.
  std::int64_t min_revision = 0;
  /// Rather an error than a value that cannot be proved fresh, if false.
  bool allow_stale = true;
  /// Nobody waits for the answer after this.
  time_point deadline = time_point::max();
};

struct answer {
  artifact_ptr value;
  larder::tier tier = larder::tier::memory;
  /// The value could not be proved fresh; the last proof is so old.
  bool stale = false;
  std::chrono::milliseconds stale_for{0};
};

// -- writing and changing ----------------------------------------------------

/// One request's part of a batch: a version, or why there is none.
struct write_outcome {
  version_info info;
  caf::error failure;
};

/// What a shard must know of a change, wherever it happened.
struct change_notice {
  larder::key key;
  bool deleted = false;
  /// 0: unknown; drop what is held and ask the source of truth next.
  version_info info;
  /// Whether JetStream has it: else it is only committed.
  bool published = true;
  /// Of the node that committed the change, if it tells.
  artifact_ptr value;
};

/// What an event says of a change, and the event that says it.
change_notice notice_of(change event);
change event_of(const key& k, bool deleted, const version_info& info);

/// A value for the shared tier, kept there only if it is newer.
struct shared_fill {
  larder::key key;
  /// Null: a deletion.
  artifact_ptr value;
  version_info info;
  /// The sequence seen before the value was read from the source of truth;
  /// absent: look first. An entry changed since then is left alone.
  std::optional<std::uint64_t> seen_sequence;
  /// Overwrite an entry of the same revision too (its bytes are in doubt).
  bool same_revision_too = false;
  /// The bucket's, when the value was asked for.
  std::uint32_t generation = 0;
  /// With a sequence: nobody waits for it, so it is put at a pace that takes no
  /// time from reading.
  bool can_wait = false;
};

// -- checking ----------------------------------------------------------------

/// What the source of truth has: of `keys`; else of what changed within
/// `changed_within`; else of all keys (of a type) after a key.
struct survey_question {
  std::vector<key> keys;
  std::chrono::milliseconds changed_within{0};
  std::optional<std::string> type;
  std::optional<key> after;
  std::uint32_t limit = 0;
};

// -- counting ----------------------------------------------------------------

struct shard_stats {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  std::uint64_t evictions = 0;
  std::uint64_t invalidations = 0;
  std::uint64_t rejected_fills = 0;
  std::uint64_t coalesced = 0;
  std::uint64_t floors = 0;
  std::uint64_t fills = 0;
};

struct cold_stats {
  std::uint64_t queries = 0;
  std::uint64_t keys = 0;
  std::uint64_t writes = 0;
  std::uint64_t failures = 0;
  std::uint64_t waiting = 0;
  bool reachable = true;
};

struct warm_stats {
  std::uint64_t gets = 0;
  std::uint64_t puts = 0;
  std::uint64_t failures = 0;
  std::uint64_t conflicts = 0;
  bool reachable = true;
};

struct coherence_stats {
  /// Since the newest fence was asked for; negative: there was none yet.
  std::int64_t fence_age_ms = -1;
  /// Records stored but not yet applied, as far as known.
  std::uint64_t log_lag = 0;
  std::uint64_t applied = 0;
  std::uint64_t gaps = 0;
  std::uint32_t generation = 0;
  std::string epoch;
  bool reading = false;
};

struct relay_stats {
  bool active = false;
  /// Its last call of the source of truth was answered.
  bool truth_reachable = true;
  std::uint64_t published = 0;
  std::uint64_t failures = 0;
};

/// How long after a change the sampler looks for it.
inline constexpr std::array<std::chrono::milliseconds, 3> sampler_windows{
    std::chrono::milliseconds{2'000}, std::chrono::milliseconds{10'000},
    std::chrono::milliseconds{60'000}};

struct sampler_stats {
  struct share {
    std::uint64_t reads = 0;
    /// As new as the change, or marked stale.
    std::uint64_t consistent = 0;
  };
  /// This node's sampler is the one that asks.
  bool active = false;
  std::uint64_t rounds = 0;
  /// By window: in the last minutes, and since the node started.
  std::array<share, sampler_windows.size()> recent{};
  std::array<share, sampler_windows.size()> total{};
  /// Answers that broke the promise.
  std::uint64_t inconsistent = 0;
  /// Keys dropped everywhere because of that, or because of what JetStream had.
  std::uint64_t repaired = 0;
};

}  // namespace larder

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::continuation)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::epoch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::key)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::read_options)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::lookup)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::write_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::write_outcome)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::artifact_query)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::artifact_matches)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::change_notice)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::shared_fill)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::kv_entry)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::log_record)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::log_info)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::optional<larder::log_identity>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::time_point)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<larder::key>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<larder::lookup>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<larder::write_request>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<larder::write_outcome>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<larder::list_item>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<larder::artifact_ptr>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<larder::usage>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::optional<std::string>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::optional<larder::key>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::shard_stats)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::cold_stats)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::warm_stats)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::coherence_stats)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::relay_stats)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::survey_question)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::sampler_stats)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<larder::fingerprint>)
