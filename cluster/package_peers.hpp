// The other nodes, for one that has missed changes of packages.
//
// This is the port; nats_package_peers is the real one. Thread rule: as in
// storage/kv_store.hpp. Failures: `unavailable` (no such node answers, or it
// said so), `deadline_exceeded`.
#pragma once

#include "storage/package_store.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace larder {

class package_peers {
 public:
  template <class T>
  using on = std::function<void(caf::expected<T>)>;

  virtual ~package_peers() = default;

  /// The nodes that answer within `patience`, this one among them.
  virtual void nodes(std::chrono::milliseconds patience,
                     on<std::vector<std::string>> done) = 0;

  /// What a node answers for a version of a package. That it has none is an
  /// answer: a lookup without a document.
  virtual void get(const std::string& node, const package_key& key,
                   const std::string& version,
                   std::chrono::milliseconds timeout,
                   on<package_lookup> done) = 0;

  /// A page of all that a node has.
  virtual void revisions(const std::string& node, std::uint32_t limit,
                         const std::optional<package_key>& after,
                         std::chrono::milliseconds timeout,
                         on<package_revision_page> done) = 0;
};

}  // namespace larder
