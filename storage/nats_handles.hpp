// Owners of what nats.c hands out.
//
// Used by storage/nats_*.cpp alone: no other file sees nats.h. A subscription
// is not among them on purpose: see nats_client.cpp for how one must end.
#pragma once

#include <nats/nats.h>

#include <memory>
#include <string>

namespace larder::nats {

struct options_deleter {
  void operator()(natsOptions* o) const { natsOptions_Destroy(o); }
};
struct message_deleter {
  void operator()(natsMsg* m) const { natsMsg_Destroy(m); }
};
struct inbox_deleter {
  void operator()(natsInbox* i) const { natsInbox_Destroy(i); }
};

using options_handle = std::unique_ptr<natsOptions, options_deleter>;
using message_handle = std::unique_ptr<natsMsg, message_deleter>;
using inbox_handle = std::unique_ptr<natsInbox, inbox_deleter>;

/// What nats.c says of the last failed call of this thread, else the status's
/// own text.
std::string status_text(natsStatus status);

}  // namespace larder::nats
