#include "cluster/nats_peers.hpp"

#include "cluster/holdings.hpp"
#include "storage/error.hpp"
#include "storage/whole_number.hpp"

#include <spdlog/spdlog.h>

#include <map>
#include <mutex>
#include <utility>

namespace larder {

// Shared with timers and handlers, which may outlive the peers.
class nats_peers_core {
 public:
  nats_peers_core(std::shared_ptr<nats::client> client,
                  collection_subjects collection)
      : client(std::move(client)), collection(std::move(collection)),
        inbox(this->client->new_inbox()) {}

  std::string open(std::size_t keys) {
    std::lock_guard lock{mutex_};
    auto name = std::to_string(++last_);
    gathering_[name].keys = keys;
    return name;
  }

  void take(const nats::message& reply) {
    auto subject = reply.subject();
    std::string name{subject.substr(subject.rfind('.') + 1)};
    std::lock_guard lock{mutex_};
    auto i = gathering_.find(name);
    if (i == gathering_.end())
      return;
    // An error, or a node of another release that knows no such question.
    if (auto one = holdings_in(reply.data(), i->second.keys))
      i->second.found.push_back(std::move(*one));
  }

  std::vector<node_holdings> close(const std::string& name) {
    std::lock_guard lock{mutex_};
    auto found = std::move(gathering_[name].found);
    gathering_.erase(name);
    return found;
  }

  const std::shared_ptr<nats::client> client;
  const collection_subjects collection;
  const std::string inbox;

 private:
  struct gathering {
    std::size_t keys = 0;
    std::vector<node_holdings> found;
  };
  std::mutex mutex_;
  std::uint64_t last_ = 0;
  std::map<std::string, gathering> gathering_;
};

nats_peers::nats_peers(std::shared_ptr<nats::client> client,
                       collection_subjects collection)
    : core_(std::make_shared<nats_peers_core>(std::move(client),
                                              std::move(collection))) {
  auto inbox = core_->client->subscribe(
      core_->inbox + ".*", {},
      [core = core_](const nats::message& reply) { core->take(reply); });
  if (inbox)
    inbox_ = std::move(*inbox);
  else
    spdlog::error("peers: {}", message_of(inbox.error()));
}

nats_peers::~nats_peers() = default;

void nats_peers::holdings(std::vector<key> keys, std::uint32_t sample,
                          std::chrono::milliseconds patience,
                          on<std::vector<node_holdings>> done) {
  auto name = core_->open(keys.size());
  auto sent = core_->client->publish(control_all(held_operation), {},
                                     held_request(keys, sample),
                                     core_->inbox + '.' + name);
  core_->client->run_after(patience,
                           [core = core_, name, sent, done = std::move(done)] {
                             auto found = core->close(name);
                             if (!sent)
                               return done(sent.error());
                             done(std::move(found));
                           });
}

void nats_peers::read(const std::string& node, const key& k,
                      std::chrono::milliseconds timeout, on<answer_mark> done) {
  core_->client->request(
      addressed(node, core_->collection.of(request_op::get, k)),
      {{"Larder-Deadline-Ms", std::to_string(timeout.count())}}, {}, timeout,
      [done = std::move(done)](const caf::expected<nats::message>& reply) {
        done(reply ? mark_of(*reply) : reply.error());
      });
}

caf::expected<answer_mark> mark_of(const nats::message& reply) {
  if (reply.is_no_responders())
    return fail(ec::unavailable, "no such node answers");
  answer_mark mark;
  mark.info.revision =
      whole_number<std::int64_t>(reply.header("Larder-Revision")).value_or(0);
  mark.info.version =
      whole_number<std::int32_t>(reply.header("Larder-Version")).value_or(0);
  mark.info.epoch = epoch{reply.header("Larder-Epoch").value_or("")};
  mark.stale = reply.header("Larder-Stale").value_or("") == "true";
  auto code =
      whole_number<int>(reply.header("Nats-Service-Error-Code")).value_or(0);
  if (code == status_of(ec::not_found))
    return mark;
  if (code != 0)
    return fail(
        ec::unavailable,
        std::string{reply.header("Nats-Service-Error").value_or("an error")});
  mark.present = true;
  mark.digest = digest_of(reply.data());
  return mark;
}

}  // namespace larder
