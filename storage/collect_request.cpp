#include "storage/collect_request.hpp"

namespace larder {

std::string_view name_of(collect_outcome o) {
  switch (o) {
  case collect_outcome::collected:
    return "collected";
  case collect_outcome::unchanged:
    return "unchanged";
  case collect_outcome::stale:
    return "stale";
  case collect_outcome::failed:
    break;
  }
  return "failed";
}

}  // namespace larder
