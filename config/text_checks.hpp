// Whether a text can be what a setting wants, as far as that can be told
// without trying: shapes, not reachability. Used by the table of settings.
//
// Thread rule: pure functions.
#pragma once

#include <string_view>

namespace larder::config {

/// `[A-Za-z0-9_-]+`: what subjects, streams, buckets and metrics can carry.
bool is_name(std::string_view text);

/// `is_name`, or empty for a name that the node makes up.
bool is_name_or_empty(std::string_view text);

bool is_not_empty(std::string_view text);

/// One or more comma-separated servers: `nats://`, `tls://` or `host[:port]`.
bool is_nats_url(std::string_view text);

/// A libpq URI, a key=value string, or empty for no PostgreSQL.
bool is_postgres_url(std::string_view text);

/// `http://` or `https://` with a host, or empty.
bool is_http_url_or_empty(std::string_view text);

/// A name that the `nats` command could have given to a context, or empty.
bool is_context_name(std::string_view text);

}  // namespace larder::config
