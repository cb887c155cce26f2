#include "node/cli/collect_run.hpp"
#include "node/cli/exit_code.hpp"
#include "node/cli/input.hpp"
#include "node/cli/output.hpp"
#include "node/cli/package_list.hpp"
#include "node/cli/packages.hpp"
#include "node/progress.hpp"
#include "storage/error.hpp"
#include "storage/key.hpp"

#include <cstdio>
#include <memory>

namespace larder::cli {

namespace {

using nlohmann::json;

constexpr std::size_t max_list_bytes = 64 << 20;

struct collect_options : client_options {
  collect_options() { timeout = std::chrono::seconds{60}; }
  std::vector<std::string> packages;
  std::string ecosystem;
  std::string version;
  std::string from;
  std::uint32_t window = 8;
};

caf::expected<package_list> list_of(const collect_options& o) {
  if (o.packages.empty() == o.from.empty())
    return fail(ec::invalid_request,
                "expected --package NAME or --from FILE, and not both");
  if (!o.from.empty()) {
    if (!o.version.empty())
      return fail(ec::invalid_request,
                  "--version goes with --package; in a list a version stands "
                  "beside its name");
    auto text = read_input(o.from, max_list_bytes + 1);
    if (!text)
      return text.error();
    if (text->size() > max_list_bytes)
      return fail(ec::too_large,
                  o.from + " is larger than 64 MiB; no list of packages is");
    return parse_package_list(o.from, *text, o.ecosystem);
  }
  if (!o.version.empty() && o.packages.size() > 1)
    return fail(ec::invalid_request,
                "--version goes with one --package; for several write "
                "NAME@VERSION");
  package_list list{"list", {}, {}};
  for (auto& spec : o.packages) {
    auto package =
        parse_package_spec(spec, o.ecosystem.empty() ? "npm" : o.ecosystem);
    if (!o.version.empty())
      package.version = o.version;
    list.packages.push_back(std::move(package));
  }
  return list;
}

std::string body_of(const wanted_package& p, bool with_ecosystem) {
  json body{{"name", p.name}};
  if (with_ecosystem)
    body["ecosystem"] = p.ecosystem;
  if (!p.version.empty())
    body["version"] = p.version;
  return text_of(body);
}

collect_calls calls_of(remote& node) {
  collect_calls calls;
  calls.stored = [&node](const wanted_package& p,
                         collect_calls::stored_done done) {
    node.ask_later(package_subjects{}.of(package_op::get), {}, body_of(p, true),
                   with_body(std::move(done)));
  };
  calls.collect = [&node](const wanted_package& p,
                          collect_calls::collect_done done) {
    node.ask_later(package_subjects{}.of(package_op::collect) + "."
                       + to_token(p.ecosystem),
                   {}, body_of(p, false),
                   [done = std::move(done)](caf::expected<nats::message> got) {
                     if (got)
                       done(parse_collect_reply(got->data()));
                     else
                       done(std::move(got.error()));
                   });
  };
  return calls;
}

std::string name_of(const wanted_package& p) {
  return p.ecosystem + " " + p.name
         + (p.version.empty() ? "" : " " + p.version);
}

double seconds_of(const collect_report& report) {
  return std::chrono::duration<double>(report.elapsed).count();
}

double rate_of(const collect_report& report) {
  auto seconds = seconds_of(report);
  auto stored = report.done() - report.failures.size();
  return seconds > 0 ? static_cast<double>(stored) / seconds : 0;
}

void say(const package_list& list, const collect_report& done) {
  for (auto& other : list.others)
    std::fprintf(stderr, "larder: %s %s: passed over\n", other.what.c_str(),
                 other.why.c_str());
  for (auto& failure : done.failures)
    std::fprintf(stderr, "larder: %s: %s\n", name_of(failure.package).c_str(),
                 message_of(failure.error).c_str());
  auto number = [](std::uint64_t n) {
    return static_cast<unsigned long long>(n);
  };
  std::fprintf(stderr, "%llu collected, %llu unchanged, %llu already there",
               number(done.collected), number(done.unchanged),
               number(done.present));
  if (done.stale > 0)
    std::fprintf(stderr, ", %llu stale", number(done.stale));
  if (!done.failures.empty())
    std::fprintf(stderr, ", %zu failed", done.failures.size());
  std::fprintf(stderr,
               " in %s (%.1f packages/s): %llu digests verified, %llu "
               "snippets, %.1f MB of archives\n",
               duration_text(done.elapsed).c_str(), rate_of(done),
               number(done.verified), number(done.snippets),
               static_cast<double>(done.archive_bytes) / 1e6);
}

int print_report(const package_list& list, const collect_report& done) {
  auto failures = json::array();
  for (auto& failure : done.failures)
    failures.push_back({{"ecosystem", failure.package.ecosystem},
                        {"name", failure.package.name},
                        {"version", failure.package.version},
                        {"error", larder::name_of(code_of(failure.error))},
                        {"message", message_of(failure.error)}});
  auto others = json::array();
  for (auto& other : list.others)
    others.push_back({{"what", other.what}, {"why", other.why}});
  json body{{"form", list.form},
            {"packages", list.packages.size()},
            {"collected", done.collected},
            {"unchanged", done.unchanged},
            {"present", done.present},
            {"stale", done.stale},
            {"retries", done.retries},
            {"verified", done.verified},
            {"snippets", done.snippets},
            {"archive_bytes", done.archive_bytes},
            {"downloaded_bytes", done.downloaded_bytes},
            {"seconds", seconds_of(done)},
            {"rate", rate_of(done)},
            {"passed_over", std::move(others)},
            {"failures", std::move(failures)}};
  return print_line(text_of(body));
}

int collect(const collect_options& o) {
  if (o.window == 0)
    return report(fail(ec::invalid_request, "--window has to be at least 1"),
                  o.json);
  auto list = list_of(o);
  if (!list)
    return report(list.error(), o.json);
  auto node = remote::open(o);
  if (!node)
    return report(node.error(), o.json);
  auto limits = collect_limits;
  limits.window = o.window;
  progress bar{"collect", list->packages.size()};
  auto done = run_collect(list->packages, calls_of(*node), limits,
                          [&](std::uint64_t count) { bar.update(count); });
  bar.clear();
  if (o.json)
    return worse_of(exit_code_of(done), print_report(*list, done));
  say(*list, done);
  return exit_code_of(done);
}

}  // namespace

void add_packages_collect(command& to) {
  auto o = std::make_shared<collect_options>();
  auto collecting =
      to.child("collect", "Fetch packages from their registries and keep "
                          "them.");
  collecting
      .repeated("--package", o->packages, "NAME or NAME@VERSION; several times")
      .option("--ecosystem", o->ecosystem, "npm (default), cargo, hex or pypi")
      .option("--version", o->version, "this version, not the newest")
      .option("--from", o->from,
              "package-lock.json, Cargo.lock, mix.lock, requirements.txt, or "
              "a list with one name a line; - is standard input")
      .option("--window", o->window, "packages in flight at once (8)")
      .example("  larder packages collect --package express\n"
               "  larder packages collect --package tokio --ecosystem cargo\n"
               "  larder packages collect --from package-lock.json")
      .action([o] { return collect(*o); });
  add_client_options(collecting, *o);
}

}  // namespace larder::cli
