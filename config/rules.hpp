// What must hold between settings, beyond the bounds of each.
//
// Thread rule: no state; looks at the file system for files that are named.
#pragma once

namespace larder::config {

class draft;

/// Notes a problem for each rule that does not hold; the sentence names the
/// settings, their values, who set them and why the rule is there.
void check_rules(draft& d);

}  // namespace larder::config
