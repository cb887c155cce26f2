#include "actors/messages.hpp"

#include "cluster/subjects.hpp"

#include <utility>

namespace larder {

std::string_view name_of(tier t) {
  switch (t) {
  case tier::memory:
    return "memory";
  case tier::jetstream:
    return "jetstream";
  case tier::postgres:
    return "postgres";
  case tier::embedded:
    return "embedded";
  case tier::rocksdb:
    return "rocksdb";
  case tier::registry:
    return "registry";
  }
  return "unknown";
}

change_notice notice_of(change event) {
  return {std::move(event.key),
          event.op != change_op::put,
          {event.revision, event.version, epoch{event.epoch}},
          true,
          {}};
}

change event_of(const key& k, bool deleted, const version_info& info) {
  return {k, deleted ? change_op::remove : change_op::put, info.revision,
          info.version, std::string{info.epoch.text()}};
}

}  // namespace larder
