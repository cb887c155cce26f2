#include "cluster/subjects.hpp"
#include "node/cli/commands.hpp"
#include "node/cli/exit_code.hpp"
#include "node/cli/output.hpp"
#include "node/cli/remote.hpp"
#include "node/cli/verify_run.hpp"
#include "node/progress.hpp"

#include <nlohmann/json.hpp>

#include <memory>

namespace larder::cli {

namespace {

using nlohmann::ordered_json;

// Lines of a table; --json has all.
constexpr std::size_t max_listed = 100;

struct verify_options : client_options {
  std::vector<std::string> nodes;
  std::optional<std::int64_t> sample;
  std::optional<std::string> type;
  bool all = false;
  bool read = false;
};

caf::expected<verify_plan> plan_of(const verify_options& o) {
  if (o.all && o.sample)
    return fail(ec::invalid_request,
                "--all and --sample exclude each other: all keys, or some");
  if (o.sample && (*o.sample < 1 || *o.sample > 2'000))
    return fail(ec::invalid_request,
                "--sample is " + std::to_string(*o.sample)
                    + "; expected 1 to 2000 (--all has no limit)");
  for (auto& node : o.nodes)
    if (auto ok = check_node_id(node); !ok)
      return std::move(ok.error());
  verify_plan plan;
  plan.nodes = o.nodes;
  plan.all = o.all;
  plan.type = o.type;
  plan.read = o.read;
  if (o.sample)
    plan.sample = static_cast<std::uint32_t>(*o.sample);
  return plan;
}

ordered_json to_json(const version_info& info, bool present,
                     const std::string& digest) {
  ordered_json body{{"revision", info.revision},
                    {"epoch", info.epoch.text()},
                    {"present", present}};
  if (!digest.empty())
    body["sha256"] = digest;
  return body;
}

std::string to_json(const verify_report& r) {
  ordered_json nodes = ordered_json::array();
  for (auto& p : r.places)
    nodes.push_back({{"node", p.place},
                     {"checked", p.checked},
                     {"held", p.held},
                     {"fresh", p.fresh},
                     {"marked_stale", p.marked},
                     {"inconsistent", p.inconsistent}});
  ordered_json wrong = ordered_json::array();
  for (auto& f : r.findings) {
    auto truth = to_json(f.truth.info, f.truth.present, f.truth.digest);
    truth["age_ms"] = f.truth.age.count();
    wrong.push_back({{"node", f.place},
                     {"type", f.key.type},
                     {"id", f.key.id},
                     {"why", name_of(f.why)},
                     {"answered", to_json(f.answered.info, f.answered.present,
                                          f.answered.digest)},
                     {"truth", std::move(truth)}});
  }
  return ordered_json{{"nodes", std::move(nodes)},
                      {"inconsistent", std::move(wrong)}}
      .dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string tables(const verify_report& r) {
  auto text = [](std::uint64_t n) { return std::to_string(n); };
  std::vector<std::vector<std::string>> rows{
      {"NODE", "CHECKED", "HELD", "FRESH", "MARKED STALE", "INCONSISTENT"}};
  for (auto& p : r.places)
    rows.push_back({p.place, text(p.checked), text(p.held), text(p.fresh),
                    text(p.marked), text(p.inconsistent)});
  auto out = table(rows);
  if (r.findings.empty())
    return out;
  rows = {{"NODE", "KEY", "ITS ANSWER", "REVISION", "TRUTH", "CHANGED"}};
  for (auto& f : r.findings) {
    if (rows.size() > max_listed)
      break;
    rows.push_back({f.place, f.key.type + "/" + f.key.id,
                    std::string{name_of(f.why)},
                    std::to_string(f.answered.info.revision),
                    std::to_string(f.truth.info.revision),
                    duration_text(f.truth.age) + " ago"});
  }
  out += '\n' + table(rows);
  if (r.findings.size() > max_listed)
    out += "… and " + std::to_string(r.findings.size() - max_listed)
           + " more; --json lists all\n";
  return out;
}

int verify(const verify_options& o) {
  auto plan = plan_of(o);
  if (!plan)
    return report(plan.error(), o.json);
  auto through = remote::open(o);
  if (!through)
    return report(through.error(), o.json);
  caf::expected<verify_report> done = caf::error{};
  {
    progress bar{"verify", 0};
    verify_run run{*through, std::move(*plan),
                   [&](std::uint64_t checked) { bar.update(checked); }};
    done = run.run();
    bar.clear();
  }
  if (!done)
    return report(done.error(), o.json);
  auto printed = o.json ? print_line(to_json(*done)) : print(tables(*done));
  return done->findings.empty() ? printed
                                : worse_of(printed, exit_inconsistent);
}

}  // namespace

void add_verify(command_line& to) {
  auto o = std::make_shared<verify_options>();
  auto command = to.add("verify",
                        "Compare what the nodes answer with the source of "
                        "truth.",
                        "Cluster");
  command
      .option("--node", o->nodes, "this node alone; may be given several times")
      .option("--sample", o->sample,
              "about so many keys (200): those that changed last, those that "
              "are read most, some at random")
      .flag("--all", o->all, "every key there is")
      .option("--type", o->type, "keys of this type alone")
      .flag("--read", o->read,
            "read each key as clients do, which fills the nodes' memory; "
            "otherwise only look at what they would answer from memory")
      .example("  larder verify --all\n"
               "  larder verify --node node-2 --type framework --sample 1000")
      .action([o] { return verify(*o); });
  add_client_options(command, *o);
}

}  // namespace larder::cli
