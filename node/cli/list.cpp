#include "cluster/subjects.hpp"
#include "node/cli/commands.hpp"
#include "node/cli/exit_code.hpp"
#include "node/cli/output.hpp"
#include "node/cli/remote.hpp"
#include "storage/error.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <memory>

namespace larder::cli {

namespace {

using nlohmann::json;

struct list_options : client_options {
  std::string type;
  std::uint32_t limit = 100;
  std::string after;
  bool all = false;
  bool details = false;
};

int print_items(const list_options& o, const json& items) {
  std::string out;
  if (o.details) {
    std::vector<std::vector<std::string>> rows{
        {"ID", "REVISION", "VERSION", "UPDATED"}};
    for (auto& item : items)
      rows.push_back(
          {item.value("id", ""), item.value("revision", json{}).dump(),
           item.value("version", json{}).dump(), item.value("updated_at", "")});
    out = table(rows);
  } else {
    for (auto& item : items)
      out += item.value("id", "") + "\n";
  }
  return print(out);
}

// One page at a time: the whole of a type never stands in memory.
int list(list_options& o) {
  auto node = remote::open(o);
  if (!node)
    return report(node.error(), o.json);
  auto type = make_key(o.type, "any");
  if (!type)
    return report(type.error(), o.json);
  auto subject =
      collection_subjects{}.of(request_op::list) + "." + to_token(o.type);
  for (;;) {
    json body{{"limit", o.limit}};
    if (!o.after.empty())
      body["after"] = o.after;
    auto text = body.dump(-1, ' ', false, json::error_handler_t::replace);
    auto reply = node->ask(subject, {}, text);
    if (!reply)
      return report(reply.error(), o.json);
    auto page = json::parse(reply->data(), nullptr, false);
    if (!page.is_object() || !page.contains("items")
        || !page["items"].is_array())
      return report(fail(ec::internal, "the node's reply holds no \"items\""),
                    o.json);
    auto printed = o.json ? print_line(std::string{reply->data()})
                          : print_items(o, page["items"]);
    if (printed != exit_done)
      return printed;
    auto next = page.find("next");
    if (next == page.end() || !next->is_string()
        || next->get_ref<const std::string&>().empty())
      return exit_done;
    if (!o.all) {
      std::fprintf(stderr, "there is more: --after '%s', or --all\n",
                   next->get_ref<const std::string&>().c_str());
      return exit_done;
    }
    o.after = next->get<std::string>();
  }
}

}  // namespace

void add_list(command_line& to) {
  auto o = std::make_shared<list_options>();
  auto list_command = to.add("list", "Print the ids of a type.", "Templates");
  list_command.required("TYPE", o->type, "type, for example framework")
      .option("--limit", o->limit, "ids of one page (100)")
      .option("--after", o->after, "begin after this id")
      .flag("--all", o->all, "go on to the last page")
      .flag("--details,-l", o->details, "with revision, version and time")
      .example("  larder list framework --details\n"
               "  larder list prompt --all --json   # one page a line")
      .action([o] { return list(*o); });
  add_client_options(list_command, *o);
}

}  // namespace larder::cli
