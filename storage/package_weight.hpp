// How likely it is that somebody who searches means a package, whatever the
// words: what ranks one of two packages that match alike.
//
// Used by the package store, for its search index. Thread rule: free functions,
// no state.
#pragma once

#include "storage/package.hpp"

namespace larder {

/// From 0 to 1. The more packages use it the higher; lower for a deprecated
/// one; and for one that its distribution files under libraries, documentation
/// or other things that come with something else.
double package_weight(const package& p);

}  // namespace larder
