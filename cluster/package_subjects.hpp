// The subjects of a collection of packages: what clients ask of it, and the
// records of the change log. Package names hold `@`, `/` and `.`, so requests
// carry them in their bodies.
//
// Used by actors/ and node/. The collection's name is a parameter.
//
// Thread rule: values and functions of their arguments.
#pragma once

#include "cluster/subjects.hpp"
#include "storage/package_store.hpp"

#include <caf/expected.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

enum class package_op : std::uint8_t {
  get,
  store,
  store_many,
  remove,
  list,
  get_all,
  search,
  search_by_tags,
  snippets,
  versions,
  stats,
  /// For nodes: the revisions of all packages, page by page.
  revisions,
  collect,
};

/// The token in the subject, for example "delete".
std::string_view name_of(package_op op);

struct package_address {
  package_op op = package_op::get;
  /// Of a collect: the ecosystem, as it came.
  std::string_view token;
};

/// A record of the log: what changed, and which node accepted it.
struct package_event {
  /// Without a revision the record came from a program that knows none: look
  /// what the shared tiers have.
  package_change change;
  std::string node;
};

struct package_subjects {
  std::string prefix = "packages";

  /// `packages.storage.get`; of a collect `packages.registry.collect`.
  std::string of(package_op op) const;
  /// Everything to subscribe to.
  std::vector<std::string> served() const;
  /// Nothing if it is none of ours. The view is into `subject`.
  std::optional<package_address> parse(std::string_view subject) const;

  /// `packages.updated.>`: what the log captures, and what is read of it.
  std::string captured() const;
  /// `packages.updated.npm.=40scope/name`
  std::string event(const package_change& change) const;
};

std::string to_body(const package_event& e);

/// Tells the record of one change from all others: written twice, the log
/// keeps it once.
std::string message_id(const package_change& change);

/// Fails with `invalid_request` if the subject is no event of the collection,
/// or its tokens name no package.
caf::expected<package_event> parse_event(const package_subjects& collection,
                                         std::string_view subject,
                                         std::string_view body);

}  // namespace larder
