// Secrets that are kept in files of their own: `nats.password_file` fills
// `nats.password`, and so for `nats.token` and `postgres.url`.
//
// Thread rule: no state; blocks on the file system.
#pragma once

namespace larder::config {

class draft;

/// Reads each `*_file` of a secret into the secret, without the line end. A
/// problem: the file cannot be read, is empty or holds what cannot be, or the
/// secret itself is set as well.
void apply_secret_files(draft& into);

}  // namespace larder::config
