#include "cluster/subjects.hpp"
#include "node/cli/commands.hpp"
#include "node/cli/exit_code.hpp"
#include "node/cli/output.hpp"
#include "node/cli/remote.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <cstdio>
#include <memory>

namespace larder::cli {

namespace {

using nlohmann::json;

struct search_options : client_options {
  std::string query;
  std::string type;
  std::uint32_t limit = 10;
};

std::string cell(const json& item, const char* name) {
  auto i = item.find(name);
  if (i == item.end() || i->is_null())
    return "-";
  return i->is_string() ? i->get<std::string>() : i->dump();
}

/// For people: they compare it within one answer.
std::string score_of(const json& item) {
  auto i = item.find("score");
  if (i == item.end() || !i->is_number())
    return "-";
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3f", i->get<double>());
  return text.data();
}

int search(const search_options& o) {
  auto node = remote::open(o);
  if (!node)
    return report(node.error(), o.json);
  json body{{"query", o.query}, {"limit", o.limit}};
  if (!o.type.empty())
    body["type"] = o.type;
  auto text = body.dump(-1, ' ', false, json::error_handler_t::replace);
  auto reply =
      node->ask(collection_subjects{}.of(request_op::search), {}, text);
  if (!reply)
    return report(reply.error(), o.json);
  auto found = json::parse(reply->data(), nullptr, false);
  if (o.json || !found.is_object() || !found.contains("results"))
    return print_line(std::string{reply->data()});
  std::vector<std::vector<std::string>> rows{{"TYPE", "ID", "SCORE"}};
  for (auto& item : found["results"])
    rows.push_back({cell(item, "type"), cell(item, "id"), score_of(item)});
  if (rows.size() == 1)
    return exit_not_found;
  return print(table(rows));
}

}  // namespace

void add_search(command_line& to) {
  auto o = std::make_shared<search_options>();
  auto command =
      to.add("search", "Find templates by words in them.", "Templates");
  command.required("QUERY", o->query, "words")
      .option("--type", o->type, "only this type")
      .option("--limit", o->limit, "at most so many (10)")
      .example("  larder search 'phoenix live view' --type framework")
      .action([o] { return search(*o); });
  add_client_options(command, *o);
}

}  // namespace larder::cli
