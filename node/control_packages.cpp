// The control actor's part on packages: checks and copies of this node's store.
// They take as long as they take; the store serves meanwhile.
#include "node/control.hpp"
#include "node/json_body.hpp"
#include "node/package_reply.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <utility>

namespace larder {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::chrono::minutes patience_of_operators{60};

// A name, not a path: whoever may speak to a node over NATS may not choose
// where it writes.
bool is_backup_name(std::string_view name) {
  return !name.empty() && name.size() <= 128 && name.front() != '.'
         && std::all_of(name.begin(), name.end(), [](char c) {
              return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
                     || (c >= '0' && c <= '9') || c == '-' || c == '_'
                     || c == '.';
            });
}

}  // namespace

void control_state::packages_check(call_ptr c, const json&) {
  ask_packages(std::move(c),
               [](package_store& store) -> caf::expected<std::string> {
                 auto found = store.check();
                 if (!found)
                   return found.error();
                 return to_json(*found);
               });
}

void control_state::packages_backup(call_ptr c, const json& request) {
  auto i = request.find("name");
  auto name = i != request.end() && i->is_string() ? i->get<std::string>()
                                                   : std::string{};
  if (!is_backup_name(name))
    return refuse(c, fail(ec::invalid_request,
                          "\"name\" is missing or none; expected letters, "
                          "digits, '-', '_' and '.', not in front"));
  auto directory = std::filesystem::absolute(context_.settings.node.data_dir)
                   / "backups" / name;
  ask_packages(std::move(c),
               [directory = directory.string()](
                   package_store& store) -> caf::expected<std::string> {
                 std::error_code failed;
                 std::filesystem::create_directories(
                     std::filesystem::path{directory}.parent_path(), failed);
                 if (auto ok = store.backup(directory); !ok)
                   return ok.error();
                 return ordered_json{{"directory", directory}}.dump(
                     -1, ' ', false, ordered_json::error_handler_t::replace);
               });
}

void control_state::ask_packages(
    call_ptr c,
    std::function<caf::expected<std::string>(package_store&)> question) {
  if (!context_.packages)
    return refuse(c, fail(ec::not_supported, "this node keeps no packages; "
                                             "packages.enabled says so"));
  self_
      ->request(context_.packages, patience_of_operators, get_atom::value,
                package_question{std::move(question), time_point::max()})
      .then(
          [this, c](const std::string& body) {
            answer(c, ordered_json::parse(body));
          },
          [this, c](const caf::error& why) { refuse(c, why); });
}

}  // namespace larder
