// What the packages plane counts, as Prometheus families: as metrics.hpp.
#pragma once

#include "node/exposition.hpp"
#include "node/package_reply.hpp"

#include <vector>

namespace larder {

std::vector<sample_family> package_families(const package_statistics& s);

}  // namespace larder
