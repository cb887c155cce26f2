// What the front door hears of changes, and tells the other nodes.
//
// The change log alone proves that nothing was missed; but what it brings goes
// over the server's disk and through two more threads. So every event is heard
// here, too, as it goes by, and a node that commits a change tells the others
// before it answers the writer. All on the connections of the requests: behind
// one NATS server, who asks after a change finds it heard.
#include "node/front_door.hpp"

#include <caf/send.hpp>

#include <utility>

namespace larder {

void front_door::subscribe_changes() {
  auto& on = *loop_;
  auto& events = context_.collection;
  for (auto& subject : events.captured())
    on.subscribe(subject, "",
                 [this](auto& m) { hear(m.subject(), m.data(), true); });
  auto signal = committed_signal(context_.settings.node.cluster, "");
  on.subscribe(signal + ">", "", [this, skip = signal.size()](auto& m) {
    hear(m.subject().substr(skip), m.data(), false);
  });
}

void front_door::hear(std::string_view subject, std::string_view body,
                      bool published) {
  auto heard = parse_change(context_.collection, subject, body);
  if (!heard)
    return;
  auto& k = heard->key;
  view_->doubt(k, heard->revision);
  // Before any request that comes later, on whatever way, gets there.
  auto& shard = context_.shards[shard_of(k, context_.shards.size())];
  caf::anon_send(
      shard, hear_atom::value,
      change_notice{k,
                    heard->op != change_op::put,
                    {heard->revision, heard->version, epoch{heard->epoch}},
                    published});
}

void front_door::tell(const change_notice& committed) {
  change c{committed.key,
           committed.deleted ? change_op::remove : change_op::put,
           committed.info.revision, committed.info.version,
           std::string{committed.info.epoch.text()}};
  event e{committed_signal(context_.settings.node.cluster,
                           context_.collection.event(c)),
          to_body(c)};
  // The answer to the writer, which comes next, wakes the loop.
  std::lock_guard guard{mutex_};
  events_.push_back(std::move(e));
}

}  // namespace larder
