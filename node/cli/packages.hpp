// What the commands on packages have in common.
//
// Used by cli/packages*.cpp. Thread rule: one thread.
#pragma once

#include "cluster/package_subjects.hpp"
#include "node/cli/command_line.hpp"
#include "node/cli/remote.hpp"

#include <caf/expected.hpp>
#include <nlohmann/json.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace larder::cli {

/// A request on packages to any node, or to `node` unless it is empty. The
/// answer as it came.
caf::expected<nats::message> ask_packages(const client_options& o,
                                          package_op op, std::string_view body,
                                          const std::string& node = {});

/// The same where body and answer are JSON objects.
caf::expected<nlohmann::json> ask_packages_json(const client_options& o,
                                                package_op op,
                                                const nlohmann::json& body,
                                                const std::string& node = {});
/// … and it is one of several requests.
caf::expected<nlohmann::json> ask_packages_json(remote& through, package_op op,
                                                const nlohmann::json& body,
                                                const std::string& node = {});

/// Passes on what a reply says.
std::function<void(caf::expected<nats::message>)>
with_body(std::function<void(caf::expected<std::string>)> done);

/// A package as the command line names it: by two words, or as `collect` takes
/// it, by options.
struct package_choice {
  std::string ecosystem;
  std::string name;
  std::string package_option;
  std::string ecosystem_option;
};
void add_package_choice(command& to, package_choice& choice);
/// {"ecosystem", "name"}, as nodes are asked for it. Fails with
/// `invalid_request` if it is named twice or in part.
caf::expected<nlohmann::json> chosen(const package_choice& choice);

/// As text, whatever bytes are in it.
std::string text_of(const nlohmann::json& j);

void add_packages_read(command& to);
void add_packages_search(command& to);
void add_packages_write(command& to);
void add_packages_import(command& to);
void add_packages_collect(command& to);
void add_packages_care(command& to);

}  // namespace larder::cli
