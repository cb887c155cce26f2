// Every subject that Larder speaks, above the tokens of storage/key.hpp: the
// requests of one collection, its change events, the operators' subjects.
//
// Used by cluster/, actors/ and node/. Templates are one collection among
// others: its name is a parameter, nothing here knows it.
//
// Thread rule: values and functions of their arguments.
#pragma once

#include "storage/key.hpp"

#include <caf/expected.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

/// What clients may ask of a collection.
enum class request_op : std::uint8_t {
  get,
  put,
  remove,
  mget,
  list,
  search,
  stats,
};

/// The token in the subject, for example "delete".
std::string_view name_of(request_op op);

struct request_address {
  request_op op = request_op::get;
  /// What follows the operation, as it came; empty for the body form.
  std::string_view tokens;
};

enum class change_op : std::uint8_t { put, remove, invalidate };
std::string_view name_of(change_op op);

/// A change event, the body of `….updated.…` and `….invalidate.…`.
struct change {
  larder::key key;
  change_op op = change_op::invalidate;
  /// 0: unknown, the message came from a program that knows no revisions.
  std::int64_t revision = 0;
  std::int32_t version = 0;
  std::string epoch;
  bool operator==(const change&) const = default;
};

/// The subjects of one collection.
struct collection_subjects {
  std::string prefix = "template";

  /// `template.get`: the body form. `template.get.>` is asked for beside it.
  std::string of(request_op op) const;
  /// `template.get.framework.phoenix`
  std::string of(request_op op, key_view k) const;
  /// Everything to subscribe to in order to serve the collection: the body
  /// form of every operation, and its longer form where it has one.
  std::vector<std::string> served() const;
  /// Which operation a subject asks for; nothing if it is none of ours. The
  /// view is into `subject`.
  std::optional<request_address> parse(std::string_view subject) const;

  /// `template.updated.>` and `template.invalidate.>`: what the log captures.
  std::vector<std::string> captured() const;
  /// `template.updated.…` for a put, else `template.invalidate.…`.
  std::string event(const change& c) const;
  /// Whether the subject is one of a change event's.
  bool is_event(std::string_view subject) const;
};

/// The event's JSON body.
std::string to_body(const change& c);

/// A change event from anybody. The key is that of the subject. A body that is
/// empty, malformed, of another key or without a positive revision and an
/// epoch leaves the revision unknown. Fails with `invalid_request` if the
/// subject is not an event or its tokens are no key.
caf::expected<change> parse_change(const collection_subjects& collection,
                                   std::string_view subject,
                                   std::string_view body);

/// The log's own subject for the fences of a cluster, and the nonce in it.
std::string fence_subject(std::string_view cluster);
bool is_fence(std::string_view subject, std::string_view cluster);
/// All of the log's own subjects.
inline constexpr std::string_view log_subjects = "larder.log.>";

/// `larder.signal.<cluster>.committed.<event subject>`: the same event, from
/// the node that committed the change, which does not stand in the log yet.
std::string committed_signal(std::string_view cluster,
                             std::string_view event_subject);

/// `larder.signal.<cluster>.fence`, `.wake` and `.roll`.
std::string fence_signal(std::string_view cluster);
std::string wake_signal(std::string_view cluster);
std::string roll_signal(std::string_view cluster);

/// `larder.control.all.<op>` and `larder.control.<node>.<op>`.
std::string control_all(std::string_view op);
std::string control_node(std::string_view node, std::string_view op);
/// The operation in a subject of this node's or of all nodes'.
std::optional<std::string_view> parse_control(std::string_view subject,
                                              std::string_view node);

/// `larder.node.<node>.<request subject>`: the same request, to one node.
std::string addressed(std::string_view node, std::string_view subject);
/// The request subject within it; nothing if it is not addressed to `node`.
std::optional<std::string_view> parse_addressed(std::string_view subject,
                                                std::string_view node);

/// Whether `id` can stand in these subjects: `[A-Za-z0-9_-]`, 1 to 64 of them.
bool is_node_id(std::string_view id);

}  // namespace larder
