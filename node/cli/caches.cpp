#include "node/cli/commands.hpp"
#include "node/cli/exit_code.hpp"
#include "node/cli/output.hpp"
#include "node/cli/remote.hpp"
#include "node/progress.hpp"
#include "storage/error.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <map>
#include <memory>

namespace larder::cli {

namespace {

using nlohmann::json;

struct cache_options : client_options {
  std::string node;
  std::string type;
  std::uint32_t limit = 0;
  std::vector<std::string> tiers;
};

struct warm_state {
  std::uint64_t done = 0;
  std::uint64_t total = 0;
};

std::uint64_t number_in(const json& body, const char* name) {
  auto i = body.find(name);
  return i != body.end() && i->is_number_unsigned() ? i->get<std::uint64_t>()
                                                    : 0;
}

// One bar for all nodes; their messages come on a thread of the client's, one
// after the other.
class warm_watch {
 public:
  bool seen(const node_answer& one) {
    auto body = json::parse(one.body, nullptr, false);
    if (!body.is_object())
      return false;
    nodes_[one.node] = {number_in(body, "warmed"), number_in(body, "total")};
    auto sum = all();
    bar_.set_total(sum.total);
    bar_.update(sum.done);
    auto done = body.find("done");
    return done != body.end() && *done == true;
  }

  warm_state all() const {
    warm_state sum;
    for (auto& [name, node] : nodes_) {
      sum.done += node.done;
      sum.total += node.total;
    }
    return sum;
  }

  void close() { bar_.clear(); }
  std::chrono::nanoseconds elapsed() const { return bar_.elapsed(); }
  const std::map<std::string, warm_state>& nodes() const { return nodes_; }

 private:
  progress bar_{"warm", 0};
  std::map<std::string, warm_state> nodes_;
};

// Prints errors; the worst becomes the exit code.
int report_all(const std::vector<node_answer>& answers, bool json_wanted) {
  int code = exit_done;
  for (auto& one : answers)
    if (one.error)
      code = worse_of(code, report(one.error, json_wanted));
  return code;
}

int warm(const cache_options& o) {
  auto through = remote::open(o);
  if (!through)
    return report(through.error(), o.json);
  json body = json::object();
  if (!o.type.empty())
    body["type"] = o.type;
  if (o.limit > 0)
    body["limit"] = o.limit;
  auto text = body.dump(-1, ' ', false, json::error_handler_t::replace);
  warm_watch watch;
  auto answers =
      through->ask_nodes("warm", o.node, text, [&](const node_answer& one) {
        return watch.seen(one);
      });
  watch.close();
  if (!answers)
    return report(answers.error(), o.json);
  auto code = report_all(*answers, o.json);
  if (o.json) {
    json nodes = json::array();
    for (auto& [name, node] : watch.nodes())
      nodes.push_back({{"node", name}, {"warmed", node.done}});
    print_line(
        json{{"warmed", watch.all().done}, {"nodes", std::move(nodes)}}.dump());
  } else {
    for (auto& [name, node] : watch.nodes())
      std::fprintf(stderr, "%s: %llu templates\n", name.c_str(),
                   static_cast<unsigned long long>(node.done));
    std::fprintf(stderr, "warm after %s\n",
                 duration_text(watch.elapsed()).c_str());
  }
  return code;
}

int clear(const cache_options& o) {
  for (auto& tier : o.tiers)
    if (tier != "memory" && tier != "jetstream")
      return report(fail(ec::invalid_request,
                         "there is no tier \"" + tier
                             + "\" to clear; expected memory or jetstream"),
                    o.json);
  auto through = remote::open(o);
  if (!through)
    return report(through.error(), o.json);
  json body = json::object();
  if (!o.type.empty())
    body["type"] = o.type;
  if (!o.tiers.empty())
    body["tiers"] = o.tiers;
  auto text = body.dump(-1, ' ', false, json::error_handler_t::replace);
  auto answers = through->ask_nodes("clear", o.node, text);
  if (!answers)
    return report(answers.error(), o.json);
  auto code = report_all(*answers, o.json);
  json cleared = json::array();
  for (auto& one : *answers) {
    if (one.error)
      continue;
    cleared.push_back(one.node);
    if (!o.json)
      std::fprintf(stderr, "cleared on %s\n", one.node.c_str());
  }
  if (o.json)
    print_line(json{{"cleared", std::move(cleared)}}.dump());
  return code;
}

}  // namespace

void add_warm(command_line& to) {
  auto o = std::make_shared<cache_options>();
  o->timeout = std::chrono::minutes{10};
  auto command = to.add("warm",
                        "Read templates into memory before they are "
                        "asked for.",
                        "Cluster");
  command.option("--type", o->type, "only this type")
      .option("--limit", o->limit, "at most so many a node")
      .option("--node", o->node, "only this node")
      .example("  larder warm --type framework")
      .action([o] { return warm(*o); });
  add_client_options(command, *o);
}

void add_clear(command_line& to) {
  auto o = std::make_shared<cache_options>();
  auto command = to.add("clear",
                        "Forget what is cached; the source of truth "
                        "keeps everything.",
                        "Cluster");
  command.option("--type", o->type, "only this type")
      .option("--tiers", o->tiers, "memory, jetstream or both (both)")
      .option("--node", o->node, "only this node")
      .example("  larder clear --tiers memory --node node-1")
      .action([o] { return clear(*o); });
  add_client_options(command, *o);
}

}  // namespace larder::cli
