#include "node/cli/packages.hpp"

#include "node/cli/commands.hpp"
#include "storage/error.hpp"

#include <utility>
#include <vector>

namespace larder::cli {

using nlohmann::json;

void add_package_choice(command& to, package_choice& choice) {
  to.optional("ECOSYSTEM", choice.ecosystem, "npm, cargo, hex, pypi …")
      .optional("NAME", choice.name, "the package's name")
      .option("--package", choice.package_option, "in place of NAME")
      .option("--ecosystem,-e", choice.ecosystem_option,
              "in place of ECOSYSTEM (with --package: npm)");
}

caf::expected<json> chosen(const package_choice& choice) {
  std::vector<std::string> words;
  for (auto* word : {&choice.ecosystem, &choice.name})
    if (!word->empty())
      words.push_back(*word);
  auto ecosystem = choice.ecosystem_option;
  auto name = choice.package_option;
  for (auto* missing : {&name, &ecosystem})
    if (missing->empty() && !words.empty()) {
      *missing = std::move(words.back());
      words.pop_back();
    }
  if (ecosystem.empty() && !choice.package_option.empty())
    ecosystem = "npm";
  if (ecosystem.empty() || name.empty() || !words.empty())
    return fail(ec::invalid_request,
                "expected an ecosystem and a name, for example: npm express");
  return json{{"ecosystem", std::move(ecosystem)}, {"name", std::move(name)}};
}

std::string text_of(const json& j) {
  return j.dump(-1, ' ', false, json::error_handler_t::replace);
}

namespace {

caf::expected<nats::message> ask(remote& through, package_op op,
                                 std::string_view body,
                                 const std::string& node) {
  auto subject = subject_at(node, package_subjects{}.of(op));
  if (!subject)
    return std::move(subject.error());
  return through.ask(*subject, {}, body);
}

}  // namespace

caf::expected<nats::message> ask_packages(const client_options& o,
                                          package_op op, std::string_view body,
                                          const std::string& node) {
  auto through = remote::open(o);
  if (!through)
    return std::move(through.error());
  return ask(*through, op, body, node);
}

caf::expected<json> ask_packages_json(const client_options& o, package_op op,
                                      const json& body,
                                      const std::string& node) {
  auto through = remote::open(o);
  if (!through)
    return std::move(through.error());
  return ask_packages_json(*through, op, body, node);
}

caf::expected<json> ask_packages_json(remote& through, package_op op,
                                      const json& body,
                                      const std::string& node) {
  auto reply = ask(through, op, text_of(body), node);
  if (!reply)
    return std::move(reply.error());
  auto parsed = json::parse(reply->data(), nullptr, false);
  if (!parsed.is_object())
    return fail(ec::internal, "the node's reply is no JSON object");
  return parsed;
}

std::function<void(caf::expected<nats::message>)>
with_body(std::function<void(caf::expected<std::string>)> done) {
  return [done = std::move(done)](caf::expected<nats::message> reply) {
    if (reply)
      done(std::string{reply->data()});
    else
      done(std::move(reply.error()));
  };
}

void add_packages(command_line& to) {
  auto packages = to.add(
      "packages", "Packages of registries: find, read, collect.", "Packages");
  add_packages_read(packages);
  add_packages_search(packages);
  add_packages_write(packages);
  add_packages_import(packages);
  add_packages_collect(packages);
  add_packages_care(packages);
}

}  // namespace larder::cli
