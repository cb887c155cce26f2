#include "cluster/subjects.hpp"

#include "storage/error.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <limits>

namespace larder {

namespace {

using nlohmann::json;

struct op_entry {
  request_op op;
  std::string_view name;
  /// Whether tokens may follow the operation, and whether it may do without.
  bool with_tokens;
  bool by_body;
};

constexpr std::array<op_entry, 7> ops{{
    {request_op::get, "get", true, true},
    {request_op::put, "put", true, false},
    {request_op::remove, "delete", true, false},
    {request_op::mget, "mget", false, true},
    {request_op::list, "list", true, false},
    {request_op::search, "search", true, true},
    {request_op::stats, "stats", false, true},
}};

constexpr std::string_view control_prefix = "larder.control.";
constexpr std::string_view node_prefix = "larder.node.";

// Bodies of events are a line; nothing longer is one of ours.
constexpr std::size_t max_event_bytes = 4'096;

bool drop_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix))
    return false;
  text.remove_prefix(prefix.size());
  return true;
}

std::string join(std::string_view a, std::string_view b) {
  std::string out{a};
  out += '.';
  out += b;
  return out;
}

std::string cluster_subject(std::string_view family, std::string_view cluster,
                            std::string_view name) {
  return join(join(family, to_token(cluster)), name);
}

// The body's word on the version, if it is the body of an event of `out.key`.
void read_body(std::string_view body, change& out) {
  if (body.empty() || body.size() > max_event_bytes)
    return;
  // Anybody may publish here, and deep nesting is the one thing that a DOM
  // of this size could suffer from.
  auto too_deep = [](int depth, json::parse_event_t, json&) {
    return depth < 4;
  };
  auto all = json::parse(body.begin(), body.end(), too_deep, false);
  if (!all.is_object())
    return;
  auto text = [&](const char* name) {
    auto i = all.find(name);
    return i != all.end() && i->is_string() ? i->get<std::string>()
                                            : std::string{};
  };
  auto whole = [&](const char* name) -> std::int64_t {
    auto i = all.find(name);
    if (i == all.end() || !i->is_number_integer())
      return 0;
    if (i->is_number_unsigned()
        && i->get<std::uint64_t>()
               > std::uint64_t{std::numeric_limits<std::int64_t>::max()})
      return 0;
    return i->get<std::int64_t>();
  };
  if (text("type") != out.key.type || text("id") != out.key.id)
    return;
  auto revision = whole("revision");
  auto epoch = text("epoch");
  if (revision <= 0 || epoch.empty())
    return;
  out.revision = revision;
  out.epoch = std::move(epoch);
  auto version = whole("version");
  if (version > 0 && version <= std::numeric_limits<std::int32_t>::max())
    out.version = static_cast<std::int32_t>(version);
  if (text("op") == name_of(change_op::remove)
      && out.op == change_op::invalidate)
    out.op = change_op::remove;
}

}  // namespace

std::string_view name_of(request_op op) {
  return ops[static_cast<std::size_t>(op)].name;
}

std::string_view name_of(change_op op) {
  switch (op) {
  case change_op::put:
    return "put";
  case change_op::remove:
    return "delete";
  case change_op::invalidate:
    return "invalidate";
  }
  return "invalidate";
}

// -- a collection ------------------------------------------------------------

std::string collection_subjects::of(request_op op) const {
  return join(prefix, name_of(op));
}

std::string collection_subjects::of(request_op op, key_view k) const {
  return join(of(op), to_tokens(k));
}

std::vector<std::string> collection_subjects::served() const {
  std::vector<std::string> out;
  for (const auto& entry : ops) {
    // A literal form that lacks something is served too: it is answered with
    // what it lacks, rather than with "no responders".
    out.push_back(of(entry.op));
    if (entry.with_tokens)
      out.push_back(of(entry.op) + ".>");
  }
  return out;
}

std::optional<request_address>
collection_subjects::parse(std::string_view subject) const {
  if (!drop_prefix(subject, prefix) || !drop_prefix(subject, "."))
    return std::nullopt;
  auto dot = subject.find('.');
  auto name = subject.substr(0, dot);
  auto entry = std::find_if(ops.begin(), ops.end(),
                            [&](const auto& e) { return e.name == name; });
  if (entry == ops.end())
    return std::nullopt;
  auto tokens = dot == std::string_view::npos ? std::string_view{}
                                              : subject.substr(dot + 1);
  return request_address{entry->op, tokens};
}

std::vector<std::string> collection_subjects::captured() const {
  return {prefix + ".updated.>", prefix + ".invalidate.>"};
}

std::string collection_subjects::event(const change& c) const {
  auto kind = c.op == change_op::put ? ".updated." : ".invalidate.";
  return prefix + kind + to_tokens(c.key);
}

bool collection_subjects::is_event(std::string_view subject) const {
  return drop_prefix(subject, prefix)
         && (subject.starts_with(".updated.")
             || subject.starts_with(".invalidate."));
}

// -- change events -----------------------------------------------------------

std::string to_body(const change& c) {
  nlohmann::ordered_json body{
      {"type", c.key.type},     {"id", c.key.id},       {"op", name_of(c.op)},
      {"revision", c.revision}, {"version", c.version}, {"epoch", c.epoch},
  };
  // Keys are valid UTF-8; an epoch from elsewhere need not be.
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

caf::expected<change> parse_change(const collection_subjects& collection,
                                   std::string_view subject,
                                   std::string_view body) {
  auto rest = subject;
  change out;
  if (!drop_prefix(rest, collection.prefix))
    return fail(ec::invalid_request, "\"" + std::string{subject}
                                         + "\" is no change event of "
                                         + collection.prefix);
  if (drop_prefix(rest, ".updated."))
    out.op = change_op::put;
  else if (!drop_prefix(rest, ".invalidate."))
    return fail(ec::invalid_request, "\"" + std::string{subject}
                                         + "\" is no change event of "
                                         + collection.prefix);
  auto k = parse_tokens(rest);
  if (!k)
    return k.error();
  out.key = std::move(*k);
  try {
    read_body(body, out);
  } catch (const std::exception&) {
    // Whatever it was, it told us no revision.
    out.revision = 0;
    out.version = 0;
    out.epoch.clear();
  }
  return out;
}

// -- the log, signals, operators ---------------------------------------------

std::string fence_subject(std::string_view cluster) {
  return cluster_subject("larder.log", cluster, "fence");
}

bool is_fence(std::string_view subject, std::string_view cluster) {
  return subject == fence_subject(cluster);
}

std::string committed_signal(std::string_view cluster,
                             std::string_view event_subject) {
  return cluster_subject("larder.signal", cluster, "committed.")
         + std::string{event_subject};
}

std::string fence_signal(std::string_view cluster) {
  return cluster_subject("larder.signal", cluster, "fence");
}

std::string wake_signal(std::string_view cluster) {
  return cluster_subject("larder.signal", cluster, "wake");
}

std::string roll_signal(std::string_view cluster) {
  return cluster_subject("larder.signal", cluster, "roll");
}

std::string control_all(std::string_view op) {
  return join("larder.control.all", op);
}

std::string control_node(std::string_view node, std::string_view op) {
  return join(join("larder.control", node), op);
}

std::optional<std::string_view> parse_control(std::string_view subject,
                                              std::string_view node) {
  if (!drop_prefix(subject, control_prefix))
    return std::nullopt;
  if (!drop_prefix(subject, "all.")
      && (!drop_prefix(subject, node) || !drop_prefix(subject, ".")))
    return std::nullopt;
  if (subject.empty() || subject.find('.') != std::string_view::npos)
    return std::nullopt;
  return subject;
}

std::string addressed(std::string_view node, std::string_view subject) {
  return join(join("larder.node", node), subject);
}

std::optional<std::string_view> parse_addressed(std::string_view subject,
                                                std::string_view node) {
  if (!drop_prefix(subject, node_prefix) || !drop_prefix(subject, node)
      || !drop_prefix(subject, ".") || subject.empty())
    return std::nullopt;
  return subject;
}

bool is_node_id(std::string_view id) {
  return !id.empty() && id.size() <= 64 && id != "all"
         && std::all_of(id.begin(), id.end(), [](char c) {
              return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
                     || (c >= '0' && c <= '9') || c == '-' || c == '_';
            });
}

}  // namespace larder
