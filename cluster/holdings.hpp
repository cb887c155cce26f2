// The wire form of what a node holds, and of what the source of truth has: the
// operations `held` and `truth` of `larder.control.…`, both sides of them.
//
// Used by the node that answers (node/inspection.hpp) and by those who ask
// (nats_peers, `larder verify`).
//
// Thread rule: functions of their arguments.
#pragma once

#include "cluster/peers.hpp"

#include <nlohmann/json_fwd.hpp>

#include <span>
#include <string>
#include <string_view>

namespace larder {

inline constexpr std::string_view held_operation = "held";
inline constexpr std::string_view truth_operation = "truth";

/// `{"keys":[{"type","id"},…],"sample":16}`: what memory would answer. With
/// `"tier":"jetstream"`: what is there, whether or not the node would take it.
std::string held_request(std::span<const key> keys, std::uint32_t sample,
                         std::string_view tier = "memory");

/// `{"held":[null | {"revision","version","epoch","digest"},…],
///   "sample":[{"type","id"},…]}`; an absence has `"absent": true`.
nlohmann::ordered_json to_json(const node_holdings& holdings);

/// The same back, from a node's reply, which names the node. Fails with
/// `invalid_request` if it is none, or not one to `keys` keys.
caf::expected<node_holdings> holdings_in(std::string_view reply,
                                         std::size_t keys);

/// `{"keys":[{"type","id","revision","version","epoch","present","digest",
///   "age_ms"},…]}`
nlohmann::ordered_json to_json(std::span<const fingerprint> all);

/// The same back. Fails with `invalid_request` if it is none.
caf::expected<std::vector<fingerprint>> fingerprints_in(std::string_view reply);

/// `{"type","id"}`
nlohmann::ordered_json to_json(const key& k);

}  // namespace larder
