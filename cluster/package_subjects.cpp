#include "cluster/package_subjects.hpp"

#include "storage/error.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace larder {

namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 13> names{
    "get",     "store",     "store_many",     "delete",   "list",
    "get_all", "search",    "search_by_tags", "snippets", "versions",
    "stats",   "revisions", "collect"};

// A name of 512 bytes, escaped, and the little around it.
constexpr std::size_t max_event_bytes = 4'096;

bool drop_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix))
    return false;
  text.remove_prefix(prefix.size());
  return true;
}

// What the body says of the change, if it is the body of an event of this
// package.
void read_body(std::string_view body, package_event& out) {
  if (body.empty() || body.size() > max_event_bytes)
    return;
  // Anybody may publish here; deep nesting is what a DOM could suffer from.
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
  auto revision = all.find("revision");
  auto op = text("op");
  auto& change = out.change;
  if (text("ecosystem") != change.key.ecosystem
      || text("name") != change.key.name || revision == all.end()
      || !revision->is_number_integer() || (op != "store" && op != "delete"))
    return;
  auto number = revision->get<std::int64_t>();
  auto version = text("version");
  if (number <= 0 || !check_package_version(version))
    return;
  change.revision = number;
  change.version = std::move(version);
  change.removed = op == "delete";
  if (auto node = text("node"); is_node_id(node))
    out.node = std::move(node);
}

}  // namespace

std::string_view name_of(package_op op) {
  return names[static_cast<std::size_t>(op)];
}

std::string package_subjects::of(package_op op) const {
  auto family = op == package_op::collect ? ".registry." : ".storage.";
  return prefix + family + std::string{name_of(op)};
}

std::vector<std::string> package_subjects::served() const {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < names.size(); ++i)
    out.push_back(of(static_cast<package_op>(i)));
  // The last one without an ecosystem is answered with what it lacks.
  out.push_back(of(package_op::collect) + ".*");
  return out;
}

std::optional<package_address>
package_subjects::parse(std::string_view subject) const {
  if (!drop_prefix(subject, prefix))
    return std::nullopt;
  if (drop_prefix(subject, ".registry.collect")) {
    if (!subject.empty() && !drop_prefix(subject, "."))
      return std::nullopt;
    return package_address{package_op::collect, subject};
  }
  if (!drop_prefix(subject, ".storage."))
    return std::nullopt;
  auto last = names.end() - 1;
  auto found = std::find(names.begin(), last, subject);
  if (found == last)
    return std::nullopt;
  return package_address{static_cast<package_op>(found - names.begin()), {}};
}

std::string package_subjects::captured() const {
  return prefix + ".updated.>";
}

std::string package_subjects::event(const package_change& change) const {
  return prefix + ".updated."
         + to_tokens({change.key.ecosystem, change.key.name});
}

std::string to_body(const package_event& e) {
  auto& change = e.change;
  nlohmann::ordered_json body{{"ecosystem", change.key.ecosystem},
                              {"name", change.key.name},
                              {"op", change.removed ? "delete" : "store"}};
  if (!change.removed)
    body["version"] = change.version;
  body["revision"] = change.revision;
  body["node"] = e.node;
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string message_id(const package_change& change) {
  return to_tokens({change.key.ecosystem, change.key.name}) + "@"
         + (change.removed ? "-" : to_token(change.version)) + ":"
         + std::to_string(change.revision);
}

caf::expected<package_event> parse_event(const package_subjects& collection,
                                         std::string_view subject,
                                         std::string_view body) {
  auto rest = subject;
  if (!drop_prefix(rest, collection.prefix) || !drop_prefix(rest, ".updated."))
    return fail(ec::invalid_request, "\"" + std::string{subject}
                                         + "\" is no change event of "
                                         + collection.prefix);
  auto k = parse_tokens(rest);
  if (!k)
    return k.error();
  if (auto ok = check_package_key(k->type, k->id); !ok)
    return ok.error();
  package_event out;
  out.change.key = {std::move(k->type), std::move(k->id)};
  read_body(body, out);
  return out;
}

}  // namespace larder
