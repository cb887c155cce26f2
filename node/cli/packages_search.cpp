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

struct search_options : client_options {
  std::vector<std::string> words;
  std::string ecosystem;
  std::vector<std::string> tags;
  std::string match = "all";
  std::uint32_t limit = 10;
  std::uint32_t offset = 0;
};

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

int print_hits(const json& results) {
  std::string out;
  for (auto& hit : results) {
    out += hit.value("ecosystem", "") + " " + hit.value("name", "") + " "
           + hit.value("version", "") + "\n";
    out += "    " + one_line(hit.value("description", "")) + "\n";
    auto snippet = hit.value("snippet", json::object());
    if (snippet.value("field", "") != "description"
        && !snippet.value("text", "").empty())
      out += "    … " + one_line(snippet.value("text", "")) + "\n";
  }
  return print(out);
}

// Words are searched for; tags alone are looked up.
int search(const search_options& o) {
  std::string query;
  for (auto& word : o.words)
    query += (query.empty() ? "" : " ") + word;
  if (query.empty() && o.tags.empty())
    return report(fail(ec::invalid_request, "expected words or --tag"), o.json);
  json body{{"limit", o.limit}};
  if (!o.ecosystem.empty())
    body["ecosystem"] = o.ecosystem;
  if (!o.tags.empty())
    body["tags"] = o.tags;
  auto by_tags = query.empty();
  if (by_tags) {
    body["match"] = o.match;
  } else {
    body["query"] = query;
    body["offset"] = o.offset;
  }
  auto found = ask_packages_json(
      o, by_tags ? package_op::search_by_tags : package_op::search, body);
  if (!found)
    return report(found.error(), o.json);
  auto& results = (*found)[by_tags ? "items" : "results"];
  auto code = o.json ? print_line(text_of(*found)) : print_hits(results);
  return code == exit_done && results.empty() ? exit_not_found : code;
}

}  // namespace

void add_packages_search(command& to) {
  auto o = std::make_shared<search_options>();
  auto c =
      to.child("search", "Find packages by words or tags, the best first.");
  c.rest("WORDS", o->words, "what to look for")
      .option("--ecosystem,-e", o->ecosystem, "only this one (all)")
      .option("--tag", o->tags, "only packages with this tag; several: all")
      .option("--match", o->match,
              "without words: any or all of the tags (all)")
      .option("--limit", o->limit, "at most so many (10)")
      .option("--offset", o->offset, "pass over so many (0)")
      .example("  larder packages search async runtime --ecosystem cargo\n"
               "  larder packages search --tag web --tag fast")
      .action([o] { return search(*o); });
  add_client_options(c, *o);
}

}  // namespace larder::cli
