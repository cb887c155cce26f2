// What the relay and the feed of packages both work with: this node's store,
// and what it shares with the other nodes.
//
// Used by their contexts. Thread rule: a value.
#pragma once

#include "actors/handles.hpp"
#include "actors/package_handles.hpp"
#include "cluster/change_log.hpp"
#include "cluster/package_subjects.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace larder {

struct package_tiers {
  /// Reads.
  package_worker_actor store;
  /// The same thread as all other writes.
  package_worker_actor writes;
  /// Null: there is none.
  package_database_actor database;
  warm_actor warm;
  /// Has records of packages alone.
  std::shared_ptr<change_log> log;
  package_subjects subjects;
  /// Who this node is.
  std::string node;
  /// Of one request to the log or to another node.
  std::chrono::milliseconds timeout{1'000};
};

}  // namespace larder
