#include "actors/messages.hpp"

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

}  // namespace larder
