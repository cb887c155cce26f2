#include "node/cli/exit_code.hpp"
#include "node/cli/output.hpp"
#include "node/cli/packages.hpp"
#include "storage/error.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <vector>

namespace larder::cli {

namespace {

using nlohmann::json;

// As many as a node answers at once.
constexpr std::uint64_t page_size = 1'000;

struct read_options : client_options {
  package_choice package;
  std::string version;
  std::string kind;
  std::string after;
  std::string node;
  std::uint32_t limit = 0;
  bool collect = false;
  bool headers = false;
  bool details = false;
};

int get(const read_options& o) {
  auto body = chosen(o.package);
  if (!body)
    return report(body.error(), o.json);
  if (!o.version.empty())
    (*body)["version"] = o.version;
  if (o.collect)
    (*body)["collect"] = true;
  auto reply = ask_packages(o, package_op::get, text_of(*body), o.node);
  if (!reply)
    return report(reply.error(), o.json);
  auto line = [&](const char* name) {
    return std::string{reply->header(name).value_or("")};
  };
  if (o.headers)
    for (auto* name : {"Larder-Tier", "Larder-Revision", "Larder-Node"})
      std::fprintf(stderr, "%s: %s\n", name, line(name).c_str());
  if (!o.json)
    return print(reply->data());
  // The document as it is: its numbers and their order are not ours.
  json about{{"tier", line("Larder-Tier")}, {"node", line("Larder-Node")}};
  auto out = text_of(about);
  out.pop_back();
  auto revision = line("Larder-Revision");
  out += ",\"revision\":" + (revision.empty() ? "null" : revision)
         + ",\"document\":";
  out += reply->data();
  return print_line(out + "}");
}

int print_packages(const read_options& o, const std::string& ecosystem,
                   const json& items) {
  auto name_of = [&](const json& item) {
    auto name = item.value("name", "");
    return ecosystem.empty() ? item.value("ecosystem", "") + " " + name : name;
  };
  std::string out;
  if (o.details) {
    std::vector<std::vector<std::string>> rows{
        {"NAME", "VERSION", "BYTES", "SNIPPETS", "DESCRIPTION"}};
    for (auto& item : items) {
      auto description = item.value("description", "");
      rows.push_back({name_of(item), item.value("version", ""),
                      item.value("bytes", json{}).dump(),
                      item.value("snippets", json{}).dump(),
                      description.substr(0, description.find('\n'))});
    }
    out = table(rows);
  } else {
    for (auto& item : items)
      out += name_of(item) + "\n";
  }
  return print(out);
}

// Text goes out page by page; JSON is one object, as one request would answer.
int list(const read_options& o) {
  auto& asked = o.package;
  if (!asked.ecosystem.empty() && !asked.ecosystem_option.empty())
    return report(fail(ec::invalid_request, "expected one ecosystem"), o.json);
  auto ecosystem = asked.ecosystem + asked.ecosystem_option;
  auto through = remote::open(o);
  if (!through)
    return report(through.error(), o.json);
  auto left = o.limit > 0 ? std::uint64_t{o.limit} : UINT64_MAX;
  auto after = o.after;
  json all = json::array();
  do {
    json body{{"limit", std::min(left, page_size)}};
    if (!ecosystem.empty())
      body["ecosystem"] = ecosystem;
    if (!after.empty())
      body["after"] = after;
    auto page = ask_packages_json(*through, package_op::list, body, o.node);
    if (!page)
      return report(page.error(), o.json);
    auto& items = (*page)["items"];
    left -= std::min<std::uint64_t>(left, items.size());
    auto next = page->value("next", json{});
    after = next.is_string() ? next.get<std::string>() : "";
    if (o.json)
      for (auto& item : items)
        all.push_back(std::move(item));
    else if (auto code = print_packages(o, ecosystem, items); code != exit_done)
      return code;
  } while (left > 0 && !after.empty());
  if (o.json)
    return print_line(
        text_of({{"items", std::move(all)},
                 {"next", after.empty() ? json{} : json(after)}}));
  if (!after.empty())
    std::fprintf(stderr, "there is more: --after '%s'\n", after.c_str());
  return exit_done;
}

int snippets(const read_options& o) {
  auto body = chosen(o.package);
  if (!body)
    return report(body.error(), o.json);
  auto through = remote::open(o);
  if (!through)
    return report(through.error(), o.json);
  (*body)["limit"] = page_size;
  if (!o.kind.empty())
    (*body)["kind"] = o.kind;
  json all = json::array();
  json offset = 0;
  while (!offset.is_null()) {
    (*body)["offset"] = offset;
    auto page =
        ask_packages_json(*through, package_op::snippets, *body, o.node);
    if (!page)
      return report(page.error(), o.json);
    for (auto& one : (*page)["snippets"])
      all.push_back(std::move(one));
    offset = page->value("next", json{});
  }
  if (o.json)
    return print_line(text_of({{"snippets", std::move(all)}}));
  std::string out;
  for (auto& one : all) {
    auto title = one.value("title", "");
    out += "== " + one.value("path", "");
    if (auto line = one.value("line", 0); line > 0)
      out += ":" + std::to_string(line);
    out += title.empty() ? "\n" : "  " + title + "\n";
    out += one.value("code", "");
    out += out.ends_with('\n') ? "\n" : "\n\n";
  }
  return print(out);
}

int stats(const read_options& o) {
  auto s = ask_packages_json(o, package_op::stats, json::object(), o.node);
  if (!s)
    return report(s.error(), o.json);
  if (o.json)
    return print_line(text_of(*s));
  std::vector<std::vector<std::string>> rows{
      {"ECOSYSTEM", "PACKAGES", "VERSIONS", "SNIPPETS", "BYTES"}};
  for (auto& e : (*s)["ecosystems"])
    rows.push_back(
        {e.value("ecosystem", ""), e.value("packages", json{}).dump(),
         e.value("versions", json{}).dump(), e.value("snippets", json{}).dump(),
         e.value("bytes", json{}).dump()});
  return print(table(rows));
}

}  // namespace

void add_packages_read(command& to) {
  auto shared = [](command& c, const std::shared_ptr<read_options>& o) {
    c.option("--node", o->node, "ask this node and no other");
    add_client_options(c, *o);
  };
  auto g = std::make_shared<read_options>();
  auto get_command =
      to.child("get", "Print a package document, byte for byte.");
  add_package_choice(get_command, g->package);
  get_command
      .option("--version", g->version, "this version (the newest release)")
      .flag("--collect", g->collect, "ask its registry if it is not stored")
      .flag("--headers", g->headers,
            "say on stderr which tier and node answered, and the revision")
      .example("  larder packages get npm express | jq .description")
      .action([g] { return get(*g); });
  shared(get_command, g);

  auto l = std::make_shared<read_options>();
  auto list_command =
      to.child("list", "Print the names of packages, of one ecosystem or all.");
  list_command.optional("ECOSYSTEM", l->package.ecosystem, "npm, cargo … (all)")
      .option("--ecosystem,-e", l->package.ecosystem_option, "the same")
      .option("--limit", l->limit, "at most so many (all)")
      .option("--after", l->after, "begin after this place")
      .flag("--details,-l", l->details, "with version, size and description")
      .example("  larder packages list npm --details")
      .action([l] { return list(*l); });
  shared(list_command, l);

  auto s = std::make_shared<read_options>();
  auto snippets_command =
      to.child("snippets", "Print the code snippets taken from a package.");
  add_package_choice(snippets_command, s->package);
  snippets_command
      .option("--kind", s->kind, "readme, example, declaration or doc (all)")
      .example("  larder packages snippets npm express --kind readme")
      .action([s] { return snippets(*s); });
  shared(snippets_command, s);

  auto t = std::make_shared<read_options>();
  auto stats_command =
      to.child("stats", "Count packages and bytes of each ecosystem.");
  stats_command.example("  larder packages stats --json | jq .hits")
      .action([t] { return stats(*t); });
  shared(stats_command, t);
}

}  // namespace larder::cli
