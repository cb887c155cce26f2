// What the front door hears of changes, and tells the other nodes.
//
// The change log alone proves that nothing was missed; but what it brings goes
// over the server's disk and through two more threads. So every event is heard
// here, too, as it goes by, and a node that commits a change tells the others
// before it answers the writer. All on the connections of the requests: behind
// one NATS server, who asks after a change finds it heard.
#include "node/front_door.hpp"
#include "node/request_headers.hpp"

#include <caf/send.hpp>

#include <utility>

namespace larder {

void front_door::subscribe_changes() {
  auto& on = *loop_;
  auto& events = context_.collection;
  for (auto& subject : events.captured())
    on.subscribe(subject, "", [this](auto& m) {
      if (auto heard = parse_change(context_.collection, m.subject(), m.data()))
        hear(std::move(*heard), nullptr);
    });
  auto signal = committed_signal(context_.settings.node.cluster, "");
  on.subscribe(signal + ">", "", [this, skip = signal.size()](auto& m) {
    auto event = m.header(header::change).value_or("");
    if (auto heard =
            parse_change(context_.collection, m.subject().substr(skip), event))
      hear(std::move(*heard), &m);
  });
}

// `told`: by the node that committed the change.
void front_door::hear(change heard, const nats::request* told) {
  auto notice = notice_of(std::move(heard));
  notice.published = told == nullptr;
  auto& k = notice.key;
  auto holds_older = view_->doubt(k, notice.info.revision);
  if (told != nullptr && holds_older && !notice.deleted
      && !told->data().empty())
    notice.value = artifact::make(k, told->data(), notice.info);
  // Before any request that comes later, on whatever way, gets there.
  auto& shard = context_.shards[shard_of(k, context_.shards.size())];
  caf::anon_send(shard, hear_atom::value, std::move(notice));
}

void front_door::tell(const change_notice& committed) {
  // The answer to the writer, which comes next, wakes the loop.
  std::lock_guard guard{mutex_};
  committed_.push_back(committed);
}

void front_door::write_committed(const change_notice& committed) {
  auto event = event_of(committed.key, committed.deleted, committed.info);
  auto body = to_body(event);
  auto content =
      committed.value ? committed.value->content() : std::string_view{};
  static_cast<void>(
      loop_->publish(committed_signal(context_.settings.node.cluster,
                                      context_.collection.event(event)),
                     header_block({{header::change, body}}), content));
}

}  // namespace larder
