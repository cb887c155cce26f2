#include "cluster/subjects.hpp"
#include "node/cli/commands.hpp"
#include "node/cli/exit_code.hpp"
#include "node/cli/output.hpp"
#include "node/cli/remote.hpp"
#include "storage/error.hpp"
#include "storage/json.hpp"
#include "storage/whole_number.hpp"

#include <cstdio>
#include <memory>

namespace larder::cli {

namespace {

struct get_options : client_options {
  std::string type;
  std::string id;
  std::string node;
  std::optional<std::int64_t> min_revision;
  std::optional<std::int64_t> version;
  bool no_stale = false;
  bool headers = false;
};

constexpr const char* shown_headers[] = {
    "Larder-Tier",  "Larder-Revision", "Larder-Version", "Larder-Epoch",
    "Larder-Stale", "Larder-Stale-Ms", "Larder-Node"};

nats::headers request_headers(const get_options& o) {
  nats::headers lines;
  if (o.min_revision)
    lines.push_back({"Larder-Min-Revision", std::to_string(*o.min_revision)});
  if (o.version)
    lines.push_back({"Larder-Version", std::to_string(*o.version)});
  if (o.no_stale)
    lines.push_back({"Larder-Allow-Stale", "false"});
  return lines;
}

// A header as a JSON number if it is one, so that scripts need not convert.
std::string number_or_null(std::optional<std::string_view> text) {
  auto number = whole_number<std::int64_t>(text);
  return number ? std::to_string(*number) : "null";
}

std::string to_json(const get_options& o, const nats::message& reply) {
  std::string out{"{\"type\":"};
  append_json_string(out, o.type);
  out += ",\"id\":";
  append_json_string(out, o.id);
  out += ",\"revision\":" + number_or_null(reply.header("Larder-Revision"));
  out += ",\"version\":" + number_or_null(reply.header("Larder-Version"));
  out += ",\"epoch\":";
  append_json_string(out, reply.header("Larder-Epoch").value_or(""));
  out += ",\"tier\":";
  append_json_string(out, reply.header("Larder-Tier").value_or(""));
  out += ",\"node\":";
  append_json_string(out, reply.header("Larder-Node").value_or(""));
  auto stale = reply.header("Larder-Stale").value_or("") == "true";
  out += stale ? ",\"stale\":true" : ",\"stale\":false";
  out += ",\"stale_ms\":";
  out += stale ? number_or_null(reply.header("Larder-Stale-Ms")) : "0";
  out += ",\"content\":";
  out += reply.data();
  return out + "}";
}

int get(const get_options& o) {
  auto name = make_key(o.type, o.id);
  if (!name)
    return report(name.error(), o.json);
  auto subject =
      subject_at(o.node, collection_subjects{}.of(request_op::get, *name));
  if (!subject)
    return report(subject.error(), o.json);
  auto node = remote::open(o);
  if (!node)
    return report(node.error(), o.json);
  auto reply = node->ask(*subject, request_headers(o), {});
  if (!reply)
    return report(reply.error(), o.json);
  if (o.headers)
    for (auto* line : shown_headers)
      if (auto value = reply->header(line))
        std::fprintf(stderr, "%s: %s\n", line, std::string{*value}.c_str());
  return o.json ? print_line(to_json(o, *reply)) : print(reply->data());
}

}  // namespace

void add_get(command_line& to) {
  auto o = std::make_shared<get_options>();
  auto get_command =
      to.add("get", "Print a template, byte for byte.", "Templates");
  get_command.required("TYPE", o->type, "type, for example framework")
      .required("ID", o->id, "id within the type")
      .option("--node", o->node, "ask this node and no other")
      .option("--min-revision", o->min_revision,
              "this revision or a newer one, whatever caches hold")
      .option("--version", o->version, "this version of the template")
      .flag("--no-stale", o->no_stale,
            "rather fail than print what may be out of date")
      .flag("--headers", o->headers,
            "say on stderr which tier and node answered, and the revision")
      .example("  larder get framework phoenix --headers\n"
               "  larder get framework phoenix --json | jq .tier")
      .action([o] { return get(*o); });
  add_client_options(get_command, *o);
}

}  // namespace larder::cli
