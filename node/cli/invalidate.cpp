#include "cluster/subjects.hpp"
#include "node/cli/commands.hpp"
#include "node/cli/exit_code.hpp"
#include "node/cli/output.hpp"
#include "node/cli/remote.hpp"
#include "storage/error.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <thread>

namespace larder::cli {

namespace {

using nlohmann::json;
using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

// A node that says nothing for so long must not answer from memory without
// asking below, so it cannot answer the old value either.
constexpr auto lost_after = 2s;

struct invalidate_options : client_options {
  std::string type;
  std::string id;
};

// JetStream's acknowledgement is the answer to the event itself: from then on
// the invalidation is durable, and nodes that are away apply it too.
caf::expected<std::uint64_t> publish(remote& through, const key& name) {
  change what;
  what.key = name;
  what.op = change_op::invalidate;
  auto subject = collection_subjects{}.event(what);
  auto reply = through.ask(subject, {}, to_body(what));
  if (!reply) {
    if (code_of(reply.error()) != ec::unavailable)
      return std::move(reply.error());
    return fail(ec::unavailable,
                "no JetStream stream takes " + subject
                    + "; a node makes it when it starts: `larder node`");
  }
  auto body = json::parse(reply->data(), nullptr, false);
  if (body.is_object() && body.contains("seq")
      && body["seq"].is_number_unsigned())
    return body["seq"].get<std::uint64_t>();
  auto why = body.is_object() && body.contains("error") ? body["error"].dump()
                                                        : "no sequence in it";
  return fail(ec::unavailable, "JetStream did not store it: " + why);
}

struct standing {
  std::uint64_t applied = 0;
  clock::time_point heard;
};

// Adds what the nodes say now. A node without a log position has none.
caf::error look_around(remote& at, std::map<std::string, standing>& nodes) {
  auto answers = at.poll_nodes("ping");
  if (!answers)
    return std::move(answers.error());
  for (auto& one : *answers) {
    auto body = json::parse(one.body, nullptr, false);
    auto applied = body.is_object() ? body.value("applied", json{}) : json{};
    nodes[one.node] = {
        applied.is_number_unsigned() ? applied.get<std::uint64_t>() : 0,
        clock::now()};
  }
  return {};
}

// The nodes that live and have not come to `sequence` yet.
std::vector<std::string> behind(const std::map<std::string, standing>& nodes,
                                std::uint64_t sequence) {
  std::vector<std::string> names;
  for (auto& [name, node] : nodes)
    if (node.applied < sequence && clock::now() - node.heard < lost_after)
      names.push_back(name);
  return names;
}

int say(const invalidate_options& o, std::uint64_t sequence,
        const std::map<std::string, standing>& nodes) {
  json applied = json::array();
  std::string names;
  for (auto& [name, node] : nodes)
    if (node.applied >= sequence) {
      applied.push_back(name);
      names += (names.empty() ? "" : ", ") + name;
    }
  if (o.json)
    return print_line(
        json{{"sequence", sequence}, {"applied", applied}}.dump());
  if (names.empty())
    names = "no node (none lives)";
  std::fprintf(stderr, "invalidated %s/%s: applied by %s\n", o.type.c_str(),
               o.id.c_str(), names.c_str());
  return exit_done;
}

int invalidate(const invalidate_options& o) {
  auto name = make_key(o.type, o.id);
  if (!name)
    return report(name.error(), o.json);
  auto through = remote::open(o);
  if (!through)
    return report(through.error(), o.json);
  auto sequence = publish(*through, *name);
  if (!sequence)
    return report(sequence.error(), o.json);
  std::map<std::string, standing> nodes;
  auto deadline = clock::now() + o.timeout;
  for (;;) {
    auto err = look_around(*through, nodes);
    // That no node lives is no failure: the invalidation is in the log.
    if (err && code_of(err) != ec::unavailable)
      return report(err, o.json);
    auto waiting = behind(nodes, *sequence);
    if (waiting.empty())
      return say(o, *sequence, nodes);
    if (clock::now() >= deadline)
      return report(fail(ec::deadline_exceeded,
                         "the invalidation is stored (sequence "
                             + std::to_string(*sequence) + "), but node "
                             + waiting.front() + " has not applied it yet"),
                    o.json);
    std::this_thread::sleep_for(20ms);
  }
}

}  // namespace

void add_invalidate(command_line& to) {
  auto o = std::make_shared<invalidate_options>();
  auto command = to.add("invalidate",
                        "Drop a template from every cache; return when every "
                        "live node has.",
                        "Templates");
  command.required("TYPE", o->type, "type, for example framework")
      .required("ID", o->id, "id within the type")
      .example("  larder invalidate framework phoenix")
      .action([o] { return invalidate(*o); });
  add_client_options(command, *o);
}

}  // namespace larder::cli
