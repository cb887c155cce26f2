#include "node/cli/packages.hpp"

#include "node/cli/commands.hpp"
#include "storage/error.hpp"

namespace larder::cli {

using nlohmann::json;

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
