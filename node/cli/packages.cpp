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

caf::expected<package_key> chosen(const package_choice& choice) {
  std::vector<std::string> words;
  for (auto* word : {&choice.ecosystem, &choice.name})
    if (!word->empty())
      words.push_back(*word);
  package_key key{choice.ecosystem_option, choice.package_option};
  if (key.name.empty() && !words.empty()) {
    key.name = std::move(words.back());
    words.pop_back();
  }
  if (key.ecosystem.empty() && !words.empty()) {
    key.ecosystem = std::move(words.back());
    words.pop_back();
  }
  if (key.ecosystem.empty() && !choice.package_option.empty())
    key.ecosystem = "npm";
  if (key.ecosystem.empty() || key.name.empty() || !words.empty())
    return fail(ec::invalid_request,
                "expected an ecosystem and a name, for example: npm express");
  return key;
}

std::string text_of(const json& j) {
  return j.dump(-1, ' ', false, json::error_handler_t::replace);
}

caf::expected<nats::message> ask_packages(remote& through, package_op op,
                                          const json& body,
                                          const std::string& node) {
  auto subject = package_subjects{}.of(op);
  if (!node.empty()) {
    if (!is_node_id(node))
      return fail(ec::invalid_request,
                  "\"" + node
                      + "\" is not a node id; `larder nodes` lists them");
    subject = addressed(node, subject);
  }
  return through.ask(subject, {}, text_of(body));
}

caf::expected<json> ask_packages_json(remote& through, package_op op,
                                      const json& body,
                                      const std::string& node) {
  auto reply = ask_packages(through, op, body, node);
  if (!reply)
    return std::move(reply.error());
  auto parsed = json::parse(reply->data(), nullptr, false);
  if (!parsed.is_object())
    return fail(ec::internal, "the node's reply is no JSON object");
  return parsed;
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
