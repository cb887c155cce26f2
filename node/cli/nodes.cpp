#include "node/cli/commands.hpp"
#include "node/cli/exit_code.hpp"
#include "node/cli/output.hpp"
#include "node/cli/remote.hpp"
#include "node/progress.hpp"

#include <nlohmann/json.hpp>

#include <memory>

namespace larder::cli {

namespace {

using nlohmann::json;

std::string cell(const json& body, const char* name) {
  auto i = body.find(name);
  if (i == body.end() || i->is_null())
    return "-";
  if (i->is_boolean())
    return i->get<bool>() ? "yes" : "no";
  return i->is_string() ? i->get<std::string>() : i->dump();
}

std::string uptime(const json& body) {
  auto i = body.find("uptime_ms");
  if (i == body.end() || !i->is_number())
    return "-";
  auto minutes = i->get<std::int64_t>() / 60'000;
  if (minutes < 60)
    return duration_text(std::chrono::milliseconds{i->get<std::int64_t>()});
  return std::to_string(minutes / 60) + " h " + std::to_string(minutes % 60)
         + " min";
}

int nodes(const client_options& o) {
  auto through = remote::open(o);
  if (!through)
    return report(through.error(), o.json);
  auto answers = through->poll_nodes("info");
  if (!answers)
    return report(answers.error(), o.json);
  json all = json::array();
  std::vector<std::vector<std::string>> rows{
      {"NODE", "VERSION", "READY", "UPTIME", "ENTRIES", "FENCE MS", "APPLIED"}};
  int code = exit_done;
  for (auto& one : *answers) {
    if (one.error) {
      code = worse_of(code, report(one.error, o.json));
      continue;
    }
    auto body = json::parse(one.body, nullptr, false);
    rows.push_back({one.node, cell(body, "version"), cell(body, "ready"),
                    uptime(body), cell(body, "entries"),
                    cell(body, "fence_age_ms"), cell(body, "applied")});
    all.push_back(std::move(body));
  }
  return worse_of(code, o.json ? print_line(json{{"nodes", all}}.dump())
                               : print(table(rows)));
}

}  // namespace

void add_nodes(command_line& to) {
  auto o = std::make_shared<client_options>();
  auto command =
      to.add("nodes", "The nodes that live, and how they are.", "Cluster");
  command.example("  larder nodes").action([o] { return nodes(*o); });
  add_client_options(command, *o);
}

}  // namespace larder::cli
