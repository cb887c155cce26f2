// The system on one page: every actor's typed interface, with one line above
// each message. Failures are errors of storage/error.hpp.
#pragma once

#include "actors/messages.hpp"

#include <caf/typed_actor.hpp>

namespace larder {

/// Owns the hot entries of one slice of keys, the fills in flight for them and
/// the floors below which no value is taken.
using shard_actor = caf::typed_actor<
    // The value, from the first tier that has it and can vouch for it.
    caf::replies_to<get_atom, key, read_options>::with<answer>,
    // Writes through to the source of truth; answered once it has committed and
    // readers of this node see it. No content: deletes.
    caf::replies_to<write_atom, write_request>::with<version_info>,
    // A change seen in the log; answered when no reader finds older values.
    caf::replies_to<apply_atom, change_notice>::with<done_atom>,
    // A change that was heard of before the log told it, if it ever does.
    caf::reacts_to<hear_atom, change_notice>,
    // Values read from the source of truth in bulk, since the given time and in
    // the log generation of that time; answered with how many were kept.
    caf::replies_to<install_atom, std::vector<artifact_ptr>, time_point,
                    std::uint32_t>::with<std::uint64_t>,
    // Drops all entries, or those of one type; answered with how many.
    caf::replies_to<clear_atom,
                    std::optional<std::string>>::with<std::uint64_t>,
    // The source of truth began a new history: floors and fills are void.
    caf::replies_to<epoch_atom>::with<done_atom>,
    // To itself: expire, reclaim, hand in the usage counts; go on with a fill.
    caf::reacts_to<sweep_atom>, caf::reacts_to<continuation>,
    caf::replies_to<stats_atom>::with<shard_stats>>;

/// The shared tier (JetStream key-value).
using warm_actor = caf::typed_actor<
    // The entry; sequence 0 if there is none.
    caf::replies_to<get_atom, key>::with<kv_entry>,
    // Keeps the value if it is newer; answered with whether it was kept.
    caf::replies_to<write_atom, shared_fill>::with<bool>,
    // Whether the asker may fill the key: no other node in the cluster does, or
    // it cannot be told. Held for 1.5 s, or until it is released.
    caf::replies_to<lease_atom, key>::with<bool>,
    caf::reacts_to<release_atom, key>,
    // Removes all entries, or those of one type.
    caf::replies_to<clear_atom, std::optional<std::string>>::with<done_atom>,
    // To itself: the bucket has answered.
    caf::reacts_to<continuation>,
    caf::replies_to<stats_atom>::with<warm_stats>>;

/// The source of truth: batches what many ask at once and hands it to workers.
using cold_actor = caf::typed_actor<
    // The value, read after this message was sent; forgotten at the deadline.
    caf::replies_to<get_atom, key, time_point>::with<lookup>,
    // The same without the value.
    caf::replies_to<verify_atom, key, time_point>::with<lookup>,
    // Commits; the reply says what the store said.
    caf::replies_to<write_atom, write_request>::with<version_info>,
    // Items of a type after an id.
    caf::replies_to<list_atom, std::string, std::uint32_t,
                    std::string>::with<std::vector<list_item>>,
    // Values (of a type) after a key.
    caf::replies_to<scan_atom, std::optional<std::string>, std::uint32_t,
                    std::optional<key>>::with<std::vector<artifact_ptr>>,
    // The best matches for words.
    caf::replies_to<search_atom, artifact_query>::with<artifact_matches>,
    // Adds to the usage counters, some time later.
    caf::reacts_to<usage_atom, std::vector<usage>>,
    // To itself: hand what has gathered to idle workers; the usage counts too;
    // have what has changed indexed.
    caf::reacts_to<flush_atom>, caf::reacts_to<sweep_atom>,
    caf::reacts_to<index_atom>, caf::replies_to<stats_atom>::with<cold_stats>>;

/// One blocking session with the source of truth.
using cold_worker_actor = caf::typed_actor<
    caf::replies_to<get_atom, std::vector<key>>::with<std::vector<lookup>>,
    caf::replies_to<verify_atom, std::vector<key>>::with<std::vector<lookup>>,
    caf::replies_to<write_atom, std::vector<write_request>>::with<
        std::vector<write_outcome>>,
    caf::replies_to<list_atom, std::string, std::uint32_t,
                    std::string>::with<std::vector<list_item>>,
    caf::replies_to<scan_atom, std::optional<std::string>, std::uint32_t,
                    std::optional<key>>::with<std::vector<artifact_ptr>>,
    caf::replies_to<search_atom, artifact_query>::with<artifact_matches>,
    // Indexes up to so many; answered with whether there may be more.
    caf::replies_to<index_atom, std::uint32_t>::with<bool>,
    caf::replies_to<usage_atom, std::vector<usage>>::with<done_atom>>;

/// Follows the change log and keeps the fence.
using invalidation_actor = caf::typed_actor<
    // From the log's reader of that number: the next record.
    caf::reacts_to<record_atom, std::uint64_t, log_record>,
    // It cannot read any more.
    caf::reacts_to<lost_atom, std::uint64_t, caf::error>,
    // To itself: open the log; ask for a fence.
    caf::reacts_to<open_atom>, caf::reacts_to<fence_atom>,
    caf::reacts_to<continuation>,
    caf::replies_to<stats_atom>::with<coherence_stats>>;

/// Publishes what the source of truth has committed, while it has the lease.
using relay_actor = caf::typed_actor<
    // There may be something to publish.
    caf::reacts_to<wake_atom>,
    // Publish this nonce once everything committed before now is published.
    caf::reacts_to<fence_atom, std::string>,
    // To itself.
    caf::reacts_to<poll_atom, std::uint64_t>, caf::reacts_to<continuation>,
    // The log lost records: begin a new epoch, if this is still the current
    // one.
    caf::reacts_to<epoch_atom, epoch>,
    // Gives the lease up and publishes no more.
    caf::replies_to<stop_atom>::with<done_atom>,
    caf::replies_to<stats_atom>::with<relay_stats>>;

/// Compares what nodes answer with the source of truth, while this node has the
/// relay's lease.
using sampler_actor = caf::typed_actor<
    // What the source of truth has, without the bytes; for operators.
    caf::replies_to<survey_atom,
                    survey_question>::with<std::vector<fingerprint>>,
    // To itself: the next round.
    caf::reacts_to<poll_atom>, caf::reacts_to<continuation>>;

}  // namespace larder
