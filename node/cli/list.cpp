#include "cluster/subjects.hpp"
#include "node/cli/commands.hpp"
#include "node/cli/exit_code.hpp"
#include "node/cli/output.hpp"
#include "node/cli/remote.hpp"
#include "storage/error.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>

namespace larder::cli {

namespace {

using nlohmann::json;

// As many as a node answers at once.
constexpr std::uint64_t page_size = 1'000;

struct list_options : client_options {
  std::string type;
  /// 0: all.
  std::uint32_t limit = 0;
  std::string after;
  bool details = false;
};

struct page {
  json items;
  /// The id to go on after; empty at the end.
  std::string next;
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

caf::expected<page> ask(remote& node, const std::string& subject,
                        std::uint64_t limit, const std::string& after) {
  json body{{"limit", limit}};
  if (!after.empty())
    body["after"] = after;
  auto text = body.dump(-1, ' ', false, json::error_handler_t::replace);
  auto reply = node.ask(subject, {}, text);
  if (!reply)
    return std::move(reply.error());
  auto parsed = json::parse(reply->data(), nullptr, false);
  if (!parsed.is_object() || !parsed.contains("items")
      || !parsed["items"].is_array())
    return fail(ec::internal, "the node's reply holds no \"items\"");
  auto next = parsed.value("next", json{});
  return page{std::move(parsed["items"]),
              next.is_string() ? next.get<std::string>() : ""};
}

// Text goes out page by page; JSON is one object, as one request would answer.
int list(const list_options& o) {
  if (auto type = make_key(o.type, "any"); !type)
    return report(type.error(), o.json);
  auto node = remote::open(o);
  if (!node)
    return report(node.error(), o.json);
  auto subject =
      collection_subjects{}.of(request_op::list) + "." + to_token(o.type);
  auto left = o.limit > 0 ? std::uint64_t{o.limit} : UINT64_MAX;
  auto after = o.after;
  json all = json::array();
  do {
    auto some = ask(*node, subject, std::min(left, page_size), after);
    if (!some)
      return report(some.error(), o.json);
    left -= std::min<std::uint64_t>(left, some->items.size());
    after = some->next;
    if (o.json)
      for (auto& item : some->items)
        all.push_back(std::move(item));
    else if (auto code = print_items(o, some->items); code != exit_done)
      return code;
  } while (left > 0 && !after.empty());
  if (o.json)
    return print_line(
        json{{"items", std::move(all)},
             {"next", after.empty() ? json{} : json(after)}}
            .dump(-1, ' ', false, json::error_handler_t::replace));
  if (!after.empty())
    std::fprintf(stderr, "there is more: --after '%s'\n", after.c_str());
  return exit_done;
}

}  // namespace

void add_list(command_line& to) {
  auto o = std::make_shared<list_options>();
  auto list_command = to.add("list", "Print the ids of a type.", "Templates");
  list_command.required("TYPE", o->type, "type, for example framework")
      .option("--limit", o->limit, "at most so many (all)")
      .option("--after", o->after, "begin after this id")
      .flag("--details,-l", o->details, "with revision, version and time")
      .example("  larder list framework --details\n"
               "  larder list prompt --limit 50 --json | jq -r .next")
      .action([o] { return list(*o); });
  add_client_options(list_command, *o);
}

}  // namespace larder::cli
