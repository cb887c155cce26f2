// The packages plane on one page: every actor's typed interface, with one line
// above each message, and the payloads. As handles.hpp is for templates.
#pragma once

#include "actors/collector.hpp"
#include "actors/messages.hpp"
#include "cluster/package_subjects.hpp"
#include "storage/package_database.hpp"
#include "storage/package_store.hpp"

#include <caf/typed_actor.hpp>

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace larder {

using remove_atom = caf::atom_constant<caf::atom("remove")>;
using changed_atom = caf::atom_constant<caf::atom("changed")>;
using keep_atom = caf::atom_constant<caf::atom("keep")>;

// -- the stores, on threads of their own -------------------------------------

/// Work on the package store. Called once: with the store, or with null and
/// why there is none.
struct package_job {
  std::function<void(package_store*, const caf::error&, time_point now)> run;
};

/// A question whose answer is text (JSON, mostly): made on the store's thread.
struct package_question {
  std::function<caf::expected<std::string>(package_store&)> answer;
  /// Nobody waits for the answer after this.
  time_point deadline = time_point::max();
};

/// Runs jobs one after the other; they block.
using package_worker_actor = caf::typed_actor<
    caf::reacts_to<package_job>,
    caf::replies_to<get_atom, package_question>::with<std::string>,
    // Open the store, if it is not open; forget old removals.
    caf::reacts_to<open_atom>, caf::reacts_to<sweep_atom>>;

/// One thread for each kind of work, so that a get waits neither for the disk
/// nor for a search.
struct package_workers {
  package_worker_actor gets;
  package_worker_actor searches;
  package_worker_actor writes;
  /// Checks and copies of the whole store.
  package_worker_actor care;
};

struct package_database_job {
  std::function<void(package_database&)> run;
};

using package_database_actor =
    caf::typed_actor<caf::reacts_to<package_database_job>,
                     // Forget old removals.
                     caf::reacts_to<sweep_atom>>;

// -- packages ----------------------------------------------------------------

struct package_read {
  package_key key;
  /// Empty: the newest release.
  std::string version;
  /// Ask the package's registry if no tier has it.
  bool collect = false;
  /// Only a document of this revision or a newer one will do.
  std::int64_t min_revision = 0;
  /// Nobody waits for the answer after this.
  time_point deadline = time_point::max();
};

struct package_found {
  std::string document;
  std::string version;
  std::int64_t revision = 0;
  larder::tier tier = larder::tier::memory;
};

/// A write that counts only if nobody has written since.
struct package_conditional {
  package_key key;
  /// Whose revision is meant; empty: that of the version answered without one.
  std::string version;
  /// 0: there must be none.
  std::int64_t expected = 0;
  /// Empty: remove the package.
  std::string document;
};

struct package_outcome {
  package_written written;
  caf::error failure;
};

struct package_collected {
  package_found found;
  collect_outcome outcome = collect_outcome::failed;
  /// Of `stale`: what the registry said.
  caf::error failure;
  std::uint64_t bytes = 0;
};

struct package_plane_stats {
  std::array<std::uint64_t, 6> hits{};
  std::uint64_t misses = 0;
  std::uint64_t coalesced = 0;
  std::uint64_t stored = 0;
  std::uint64_t removed = 0;
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  std::uint64_t evictions = 0;
};

/// Answers from the first tier that has the package: memory, the store, the
/// JetStream bucket, the database, the registry. Owns the documents in memory.
using packages_actor = caf::typed_actor<
    caf::replies_to<get_atom, package_read>::with<package_found>,
    // Answered once they are on this node's disk and its readers see them.
    caf::replies_to<write_atom, std::vector<std::string>,
                    time_point>::with<std::vector<package_outcome>>,
    caf::replies_to<remove_atom, package_key,
                    time_point>::with<package_written>,
    // Either of them. `revision_conflict` if the revision that this node has is
    // another one.
    caf::replies_to<write_atom, package_conditional,
                    time_point>::with<package_written>,
    // Asks the registry, and keeps what it says.
    caf::replies_to<collect_atom, package_read>::with<package_collected>,
    // Written by somebody else: what memory has of them is old. Answered when
    // no reader finds it.
    caf::replies_to<changed_atom, std::vector<package_key>>::with<done_atom>,
    // To itself: a tier has answered; a second has passed.
    caf::reacts_to<continuation>, caf::reacts_to<sweep_atom>,
    caf::replies_to<stats_atom>::with<package_plane_stats>>;

// -- between the nodes -------------------------------------------------------

struct package_relay_stats {
  std::uint64_t published = 0;
  std::uint64_t failures = 0;
  /// Published, but not in the database yet.
  std::uint64_t waiting = 0;
  bool database_reachable = true;
  bool log_reachable = true;
};

/// Tells the other nodes of what this one accepted: database, bucket, log.
using package_relay_actor = caf::typed_actor<
    // There may be something to publish.
    caf::reacts_to<wake_atom>,
    // The same; answered when it has been tried with what was accepted before.
    caf::replies_to<flush_atom>::with<done_atom>,
    // To itself: a tier has answered.
    caf::reacts_to<continuation>,
    caf::replies_to<stats_atom>::with<package_relay_stats>>;

struct package_feed_stats {
  bool reading = false;
  /// The last record of the log that is on this node's disk.
  std::uint64_t position = 0;
  std::uint64_t applied = 0;
  /// Records that this node had already, its own among them.
  std::uint64_t known = 0;
  /// Records not yet taken, and changes whose document nobody could give yet.
  std::uint64_t waiting = 0;
  /// Times that the log could not be followed without a gap.
  std::uint64_t gaps = 0;
};

/// Follows the log: puts into the store what other nodes accepted.
using package_feed_actor = caf::typed_actor<
    // From the log's reader of that number: the next record.
    caf::reacts_to<record_atom, std::uint64_t, log_record>,
    // It cannot read any more.
    caf::reacts_to<lost_atom, std::uint64_t, caf::error>,
    // Answered when what was heard of that package (without a name: of any) is
    // in the store; at once, if too much was heard to wait for.
    caf::replies_to<flush_atom, package_key>::with<done_atom>,
    // To itself: open the log; try again what could not be had.
    caf::reacts_to<open_atom>, caf::reacts_to<poll_atom>,
    caf::reacts_to<continuation>,
    caf::replies_to<stats_atom>::with<package_feed_stats>>;

}  // namespace larder

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::package_job)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::package_question)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::package_database_job)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::package_key)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::package_read)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::package_conditional)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::package_found)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::package_written)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::package_collected)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::package_plane_stats)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::package_relay_stats)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::package_feed_stats)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<larder::package_outcome>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<larder::package_key>)
