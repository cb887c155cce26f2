#include "node/cli/commands.hpp"
#include "node/cli/exit_code.hpp"
#include "node/cli/output.hpp"
#include "node/cli/remote.hpp"
#include "storage/error.hpp"
#include "storage/key.hpp"

#include <nlohmann/json.hpp>

#include <memory>

namespace larder::cli {

namespace {

using json = nlohmann::ordered_json;

struct explain_options : client_options {
  std::string type;
  std::string id;
  std::string node;
};

// Indented for people: what a node says here is a small tree, not a table.
int print_answers(const client_options& o,
                  const std::vector<node_answer>& answers) {
  int code = exit_done;
  json all = json::array();
  for (auto& one : answers) {
    if (one.error)
      code = worse_of(code, report(one.error, o.json));
    else
      all.push_back(json::parse(one.body, nullptr, false));
  }
  if (all.empty())
    return code;
  json shown{{"nodes", std::move(all)}};
  return worse_of(code, print_line(shown.dump(o.json ? -1 : 2)));
}

int ask(const explain_options& o, std::string_view op,
        const std::string& body) {
  auto through = remote::open(o);
  if (!through)
    return report(through.error(), o.json);
  auto answers = through->ask_nodes(op, o.node, body);
  if (!answers)
    return report(answers.error(), o.json);
  return print_answers(o, *answers);
}

int explain(const explain_options& o) {
  auto name = make_key(o.type, o.id);
  if (!name)
    return report(name.error(), o.json);
  return ask(o, "explain", json{{"type", name->type}, {"id", name->id}}.dump());
}

}  // namespace

void add_explain(command_line& to) {
  auto o = std::make_shared<explain_options>();
  auto command = to.add("explain",
                        "Which tier of which node holds what of a "
                        "template.",
                        "Cluster");
  command.required("TYPE", o->type, "type, for example framework")
      .required("ID", o->id, "id within the type")
      .option("--node", o->node, "only this node")
      .example("  larder explain framework phoenix")
      .action([o] { return explain(*o); });
  add_client_options(command, *o);
}

void add_top(command_line& to) {
  auto o = std::make_shared<explain_options>();
  auto command =
      to.add("top", "The templates that are asked for most.", "Cluster");
  command.option("--node", o->node, "only this node")
      .example("  larder top")
      .action([o] { return ask(*o, "top", "{}"); });
  add_client_options(command, *o);
}

}  // namespace larder::cli
