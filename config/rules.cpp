#include "config/rules.hpp"

#include "config/draft.hpp"
#include "config/setting_table.hpp"

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

#include <unistd.h>

namespace larder::config {

namespace {

void demand(bool holds, draft& d, std::string_view one, std::string_view other,
            std::string_view rule) {
  if (!holds)
    d.complain(d.describe(one) + " and " + d.describe(other) + "; "
               + std::string(rule));
}

void check_coherence(draft& d) {
  const auto& c = d.values.coherence;
  const auto& limits = d.values.limits;
  demand(c.fence_interval < c.fence_max_age, d, "coherence.fence_interval",
         "coherence.fence_max_age",
         "expected the interval to be shorter, or no fence is ever young");
  demand(c.relay_interval < c.lease_ttl, d, "coherence.relay_interval",
         "coherence.lease_ttl",
         "expected the interval to be shorter, or a living relay is succeeded");
  demand(limits.max_deadline < c.floor_ttl, d, "limits.max_deadline",
         "coherence.floor_ttl",
         "expected the deadline to be shorter, or a slow read brings an old "
         "value back");
}

void check_limits(draft& d) {
  const auto& limits = d.values.limits;
  const auto& memory = d.values.memory;
  demand(limits.default_deadline <= limits.max_deadline, d,
         "limits.default_deadline", "limits.max_deadline",
         "expected the default to be no longer");
  demand(memory.shards <= memory.max_entries, d, "memory.shards",
         "memory.max_entries", "expected an entry a shard at least");
}

// Two of these would leave it to the server which one counts.
void check_credentials(draft& d) {
  const auto& n = d.values.nats;
  const auto* file = !n.creds_file.empty()       ? "nats.creds_file"
                     : !n.nkey_seed_file.empty() ? "nats.nkey_seed_file"
                                                 : nullptr;
  constexpr std::string_view one = "expected one way to authenticate";
  if (file != nullptr) {
    demand(n.user.empty(), d, file, "nats.user", one);
    demand(n.token.empty(), d, file, "nats.token", one);
  }
  demand(n.user.empty() || n.token.empty(), d, "nats.user", "nats.token", one);
  demand(n.password.empty() || !n.user.empty(), d, "nats.password", "nats.user",
         "expected a user with the password");
}

void check_readable(draft& d, std::string_view name) {
  const auto path = print(*find_setting(name), d.values);
  if (!path.empty() && ::access(path.c_str(), R_OK) != 0)
    d.complain(std::string(name) + d.origin(name) + ": cannot read " + path
               + ": " + std::strerror(errno));
}

void check_tls(draft& d) {
  const auto& n = d.values.nats;
  demand(n.tls_cert_file.empty() == n.tls_key_file.empty(), d,
         "nats.tls_cert_file", "nats.tls_key_file", "expected both or neither");
  for (const auto* name :
       {"nats.creds_file", "nats.nkey_seed_file", "nats.tls_ca_file",
        "nats.tls_cert_file", "nats.tls_key_file"})
    check_readable(d, name);
}

}  // namespace

void check_rules(draft& d) {
  check_coherence(d);
  check_limits(d);
  check_credentials(d);
  check_tls(d);
}

}  // namespace larder::config
